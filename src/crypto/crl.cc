// SPDX-License-Identifier: Apache-2.0
#include "crypto/crl.h"

#include <openssl/err.h>

#include <algorithm>

#include "crypto/x509_internal.h"

namespace sealane::crypto {
namespace {

using ScopePtr = std::unique_ptr<ISSUING_DIST_POINT, FreeWith<ISSUING_DIST_POINT_free>>;
using KeyIdPtr = std::unique_ptr<AUTHORITY_KEYID, FreeWith<AUTHORITY_KEYID_free>>;
using EnumeratedPtr = std::unique_ptr<ASN1_ENUMERATED, FreeWith<ASN1_ENUMERATED_free>>;
using RevokedPtr = std::unique_ptr<X509_REVOKED, FreeWith<X509_REVOKED_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, FreeWith<ASN1_TIME_free>>;

constexpr std::string_view kReasonWords[] = {"unspecified",
                                             "key-compromise",
                                             "ca-compromise",
                                             "affiliation-changed",
                                             "superseded",
                                             "cessation-of-operation",
                                             "certificate-hold",
                                             "",
                                             "",
                                             "privilege-withdrawn",
                                             "aa-compromise"};

Error invalid(const std::string& why) {
  ERR_clear_error();
  return fail(ErrorKind::Invalid, "not a usable revocation list: " + why);
}

Error unsupported(const std::string& what) {
  ERR_clear_error();
  return fail(ErrorKind::Unsupported, "the revocation list is " + what,
              "only complete lists of one CA are used");
}

std::string name_of(X509_EXTENSION* extension) {
  char text[80] = {};
  OBJ_obj2txt(text, sizeof text, X509_EXTENSION_get_object(extension), 0);
  return text;
}

// MD5 and SHA-1 signatures can be forged by collision.
bool is_strong_signature(const X509_CRL* crl) {
  int digest = NID_undef;
  int key = NID_undef;
  const int algorithm = X509_CRL_get_signature_nid(crl);
  if (algorithm == NID_rsassaPss) return true;  // its digest is judged when it is verified
  if (OBJ_find_sigid_algs(algorithm, &digest, &key) != 1) return false;
  return digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512 || key == NID_ED25519;
}

// Source: RFC 5280 §5.2.5.
Status check_scope(const X509_CRL* crl) {
  int critical = -1;
  const ScopePtr scope(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &critical, nullptr)));
  if (!scope) return invalid("its issuing distribution point cannot be read, or stands twice");
  if (scope->indirectCRL > 0) return unsupported("indirect: it speaks for other CAs");
  if (scope->onlysomereasons != nullptr) return unsupported("for some reasons alone");
  if (scope->onlyCA > 0) return unsupported("for certificates of CAs alone");
  if (scope->onlyattr > 0) return unsupported("for attribute certificates alone");
  if (scope->distpoint != nullptr)
    return unsupported("that of one distribution point, so it need not be complete");
  return {};
}

Status read_extensions(const X509_CRL* crl, CrlFacts& facts) {
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    X509_EXTENSION* extension = X509_CRL_get_ext(crl, i);
    int critical = -1;
    switch (OBJ_obj2nid(X509_EXTENSION_get_object(extension))) {
      case NID_delta_crl: return unsupported("a delta list: it has only what changed");
      case NID_issuing_distribution_point: SEALANE_TRY(check_scope(crl)); break;
      case NID_crl_number: {
        const IntegerPtr number(static_cast<ASN1_INTEGER*>(
            X509_CRL_get_ext_d2i(crl, NID_crl_number, &critical, nullptr)));
        if (!number) return invalid("its number cannot be read, or stands twice");
        facts.number = number_text(number.get());
        break;
      }
      case NID_authority_key_identifier: {
        const KeyIdPtr id(static_cast<AUTHORITY_KEYID*>(
            X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, &critical, nullptr)));
        if (!id) return invalid("its authority key identifier cannot be read, or stands twice");
        facts.authority_key_id = hex_of(id->keyid);
        break;
      }
      default:
        if (X509_EXTENSION_get_critical(extension) != 0)
          return fail(ErrorKind::Unsupported,
                      "the revocation list has an unknown critical "
                      "extension `" +
                          name_of(extension) + "`");
    }
  }
  return {};
}

Result<RevocationReason> reason_of(X509_REVOKED* entry) {
  RevocationReason out = RevocationReason::Unspecified;
  for (int i = 0; i < X509_REVOKED_get_ext_count(entry); ++i) {
    X509_EXTENSION* extension = X509_REVOKED_get_ext(entry, i);
    switch (OBJ_obj2nid(X509_EXTENSION_get_object(extension))) {
      case NID_certificate_issuer: return unsupported("indirect: an entry names another CA");
      case NID_invalidity_date: break;
      case NID_crl_reason: {
        int critical = -1;
        const EnumeratedPtr value(static_cast<ASN1_ENUMERATED*>(
            X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, &critical, nullptr)));
        if (!value) return invalid("the reason of an entry cannot be read, or stands twice");
        const long number = ASN1_ENUMERATED_get(value.get());
        if (number == 8) return unsupported("a delta list: an entry takes a revocation back");
        const auto known = std::ranges::find(kRevocationReasons, number, [](RevocationReason each) {
          return static_cast<long>(each);
        });
        if (known == kRevocationReasons.end())
          return invalid("an entry has the reason " + std::to_string(number));
        out = *known;
        break;
      }
      default:
        if (X509_EXTENSION_get_critical(extension) != 0)
          return fail(ErrorKind::Unsupported,
                      "an entry of the revocation list has an unknown critical extension `" +
                          name_of(extension) + "`");
    }
  }
  return out;
}

Status read_entries(X509_CRL* crl, const CrlLimits& limits, CrlFacts& facts) {
  STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(crl);
  const int count = entries == nullptr ? 0 : sk_X509_REVOKED_num(entries);
  if (std::cmp_greater(count, limits.entries_max))
    return fail(ErrorKind::TooLarge,
                "the revocation list has over " + std::to_string(limits.entries_max) + " entries");
  facts.revoked.reserve(static_cast<std::size_t>(std::max(0, count)));
  for (int i = 0; i < count; ++i) {
    X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
    const auto at = time_of(X509_REVOKED_get0_revocationDate(entry));
    if (!at) return invalid("the date of an entry cannot be read");
    SEALANE_ASSIGN(const RevocationReason reason, reason_of(entry));
    facts.revoked.push_back({.serial = number_text(X509_REVOKED_get0_serialNumber(entry)),
                             .revoked_at = *at,
                             .reason = reason});
  }
  std::ranges::sort(facts.revoked, {}, &RevokedSerial::serial);
  const auto twice = std::ranges::adjacent_find(facts.revoked, {}, &RevokedSerial::serial);
  if (twice != facts.revoked.end())
    return invalid("serial number " + twice->serial + " stands twice");
  return {};
}

CrlPtr parse_der(ByteSpan der) {
  const unsigned char* at = as_uchar(der);
  CrlPtr out(d2i_X509_CRL(nullptr, &at, checked_cast<long>(der.size())));
  ERR_clear_error();
  if (out && at != as_uchar(der) + der.size()) out.reset();
  return out;
}

Status add_entry(X509_CRL* crl, const RevokedSerial& revoked) {
  const auto serial = from_hex(revoked.serial);
  if (!serial || serial->empty())
    return fail(ErrorKind::Invalid, "`" + revoked.serial + "` is no serial number");
  const NumberPtr number(
      BN_bin2bn(as_uchar(ByteSpan(*serial)), checked_cast<int>(serial->size()), nullptr));
  const IntegerPtr integer(number ? BN_to_ASN1_INTEGER(number.get(), nullptr) : nullptr);
  const TimePtr at(ASN1_TIME_set(nullptr, seconds_of(revoked.revoked_at)));
  RevokedPtr entry(X509_REVOKED_new());
  if (!integer || !at || !entry || X509_REVOKED_set_serialNumber(entry.get(), integer.get()) != 1 ||
      X509_REVOKED_set_revocationDate(entry.get(), at.get()) != 1)
    return openssl_error("cannot build an entry of a revocation list");
  // RFC 5280 §5.3.1: no extension in place of `unspecified`.
  if (revoked.reason != RevocationReason::Unspecified) {
    const EnumeratedPtr reason(ASN1_ENUMERATED_new());
    if (!reason || ASN1_ENUMERATED_set(reason.get(), static_cast<long>(revoked.reason)) != 1 ||
        X509_REVOKED_add1_ext_i2d(entry.get(), NID_crl_reason, reason.get(), 0,
                                  X509V3_ADD_DEFAULT) != 1)
      return openssl_error("cannot build an entry of a revocation list");
  }
  if (X509_CRL_add0_revoked(crl, entry.get()) != 1)
    return openssl_error("cannot add to a revocation list");
  static_cast<void>(entry.release());
  return {};
}

Status add_extensions(X509_CRL* crl, X509* issuer, std::uint64_t number) {
  const IntegerPtr integer(ASN1_INTEGER_new());
  if (!integer || ASN1_INTEGER_set_uint64(integer.get(), number) != 1 ||
      X509_CRL_add1_ext_i2d(crl, NID_crl_number, integer.get(), 0, X509V3_ADD_DEFAULT) != 1)
    return openssl_error("cannot number a revocation list");
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, nullptr, nullptr, crl, 0);
  const ExtensionPtr key_id(
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always"));
  if (!key_id || X509_CRL_add_ext(crl, key_id.get(), -1) != 1)
    return openssl_error("cannot name the key of a revocation list");
  return {};
}

}  // namespace

std::string_view to_string(RevocationReason reason) {
  return kReasonWords[static_cast<std::size_t>(reason)];
}

std::optional<RevocationReason> revocation_reason_of(std::string_view text) {
  for (const RevocationReason reason : kRevocationReasons)
    if (to_string(reason) == text) return reason;
  return std::nullopt;
}

Result<Crl> Crl::parse(ByteSpan bytes, const CrlLimits& limits) {
  // DER begins with a SEQUENCE, text never does.
  if (!bytes.empty() && bytes.front() == std::byte{0x30}) return from_der(bytes, limits);
  return from_pem(bytes, limits);
}

Result<Crl> Crl::from_pem(ByteSpan pem, const CrlLimits& limits) {
  SEALANE_ASSIGN(const Bytes der, der_in_pem(pem, "X509 CRL", "X509 CRL", limits.bytes_max));
  return from_der(der, limits);
}

Result<Crl> Crl::from_der(ByteSpan der, const CrlLimits& limits) {
  if (der.size() > limits.bytes_max)
    return fail(ErrorKind::TooLarge,
                "the revocation list is over " + std::to_string(limits.bytes_max >> 10) + " KiB");
  const CrlPtr crl = parse_der(der);
  if (!crl) return invalid("it is not X.509 in DER, or bytes follow it");
  Crl out;
  CrlFacts& facts = out.facts_;
  facts.issuer = line_of(X509_CRL_get_issuer(crl.get()));
  const auto this_update = time_of(X509_CRL_get0_lastUpdate(crl.get()));
  if (!this_update) return invalid("its thisUpdate cannot be read");
  if (X509_CRL_get0_nextUpdate(crl.get()) == nullptr) return invalid("it has no nextUpdate");
  const auto next_update = time_of(X509_CRL_get0_nextUpdate(crl.get()));
  if (!next_update) return invalid("its nextUpdate cannot be read");
  if (*next_update <= *this_update) return invalid("its nextUpdate is not after its thisUpdate");
  facts.this_update = *this_update;
  facts.next_update = *next_update;
  if (!is_strong_signature(crl.get()))
    return invalid("it is signed with neither SHA-256, SHA-384, SHA-512 nor Ed25519");
  SEALANE_TRY(read_extensions(crl.get(), facts));
  SEALANE_TRY(read_entries(crl.get(), limits, facts));
  out.der_ = to_bytes(der);
  ERR_clear_error();
  return out;
}

std::string Crl::to_pem() const { return pem_of("X509 CRL", der_); }

const RevokedSerial* Crl::find(std::string_view serial) const {
  const auto at = std::ranges::lower_bound(facts_.revoked, serial, {}, &RevokedSerial::serial);
  return at != facts_.revoked.end() && at->serial == serial ? &*at : nullptr;
}

Status Crl::verify(const Certificate& issuer) const {
  const auto refuse = [](std::string why) {
    ERR_clear_error();
    return fail(ErrorKind::Denied, "the revocation list is not that of this CA: " + why);
  };
  const CrlPtr crl = parse_der(der_);
  SEALANE_ASSIGN(const X509Ptr certificate, parse_again(issuer));
  if (!crl) return openssl_error("cannot read a revocation list");
  if (X509_NAME_cmp(X509_CRL_get_issuer(crl.get()), X509_get_subject_name(certificate.get())) != 0)
    return refuse("it names `" + facts_.issuer + "`");
  if (!issuer.facts().is_ca) return refuse("the certificate is not that of a CA");
  // Without the extension every use is allowed, and OpenSSL says so with all bits.
  if ((X509_get_key_usage(certificate.get()) & KU_CRL_SIGN) == 0)
    return refuse("the CA may not sign revocation lists (keyUsage lacks cRLSign)");
  if (!facts_.authority_key_id.empty() && !issuer.facts().subject_key_id.empty() &&
      facts_.authority_key_id != issuer.facts().subject_key_id)
    return refuse("it is of another key");
  if (X509_CRL_verify(crl.get(), X509_get0_pubkey(certificate.get())) != 1)
    return refuse("its signature is wrong");
  return {};
}

Result<Crl> make_crl(const Certificate& ca, const CertificateKey& ca_key,
                     const CrlProfile& profile) {
  SEALANE_ASSIGN(const X509Ptr issuer, parse_again(ca));
  EVP_PKEY* key = ca_key.impl().key.get();
  if (X509_check_private_key(issuer.get(), key) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::Invalid, "the CA's key does not belong to the CA's certificate");
  }
  const CrlPtr crl(X509_CRL_new());
  const TimePtr from(ASN1_TIME_set(nullptr, seconds_of(profile.this_update)));
  const TimePtr until(ASN1_TIME_set(nullptr, seconds_of(profile.next_update)));
  if (!crl || !from || !until || X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) != 1 ||
      X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.get())) != 1 ||
      X509_CRL_set1_lastUpdate(crl.get(), from.get()) != 1 ||
      X509_CRL_set1_nextUpdate(crl.get(), until.get()) != 1)
    return openssl_error("cannot build a revocation list");
  for (const RevokedSerial& revoked : profile.revoked) SEALANE_TRY(add_entry(crl.get(), revoked));
  X509_CRL_sort(crl.get());
  SEALANE_TRY(add_extensions(crl.get(), issuer.get(), profile.number));
  if (X509_CRL_sign(crl.get(), key, EVP_sha256()) <= 0)
    return openssl_error("cannot sign a revocation list");
  Bytes der(static_cast<std::size_t>(i2d_X509_CRL(crl.get(), nullptr)));
  unsigned char* to = as_uchar(MutableByteSpan(der));
  i2d_X509_CRL(crl.get(), &to);
  return Crl::from_der(der, {.bytes_max = der.size(), .entries_max = profile.revoked.size()});
}

}  // namespace sealane::crypto
