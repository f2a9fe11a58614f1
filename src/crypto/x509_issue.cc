// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <openssl/err.h>

#include <array>

#include "crypto/random.h"
#include "crypto/x509_internal.h"

namespace sealane::crypto {
namespace {

Error bad_name(const std::string& name, std::string_view what) {
  return fail(ErrorKind::Invalid, "`" + name + "` is no " + std::string(what));
}

Status add_text_name(GENERAL_NAMES* names, int type, const std::string& text,
                     std::string_view what) {
  if (text.empty() || text.size() > 255) return bad_name(text, what);
  for (const char c : text) {
    if (c < 0x21 || c > 0x7e) return bad_name(text, what);
  }
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  GENERAL_NAME* name = GENERAL_NAME_new();
  SEALANE_CHECK(value != nullptr && name != nullptr);
  SEALANE_CHECK(ASN1_STRING_set(value, text.data(), checked_cast<int>(text.size())) == 1);
  GENERAL_NAME_set0_value(name, type, value);
  SEALANE_CHECK(sk_GENERAL_NAME_push(names, name) > 0);
  return {};
}

Status add_address(GENERAL_NAMES* names, const std::string& text) {
  std::array<unsigned char, 16> raw{};
  int size = 0;
  if (inet_pton(AF_INET, text.c_str(), raw.data()) == 1) {
    size = 4;
  } else if (inet_pton(AF_INET6, text.c_str(), raw.data()) == 1) {
    size = 16;
  } else {
    return bad_name(text, "IP address");
  }
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  GENERAL_NAME* name = GENERAL_NAME_new();
  SEALANE_CHECK(value != nullptr && name != nullptr);
  SEALANE_CHECK(ASN1_OCTET_STRING_set(value, raw.data(), size) == 1);
  GENERAL_NAME_set0_value(name, GEN_IPADD, value);
  SEALANE_CHECK(sk_GENERAL_NAME_push(names, name) > 0);
  return {};
}

Status add_alternative_names(X509* certificate, const CertificateProfile& profile) {
  NamesPtr names(sk_GENERAL_NAME_new_null());
  SEALANE_CHECK(names != nullptr);
  for (const auto& uri : profile.uris) SEALANE_TRY(add_text_name(names.get(), GEN_URI, uri, "URI"));
  for (const auto& dns : profile.dns_names)
    SEALANE_TRY(add_text_name(names.get(), GEN_DNS, dns, "DNS name"));
  for (const auto& ip : profile.ip_addresses) SEALANE_TRY(add_address(names.get(), ip));
  if (sk_GENERAL_NAME_num(names.get()) == 0) return {};
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) !=
      1) {
    return openssl_error("cannot add alternative names");
  }
  return {};
}

// `value` is always a constant of this file: OpenSSL's extension syntax sees no user input.
Status add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return openssl_error("cannot add a certificate extension");
  }
  return {};
}

Status set_serial(X509* certificate) {
  std::array<std::byte, 16> raw{};
  random_bytes(raw);
  raw[0] &= std::byte{0x7f};  // positive, RFC 5280 §4.1.2.2
  raw[0] |= std::byte{0x40};  // and of constant length
  NumberPtr number(BN_bin2bn(as_uchar(ByteSpan(raw)), static_cast<int>(raw.size()), nullptr));
  if (!number || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return openssl_error("cannot set a serial number");
  }
  return {};
}

Result<X509Ptr> begin(const CertificateProfile& profile, EVP_PKEY* subject_key) {
  const std::string& cn = profile.common_name;
  if (cn.empty() || cn.size() > 64) return bad_name(cn, "common name of 1 to 64 characters");
  for (const char c : cn) {
    if (c < 0x20 || c > 0x7e) return bad_name(cn, "common name");
  }
  X509Ptr certificate(X509_new());
  const Bytes name = to_bytes(cn);
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate.get()), NID_commonName,
                                 MBSTRING_UTF8, as_uchar(name), checked_cast<int>(name.size()), -1,
                                 0) != 1 ||
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds_of(profile.not_before)) ==
          nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds_of(profile.not_after)) ==
          nullptr ||
      X509_set_pubkey(certificate.get(), subject_key) != 1) {
    return openssl_error("cannot build a certificate");
  }
  SEALANE_TRY(set_serial(certificate.get()));
  return certificate;
}

Result<Certificate> finish(X509* certificate, EVP_PKEY* issuer_key) {
  if (X509_sign(certificate, issuer_key, EVP_sha256()) <= 0)
    return openssl_error("cannot sign a certificate");
  Bytes der(static_cast<std::size_t>(i2d_X509(certificate, nullptr)));
  unsigned char* to = as_uchar(MutableByteSpan(der));
  i2d_X509(certificate, &to);
  return Certificate::from_der(der);
}

const char* uses_of(const CertificateProfile& profile) {
  bool server = false;
  bool client = false;
  for (const KeyUse use : profile.uses) (use == KeyUse::ServerAuth ? server : client) = true;
  if (server && client) return "serverAuth,clientAuth";
  if (server) return "serverAuth";
  return client ? "clientAuth" : nullptr;
}

}  // namespace

Result<Certificate> make_ca_certificate(const CertificateKey& key,
                                        const CertificateProfile& profile) {
  EVP_PKEY* own_key = key.impl().key.get();
  SEALANE_ASSIGN(const X509Ptr certificate, begin(profile, own_key));
  X509* x = certificate.get();
  if (X509_set_issuer_name(x, X509_get_subject_name(x)) != 1)
    return openssl_error("cannot set an issuer");
  SEALANE_TRY(add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  SEALANE_TRY(add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign"));
  SEALANE_TRY(add_extension(x, x, NID_subject_key_identifier, "hash"));
  SEALANE_TRY(add_extension(x, x, NID_authority_key_identifier, "keyid:always"));
  return finish(x, own_key);
}

Result<Certificate> issue_certificate(const Certificate& ca, const CertificateKey& ca_key,
                                      const CertificateRequest& request,
                                      const CertificateProfile& profile) {
  SEALANE_ASSIGN(const X509Ptr issuer, parse_again(ca));
  const unsigned char* at = as_uchar(request.der());
  const RequestPtr asked(d2i_X509_REQ(nullptr, &at, checked_cast<long>(request.der().size())));
  if (!asked) return openssl_error("cannot read the request");
  if (X509_check_private_key(issuer.get(), ca_key.impl().key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::Invalid, "the CA's key does not belong to the CA's certificate");
  }
  SEALANE_ASSIGN(const X509Ptr certificate, begin(profile, X509_REQ_get0_pubkey(asked.get())));
  X509* x = certificate.get();
  if (X509_set_issuer_name(x, X509_get_subject_name(issuer.get())) != 1) {
    return openssl_error("cannot set an issuer");
  }
  SEALANE_TRY(add_extension(x, issuer.get(), NID_basic_constraints, "critical,CA:FALSE"));
  SEALANE_TRY(add_extension(x, issuer.get(), NID_key_usage, "critical,digitalSignature"));
  if (const char* uses = uses_of(profile))
    SEALANE_TRY(add_extension(x, issuer.get(), NID_ext_key_usage, uses));
  SEALANE_TRY(add_extension(x, issuer.get(), NID_subject_key_identifier, "hash"));
  SEALANE_TRY(add_extension(x, issuer.get(), NID_authority_key_identifier, "keyid:always"));
  SEALANE_TRY(add_alternative_names(x, profile));
  return finish(x, ca_key.impl().key.get());
}

}  // namespace sealane::crypto
