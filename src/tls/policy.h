// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/secret.h"
#include "crypto/x509.h"

namespace sealane::tls {

enum class Version { Tls12, Tls13 };
std::string_view to_string(Version version);  // `TLSv1.2`, `TLSv1.3`

// Why a connection was refused.  For the operator; the peer gets a generic alert.
enum class RefusalReason {
  Plaintext,
  TlsVersion,
  NoCertificate,
  UntrustedIssuer,  // self-signed, or a CA that is not ours
  Expired,          // or not valid yet
  Revoked,
  Unregistered,
  WrongRole,  // extended key usage or identity is another one
  Handshake,  // anything else, detail says what
  Timeout,
  Disconnected,  // the peer went away during the handshake
};
std::string_view to_string(RefusalReason reason);  // the words of `connection-refused`

struct Refusal {
  RefusalReason reason = RefusalReason::Handshake;
  std::string detail{};                                   // one line for the operator
  std::uint64_t bytes = 0;                                // that reached us
  std::optional<crypto::CertificateFacts> certificate{};  // of the peer, when it showed one
};

// A certificate chain and its key, both PEM.  Threads: immutable once built.
struct Credentials {
  std::string certificate_pem;
  Secret key_pem;
};
Result<std::shared_ptr<const Credentials>> load_credentials(Env& env,
                                                            const std::string& certificate_path,
                                                            const std::string& key_path);

// Decides about a peer whose chain, dates and extended key usage are right already.  Nothing: may
// in.  Runs during the handshake on the connection's thread.
using PeerCheck = std::function<std::optional<Refusal>(const crypto::CertificateFacts&)>;

// Accepts exactly the certificate with this URI SAN and no other spiffe URI.
PeerCheck require_uri(std::string uri);

enum class ClientIdentity { Required, None };

// What a listener demands.  There is no value of it that accepts a cipher without AEAD and
// forward secrecy, renegotiation, compression, tickets or 0-RTT.
struct ServerPolicy {
  Version version_min = Version::Tls13;
  ClientIdentity client_identity = ClientIdentity::Required;
  std::shared_ptr<const Credentials> credentials{};
  std::string trusted_ca_pem{};  // for clients
  PeerCheck check{};             // optional
};

// What a client demands of the server.  The server is always verified: by CA, and by `uri` or
// `host`, at least one.
struct ClientPolicy {
  Version version_min = Version::Tls13;
  Version version_max = Version::Tls13;
  std::shared_ptr<const Credentials> credentials{};  // null: shows no certificate
  std::string trusted_ca_pem{};
  std::string expected_uri{};   // URI SAN; empty: not looked at
  std::string expected_host{};  // DNS name or IP address SAN; empty: not looked at
};

// The policy as text, for the snapshot under version control (docs/tls-policy.txt): versions,
// suites, groups, signature algorithms, options.
std::string print_policy(const ServerPolicy& policy);
std::string print_policy(const ClientPolicy& policy);

// What this build can do.
struct Capabilities {
  std::string library;  // `OpenSSL 3.0.17 …` as it runs
  bool has_ml_kem = false;
};
Capabilities build_capabilities();

}  // namespace sealane::tls
