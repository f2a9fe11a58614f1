// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "crypto/crl.h"
#include "crypto/x509.h"
#include "identity/identity.h"
#include "identity/registry.h"

namespace sealane::identity {

inline constexpr Duration kLeafLifetime = std::chrono::hours(24 * 90);
inline constexpr Duration kCaLifetime = std::chrono::hours(24 * 3650);
// How long a revocation list of ours holds unless the caller says otherwise.
inline constexpr Duration kCrlLifetime = std::chrono::hours(24 * 7);
// Certificates begin this long before they are issued, for peers whose clock is behind.
inline constexpr Duration kBackdate = std::chrono::minutes(5);

struct NodeRequest {
  std::string name;
  std::vector<std::string> dns_names{};
  std::vector<std::string> ip_addresses{};
};

// A certificate made together with its key.
struct Issued {
  crypto::Certificate certificate;
  crypto::CertificateKey key;
};

// The pipeline's own certificate authority, in a folder of its own: ca.pem, and ca.key (PKCS#8
// under a passphrase).  `sealane run` never opens it; it needs ca.pem alone.
//
// Owner:   a command that issues, for as long as it runs.
// Secrets: the key is in memory while the object lives.
class CertificateAuthority {
 public:
  // Errors: Conflict – the folder has a CA already; Invalid – `pipeline` is no name.
  // Durability: both files and their names are on disk when it returns.
  static Status create(Env& env, const std::string& folder, const std::string& pipeline,
                       const Secret& passphrase, Time now);
  // Errors: NotFound – no CA there; Denied – the passphrase does not open it.
  static Result<CertificateAuthority> open(Env& env, const std::string& folder,
                                           const Secret& passphrase);

  const std::string& pipeline() const { return pipeline_; }
  const crypto::Certificate& certificate() const { return certificate_; }

  // A revocation list that names `revoked`, from `now` for `lifetime`.
  // Errors: Invalid – a lifetime under a minute.
  Result<crypto::Crl> issue_crl(std::uint64_t number,
                                const std::vector<RevokedCertificate>& revoked, Time now,
                                Duration lifetime = kCrlLifetime) const;

  // Node certificates: serverAuth and clientAuth, URI SAN, the names asked for; kLeafLifetime.
  Result<crypto::Certificate> issue_node(const NodeRequest& node,
                                         const crypto::CertificateRequest& request, Time now) const;
  Result<Issued> generate_node(const NodeRequest& node, Time now) const;
  // Device certificates: clientAuth alone, URI SAN; kLeafLifetime.
  Result<crypto::Certificate> issue_device(const std::string& thing,
                                           const crypto::CertificateRequest& request,
                                           Time now) const;
  // The key should be born on the device; this is for demonstrations.
  Result<Issued> generate_device(const std::string& thing, Time now) const;

 private:
  CertificateAuthority(std::string pipeline, crypto::Certificate certificate,
                       crypto::CertificateKey key)
      : pipeline_(std::move(pipeline)),
        certificate_(std::move(certificate)),
        key_(std::move(key)) {}

  std::string pipeline_;
  crypto::Certificate certificate_;
  crypto::CertificateKey key_;
};

// unlock.key: a random passphrase (64 hex digits) in a file of mode 0600, for unattended use.
// read_or_make_unlock_key creates it when it is not there.
Result<Secret> read_unlock_key(Env& env, const std::string& path);
Result<Secret> read_or_make_unlock_key(Env& env, const std::string& path);

}  // namespace sealane::identity
