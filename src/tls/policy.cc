// SPDX-License-Identifier: Apache-2.0
#include "tls/policy.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>

#include "tls/policy_internal.h"

namespace sealane::tls {
namespace {

constexpr std::uint64_t kPemBytesMax = 256u << 10;

std::string print_common(Version version_min, Version version_max) {
  std::string out;
  out += "versions: " + std::string(to_string(version_min)) + " to " +
         std::string(to_string(version_max)) + "\n";
  out += "suites of TLSv1.3: " + std::string(kSuites13) + "\n";
  out += "suites of TLSv1.2: " + (version_min == Version::Tls12 ? std::string(kSuites12) : "none") +
         "\n";
  out += "groups: " + std::string(kGroups) + "\n";
  out += "signature algorithms: " + std::string(kSignatures) + "\n";
  out += "renegotiation: no\ncompression: no\nearly data: no\nstateless tickets: no\n";
  out += "keys: RSA from 2048 bits, elliptic curves from 256; no signature over SHA-1\n";
  return out;
}

}  // namespace

std::string_view to_string(Version version) {
  return version == Version::Tls12 ? "TLSv1.2" : "TLSv1.3";
}

std::string_view to_string(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::Plaintext: return "plaintext";
    case RefusalReason::TlsVersion: return "tls-version";
    case RefusalReason::NoCertificate: return "no-certificate";
    case RefusalReason::UntrustedIssuer: return "untrusted-issuer";
    case RefusalReason::Expired: return "expired";
    case RefusalReason::NotYetValid: return "not-yet-valid";
    case RefusalReason::WeakKey: return "weak-key";
    case RefusalReason::Revoked: return "revoked";
    case RefusalReason::StaleCrl: return "stale-crl";
    case RefusalReason::MissingCrl: return "missing-crl";
    case RefusalReason::Unregistered: return "unregistered";
    case RefusalReason::WrongRole: return "wrong-role";
    case RefusalReason::Handshake: return "handshake";
    case RefusalReason::Timeout: return "timeout";
    case RefusalReason::Disconnected: return "disconnected";
    case RefusalReason::SourceLimit: return "source-limit";
  }
  return "handshake";
}

Result<std::shared_ptr<const Credentials>> load_credentials(Env& env,
                                                            const std::string& certificate_path,
                                                            const std::string& key_path) {
  SEALANE_ASSIGN(const Bytes certificate, read_file(env, certificate_path, kPemBytesMax));
  SEALANE_ASSIGN(Bytes key, read_file(env, key_path, kPemBytesMax));
  return std::make_shared<const Credentials>(Credentials{.certificate_pem = to_text(certificate),
                                                         .key_pem = Secret::take(std::move(key))});
}

PeerCheck require_uri(std::string uri) {
  return [uri = std::move(uri)](const crypto::CertificateFacts& facts) -> std::optional<Refusal> {
    std::size_t identities = 0;
    bool found = false;
    for (const std::string& own : facts.uris) {
      if (own.starts_with("spiffe://")) ++identities;
      if (own == uri) found = true;
    }
    if (found && identities <= 1) return std::nullopt;
    return Refusal{.reason = RefusalReason::WrongRole,
                   .detail = "the certificate is not that of `" + uri + "`"};
  };
}

std::string print_policy(const ServerPolicy& policy) {
  return print_common(policy.version_min, Version::Tls13) + "client certificate: " +
         (policy.client_identity == ClientIdentity::Required ? "required" : "not asked for") +
         "\nresumption: from the listener's session store, when it has one and asks for a "
         "certificate; identity, dates, CRL and generation are checked again\n";
}

std::string print_policy(const ClientPolicy& policy) {
  return print_common(policy.version_min, policy.version_max) +
         "server certificate: verified by CA, serverAuth, and name\n"
         "resumption: of the context's own last session; dates and CRL are checked again\n";
}

Capabilities build_capabilities() {
  Capabilities out;
  out.library = OpenSSL_version(OPENSSL_VERSION);
  if (EVP_KEYMGMT* ml_kem = EVP_KEYMGMT_fetch(nullptr, "ML-KEM-768", nullptr); ml_kem != nullptr) {
    out.has_ml_kem = true;
    EVP_KEYMGMT_free(ml_kem);
  }
  return out;
}

}  // namespace sealane::tls
