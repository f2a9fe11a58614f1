// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/diagnostic.h"

namespace sealane::pipeline {

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };
std::string_view to_string(TlsVersion version);  // `1.2`, `1.3`
std::optional<TlsVersion> tls_version_of(std::string_view text);

// `require` is not in this version: no value here can promise what the build cannot do.
enum class PostQuantum : std::uint8_t { Off, Prefer };
std::string_view to_string(PostQuantum post_quantum);

// The least that a connection must have.  There is no value for plaintext, for an unverified peer
// or for a version below 1.2.
struct Floor {
  TlsVersion min_tls = TlsVersion::Tls13;
  PostQuantum post_quantum = PostQuantum::Off;
  friend bool operator==(const Floor&, const Floor&) = default;
};

struct AwsCloud {
  std::string account;
  std::string region;
};

// A key in a PKCS#11 token that wraps a key of the pipeline.
struct TokenKey {
  std::string module;  // absolute path of the token's library
  std::string token;   // label
  std::string label;   // of the key in it
  std::string pin;     // where it is: `file:` and a path from the pipeline file's folder, `env:` and
                       // a variable, `credential:` and a name
};

// A key of the pipeline.  Who wraps it: the gateway's keyring, or a token.
struct KeySpec {
  std::string name;
  std::optional<std::chrono::seconds> rotate;
  std::optional<TokenKey> token;
  SourceSpan span;
};

enum class NodeKind : std::uint8_t { Device, Gateway, Store, Consumer };
std::string_view to_string(NodeKind kind);

enum class ListenerProtocol : std::uint8_t { Mqtt, Https };
std::string_view to_string(ListenerProtocol protocol);

struct Listener {
  ListenerProtocol protocol{};
  std::uint16_t port = 0;  // 0: the system chooses
  SourceSpan span;
  // `mqtt` or `https`: a node has at most one of each.
  std::string_view name() const { return to_string(protocol); }
};

// When a bundle is closed: whichever comes first.
struct BundleLimits {
  std::uint64_t max_records = 10'000;
  std::uint64_t max_bytes = 32u << 20;  // of record payloads
  std::chrono::milliseconds max_age{10'000};
};

enum class BundleFormat : std::uint8_t { WebDataset };
std::string_view to_string(BundleFormat format);

struct Node {
  std::string name;
  NodeKind kind{};
  std::string address = "127.0.0.1";  // where it listens and where its peers find it
  std::vector<Listener> listen;       // gateway and store
  std::string things_file;            // device: CSV, relative to the pipeline file
  std::string journal_key;            // gateway: name of the key that seals the journal
  BundleFormat bundle = BundleFormat::WebDataset;  // store
  BundleLimits bundle_limits;                      // store
  SourceSpan span;

  const Listener* listener(ListenerProtocol protocol) const;
};

enum class HopProtocol : std::uint8_t { Mqtt, S3 };
std::string_view to_string(HopProtocol protocol);
// The listener that takes connections of a hop.
ListenerProtocol listener_of(HopProtocol protocol);

// When a record is acknowledged; `accepted` and `delivered` are not in this version.
enum class Ack : std::uint8_t { Durable };

struct Hop {
  std::string from;
  std::string to;
  HopProtocol over{};
  std::string policy_file;  // mqtt: relative to the pipeline file
  Ack ack = Ack::Durable;   // mqtt
  std::string seal;         // gateway to store: key and name of the data set
  Floor floor;              // the transit floor, or the hop's own stricter one
  SourceSpan span;

  std::string name() const { return from + "->" + to; }
};

// A lower floor that the owner accepts for one hop until a day.
struct Acceptance {
  std::string from;
  std::string to;
  TlsVersion min_tls{};
  std::string because;
  std::chrono::sys_days until;  // the last day on which it holds
  SourceSpan span;

  bool holds_at(Time now) const { return now < until + std::chrono::days{1}; }
};

// Somebody else's CA whose certificates devices may show, when the registry has them.
struct ExternalAuthority {
  std::string ca_file;   // relative to the pipeline file
  std::string crl_file;  // empty: it has no revocation list here
  SourceSpan span;
};

// A pipeline file that loaded.  INVARIANT (load.h): names are unique, references resolve, every hop
// has a listener of its protocol at its serving end.
struct Pipeline {
  std::string name;
  std::optional<AwsCloud> aws;
  Floor transit;
  std::vector<KeySpec> keys;
  std::vector<Node> nodes;
  std::vector<Hop> hops;
  std::vector<Acceptance> accept;
  std::vector<ExternalAuthority> authorities;

  const Node* find_node(std::string_view node) const;
  const KeySpec* find_key(std::string_view key) const;
  const Hop* find_hop(std::string_view from, std::string_view to) const;
  // The acceptance for a hop that holds at `now`; nullptr when there is none.
  const Acceptance* acceptance_of(const Hop& hop, Time now) const;

  // `012345678901` or, without a cloud, `000000000000`; the region is then `local`.
  std::string_view account() const;
  std::string_view region() const;
  // The lake's bucket.
  const std::string& bucket() const { return name; }
};

// The lowest TLS version that this hop's connections may have at `now`: its floor, or a lower one
// that is accepted.
TlsVersion min_tls_at(const Pipeline& pipeline, const Hop& hop, Time now);
// The lowest that a listener must offer for the hops it takes; nothing when it takes none.
std::optional<TlsVersion> listener_min_tls(const Pipeline& pipeline, const Node& node,
                                           const Listener& listener, Time now);

// Which end of a hop listens and which connects.  A consumer fetches, so a store listens on both
// sides of it.
const std::string& server_of(const Pipeline& pipeline, const Hop& hop);
const std::string& client_of(const Pipeline& pipeline, const Hop& hop);

// Who may connect to a listener: the client of a hop that it serves.
struct PeerRole {
  enum class Kind : std::uint8_t {
    Node,    // URI SAN is node_uri of `node`
    Device,  // URI SAN is device_uri of a thing of the device node `node`
  };
  Kind kind{};
  std::string node;
  TlsVersion min_tls{};  // at the time given
  friend bool operator==(const PeerRole&, const PeerRole&) = default;
};
std::vector<PeerRole> peers_of(const Pipeline& pipeline, const Node& node, const Listener& listener,
                               Time now);

// `spiffe://<pipeline>/node/<name>` and `spiffe://<pipeline>/device/<thing>`.
std::string node_uri(const Pipeline& pipeline, std::string_view node);
std::string device_uri(const Pipeline& pipeline, std::string_view thing);
// `arn:aws:iam::<account>:role/<node>`
std::string node_principal_arn(const Pipeline& pipeline, std::string_view node);
// `arn:aws:iot:<region>:<account>:` before `client/`, `topic/` and `topicfilter/`.
std::string iot_arn_prefix(const Pipeline& pipeline);
// `arn:aws:s3:::<bucket>`; an object is this, a slash and its key.
std::string bucket_arn(const Pipeline& pipeline);

// The name rule of nodes, keys and things: [A-Za-z0-9][A-Za-z0-9._-]{0,62}.
bool is_name(std::string_view text);
// The pipeline's own, which is a trust domain and a bucket too: 3 to 63 of a-z, 0-9, `-` and `.`, a
// letter or digit at both ends, no two dots together, not all digits and dots (Amazon S3 bucket
// rules).
bool is_pipeline_name(std::string_view text);

}  // namespace sealane::pipeline
