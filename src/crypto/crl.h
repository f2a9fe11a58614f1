// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/x509.h"

namespace sealane::crypto {

// Source: RFC 5280 §5.3.1.  `removeFromCRL` (8) has no place in a complete list.
enum class RevocationReason : std::uint8_t {
  Unspecified = 0,
  KeyCompromise = 1,
  CaCompromise = 2,
  AffiliationChanged = 3,
  Superseded = 4,
  CessationOfOperation = 5,
  CertificateHold = 6,
  PrivilegeWithdrawn = 9,
  AaCompromise = 10,
};
inline constexpr std::array kRevocationReasons = {
    RevocationReason::Unspecified,     RevocationReason::KeyCompromise,
    RevocationReason::CaCompromise,    RevocationReason::AffiliationChanged,
    RevocationReason::Superseded,      RevocationReason::CessationOfOperation,
    RevocationReason::CertificateHold, RevocationReason::PrivilegeWithdrawn,
    RevocationReason::AaCompromise,
};
std::string_view to_string(RevocationReason reason);  // `key-compromise`, …
std::optional<RevocationReason> revocation_reason_of(std::string_view text);

struct RevokedSerial {
  std::string serial;  // as CertificateFacts has it
  Time revoked_at{};   // whole seconds
  RevocationReason reason = RevocationReason::Unspecified;
  friend bool operator==(const RevokedSerial&, const RevokedSerial&) = default;
};

// What a revocation list says.
struct CrlFacts {
  std::string issuer;            // RFC 2253 form
  std::string number;            // lower-case hex; empty when there is none
  std::string authority_key_id;  // lower-case hex; empty when there is none
  Time this_update{};
  Time next_update{};
  std::vector<RevokedSerial> revoked;  // INVARIANT: sorted by serial, each once
};

struct CrlLimits {
  std::size_t bytes_max = 16u << 20;  // of the file, PEM or DER
  std::size_t entries_max = 500'000;
};

// A complete certificate revocation list.
//
// Source:  RFC 5280 §5.
// Errors:  Invalid – not a list, bytes follow it, no nextUpdate, nextUpdate not after thisUpdate, a
//          serial twice, or a signature with MD5 or SHA-1; TooLarge – over a limit; Unsupported – a
//          delta list, an indirect list, a list for some certificates or some reasons alone, an
//          unknown critical extension; each named.
// Threads: immutable.
class Crl {
 public:
  // PEM (the first `X509 CRL` block) or DER, whichever it is.
  static Result<Crl> parse(ByteSpan bytes, const CrlLimits& limits = {});
  static Result<Crl> from_pem(ByteSpan pem, const CrlLimits& limits = {});
  static Result<Crl> from_der(ByteSpan der, const CrlLimits& limits = {});

  const CrlFacts& facts() const { return facts_; }
  ByteSpan der() const { return der_; }
  std::string to_pem() const;

  // nullptr: not revoked by this list.  Bounds: O(log entries).
  const RevokedSerial* find(std::string_view serial) const;

  // Whether `issuer` signed the list: its name, key identifier, keyUsage cRLSign and signature.
  // Errors: Denied – it did not, and what does not fit.
  Status verify(const Certificate& issuer) const;

 private:
  Bytes der_;
  CrlFacts facts_;
};

// What an issuer puts into a list.
struct CrlProfile {
  std::uint64_t number = 1;
  Time this_update{};
  Time next_update{};
  std::vector<RevokedSerial> revoked{};
};

// X.509 v2 with CRL number and authority key identifier, ECDSA P-256 with SHA-256.
// Errors: Invalid – `ca_key` is not the key of `ca`, a serial is not hex or stands twice, or
//         nextUpdate is not after thisUpdate.
Result<Crl> make_crl(const Certificate& ca, const CertificateKey& ca_key,
                     const CrlProfile& profile);

}  // namespace sealane::crypto
