// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "crypto/crl.h"
#include "crypto/x509.h"

namespace sealane::identity {

// How old a revocation list is.
enum class CrlState {
  Fresh,
  PastHalf,  // over half of the time from thisUpdate to nextUpdate has passed: warn
  Expired,   // past nextUpdate, or before thisUpdate: new connections are refused
};
std::string_view to_string(CrlState state);  // `fresh`, `past-half`, `expired`
CrlState state_of(const crypto::CrlFacts& crl, Time now);

// A CA whose certificates devices may show.
struct Authority {
  bool own = false;  // the pipeline's; somebody else's certificates need the registry to name them
  std::string ca_file;
  std::string crl_file{};  // empty: none is configured
  crypto::Certificate certificate;
  std::optional<crypto::Crl> crl{};  // verified by `certificate`
};

// What somebody should do about the list of an authority: it is past half of its life, or expired;
// or, of somebody else's, there is none.  Empty: nothing.
std::string warning_of(const Authority& authority, Time now);

// What is read for one authority.
struct AuthorityFiles {
  std::string ca_file;
  std::string crl_file{};  // empty: none; the own one may be missing, another's may not
};

// The authorities that a listener for devices trusts, with their revocation lists.
//
// Threads: immutable.
class RevocationLists {
 public:
  enum class Verdict {
    Good,  // not revoked; or its issuer has no list, see Authority::crl
    Revoked,
    ListExpired,       // the list of its issuer is past nextUpdate
    UnknownAuthority,  // issued by none of them
  };
  struct Answer {
    Verdict verdict = Verdict::UnknownAuthority;
    std::string detail{};                  // one line for the operator
    const Authority* authority = nullptr;  // the issuer; nullptr when unknown
  };

  // Reads and validates all of them: a CA certificate each, no two of one name, a list that its CA
  // signed.  One that
  // cannot be read makes the whole fail, so that the caller keeps what it has.
  // `own.ca_file` is empty where there is no state yet; then the others stand alone.
  // Errors: name the file and the reason.
  // Bounds: 16 authorities beside the own one; crypto::CrlLimits.
  static Result<std::shared_ptr<const RevocationLists>> load(
      Env& env, const AuthorityFiles& own, const std::vector<AuthorityFiles>& others);

  // Judges a certificate whose chain was verified already.  The issuer is found by name and, where
  // the certificate has one, by key identifier.  A certificate below an intermediate of an
  // authority is UnknownAuthority: name the CA that signs devices.
  // Bounds: O(authorities + log entries).
  Answer check(const crypto::CertificateFacts& certificate, Time now) const;

  const std::vector<Authority>& authorities() const { return authorities_; }  // the own one first
  // The certificates of all authorities, PEM: what a listener for devices trusts.  For nodes the
  // own one alone is trusted: authorities().front().
  std::string trusted_pem() const;
  // warning_of each, without the empty ones.
  std::vector<std::string> warnings(Time now) const;

 private:
  explicit RevocationLists(std::vector<Authority> authorities)
      : authorities_(std::move(authorities)) {}
  std::vector<Authority> authorities_;
};

}  // namespace sealane::identity
