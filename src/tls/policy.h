// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
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
  Expired,
  NotYetValid,
  WeakKey,  // RSA below 2048 bits, EC below 256, or a signature over SHA-1
  Revoked,
  StaleCrl,    // the issuer's CRL is past its nextUpdate: nobody knows who is revoked
  MissingCrl,  // the issuer must have a CRL and there is none
  Unregistered,
  WrongRole,  // extended key usage or identity is another one
  Handshake,  // anything else, detail says what
  Timeout,
  Disconnected,  // the peer went away during the handshake
  SourceLimit,   // too many handshakes of one address at the same time
};
std::string_view to_string(RefusalReason reason);  // the words of `connection-refused`

// What a client offered in its ClientHello.  Names as TLS registers them (`TLSv1.3`, `X25519`,
// `ecdsa_secp256r1_sha256`); what has none here is `0x` and its number.  Reserved values that say
// nothing (RFC 8701) are left out.  At most 32 of each.
struct ClientHelloFacts {
  std::string server_name{};  // empty: none, or none that can be printed
  std::vector<std::string> versions{};
  std::vector<std::string> groups{};
  std::vector<std::string> signature_algorithms{};
};

struct Refusal {
  RefusalReason reason = RefusalReason::Handshake;
  std::string detail{};                                   // one line for the operator
  std::uint64_t bytes = 0;                                // that reached us
  std::optional<crypto::CertificateFacts> certificate{};  // of the peer, when it showed one
  std::optional<ClientHelloFacts> hello{};                // of a client that spoke TLS, at a server
  bool verified = false;  // its chain was: what the certificate says is true
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
// in.  Runs during the handshake on the connection's thread; for a resumption a second time, on the
// certificate that the session holds.  What it says may change with every call, and has no effect
// but its result.
using PeerCheck = std::function<std::optional<Refusal>(const crypto::CertificateFacts&)>;

// Accepts exactly the certificate with this URI SAN and no other spiffe URI.
PeerCheck require_uri(std::string uri);

// Whether a certificate is revoked, as the CRLs that are present say.
struct RevocationQuery {
  const crypto::CertificateFacts& certificate;
  const crypto::CertificateFacts& issuer;  // the CA that signed it
  Time now;
};
struct RevocationAnswer {
  enum class State {
    Good,     // or the issuer has no CRL and needs none
    Revoked,  // the issuer's CRL lists it
    Stale,    // the issuer's CRL is past its nextUpdate
    Missing,  // the issuer must have a CRL and there is none
  };
  State state = State::Missing;
  Time good_until = Time::max();  // the CRL's nextUpdate; a session is not resumed later
  std::string detail{};           // one line for the operator
};
// Asked for every new connection, resumed or not, on the connection's thread.
using RevocationCheck = std::function<RevocationAnswer(const RevocationQuery&)>;

enum class ClientIdentity { Required, None };

class SessionStore;  // tls/session_store.h

// What a listener demands.  There is no value of it that accepts a cipher without AEAD and
// forward secrecy, renegotiation, compression, stateless tickets or 0-RTT.
struct ServerPolicy {
  Version version_min = Version::Tls13;
  ClientIdentity client_identity = ClientIdentity::Required;
  std::shared_ptr<const Credentials> credentials{};
  std::string trusted_ca_pem{};  // for clients: one or more CAs
  PeerCheck check{};             // optional
  RevocationCheck revocation{};  // optional
  // Where sessions are kept for resumption; shared by all contexts of the listener.  Null, or no
  // client identity: every handshake is a full one.
  std::shared_ptr<SessionStore> sessions{};
  // A session is resumed only by the listener of this name, with these CAs …
  std::string listener{};
  // … and while this gives the number that it gave when the session began.  Optional: for what the
  // checks above do not see.
  std::function<std::uint64_t()> generation{};
  const Clock* clock = nullptr;  // null: the system's; outlives the context
};

// What a client demands of the server.  The server is always verified: by CA, and by `uri` or
// `host`, at least one.
struct ClientPolicy {
  Version version_min = Version::Tls13;
  Version version_max = Version::Tls13;
  std::shared_ptr<const Credentials> credentials{};  // null: shows no certificate
  std::string trusted_ca_pem{};
  std::string expected_uri{};    // URI SAN; empty: not looked at
  std::string expected_host{};   // DNS name or IP address SAN; empty: not looked at
  RevocationCheck revocation{};  // optional
  bool resume = true;            // the context keeps its last session and offers it
  const Clock* clock = nullptr;  // null: the system's; outlives the context
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
