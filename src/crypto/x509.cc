// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "crypto/hash.h"
#include "crypto/x509_internal.h"
#include "crypto/x509_native.h"

namespace sealane::crypto {
namespace {

Error not_a_certificate(std::string_view why) {
  ERR_clear_error();
  return fail(ErrorKind::Invalid, "not a certificate: " + std::string(why));
}

// Text of a name in a certificate.  Control characters, NUL above all, make it nothing: a name that
// reads differently in two places is an attack.
std::optional<std::string> text_of(const ASN1_STRING* string) {
  const int length = ASN1_STRING_length(string);
  if (length < 0) return std::nullopt;
  const unsigned char* data = ASN1_STRING_get0_data(string);
  std::string text(data, data + length);
  for (const char c : text) {
    if (c < 0x21 || c > 0x7e) return std::nullopt;
  }
  return text;
}

std::string address_of(const ASN1_OCTET_STRING* string) {
  char text[INET6_ADDRSTRLEN] = {};
  const int length = ASN1_STRING_length(string);
  const int family = length == 4 ? AF_INET : length == 16 ? AF_INET6 : -1;
  if (family == -1) return {};
  return inet_ntop(family, ASN1_STRING_get0_data(string), text, sizeof text) != nullptr ? text : "";
}

Status read_names(X509* certificate, int extension, AlternativeNames& out) {
  int critical = -1;
  NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, extension, &critical, nullptr)));
  if (!names) {
    // -1: there is no such extension.  Anything else: it is there and cannot be read, or is twice.
    if (critical != -1) return not_a_certificate("its alternative names cannot be read");
    return {};
  }
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI || name->type == GEN_DNS || name->type == GEN_EMAIL) {
      auto text = text_of(name->d.ia5);
      if (!text) return not_a_certificate("a name in it has unprintable characters");
      (name->type == GEN_URI   ? out.uris
       : name->type == GEN_DNS ? out.dns_names
                               : out.emails)
          .push_back(*std::move(text));
    } else if (name->type == GEN_IPADD) {
      if (auto text = address_of(name->d.ip); !text.empty())
        out.ip_addresses.push_back(std::move(text));
    } else if (name->type == GEN_DIRNAME) {
      out.directories.push_back(line_of(name->d.directoryName));
    }
  }
  return {};
}

std::vector<NameAttribute> attributes_of(const X509_NAME* name) {
  std::vector<NameAttribute> out;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    unsigned char* text = nullptr;
    const int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    if (length < 0) continue;
    NameAttribute attribute;
    char type[80] = {};
    OBJ_obj2txt(type, sizeof type, X509_NAME_ENTRY_get_object(entry), 0);
    attribute.type = type;
    attribute.value.assign(text, text + length);
    OPENSSL_free(text);
    out.push_back(std::move(attribute));
  }
  return out;
}

Result<CertificateFacts> read_facts(X509* certificate, ByteSpan der) {
  CertificateFacts facts;
  facts.subject = line_of(X509_get_subject_name(certificate));
  facts.common_name = common_name_of(X509_get_subject_name(certificate));
  facts.issuer = line_of(X509_get_issuer_name(certificate));
  facts.serial = number_text(X509_get0_serialNumber(certificate));
  facts.subject_attributes = attributes_of(X509_get_subject_name(certificate));
  facts.issuer_attributes = attributes_of(X509_get_issuer_name(certificate));
  const auto not_before = time_of(X509_get0_notBefore(certificate));
  const auto not_after = time_of(X509_get0_notAfter(certificate));
  if (!not_before || !not_after) return not_a_certificate("its dates cannot be read");
  facts.not_before = *not_before;
  facts.not_after = *not_after;
  SEALANE_TRY(read_names(certificate, NID_subject_alt_name, facts.subject_names));
  SEALANE_TRY(read_names(certificate, NID_issuer_alt_name, facts.issuer_names));
  facts.uris = facts.subject_names.uris;
  facts.dns_names = facts.subject_names.dns_names;
  facts.ip_addresses = facts.subject_names.ip_addresses;
  const std::uint32_t flags = X509_get_extension_flags(certificate);
  if ((flags & EXFLAG_INVALID) != 0) return not_a_certificate("an extension cannot be read");
  if ((flags & EXFLAG_XKUSAGE) != 0) {
    const std::uint32_t uses = X509_get_extended_key_usage(certificate);
    facts.server_auth = (uses & XKU_SSL_SERVER) != 0;
    facts.client_auth = (uses & XKU_SSL_CLIENT) != 0;
  }
  facts.is_ca = (flags & EXFLAG_CA) != 0;
  facts.sha256 = to_hex(sha256(der));
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  facts.key_type = key_type_of(key);
  if (key != nullptr) facts.key_bits = static_cast<unsigned>(std::max(0, EVP_PKEY_get_bits(key)));
  facts.subject_key_id = hex_of(X509_get0_subject_key_id(certificate));
  facts.authority_key_id = hex_of(X509_get0_authority_key_id(certificate));
  ERR_clear_error();
  return facts;
}

bool is_strong(const std::string& type, unsigned bits) {
  return type == "P-256" || type == "P-384" || type == "Ed25519" ||
         (type.starts_with("RSA-") && bits >= 2048);
}

}  // namespace

std::string line_of(const X509_NAME* name) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::optional<Time> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return Time(std::chrono::seconds(timegm(&parts)));
}

std::time_t seconds_of(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string number_text(const ASN1_INTEGER* number) {
  const unsigned char* data = ASN1_STRING_get0_data(number);
  ByteSpan bytes =
      std::as_bytes(std::span(data, static_cast<std::size_t>(ASN1_STRING_length(number))));
  while (bytes.size() > 1 && bytes.front() == std::byte{0}) bytes = bytes.subspan(1);
  const std::string text = bytes.empty() ? "00" : to_hex(bytes);
  return ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER ? "-" + text : text;
}

std::string hex_of(const ASN1_OCTET_STRING* string) {
  if (string == nullptr) return {};
  return to_hex(std::as_bytes(std::span(ASN1_STRING_get0_data(string),
                                        static_cast<std::size_t>(ASN1_STRING_length(string)))));
}

Result<X509Ptr> parse_again(const Certificate& certificate) {
  const unsigned char* at = as_uchar(certificate.der());
  X509Ptr out(d2i_X509(nullptr, &at, checked_cast<long>(certificate.der().size())));
  if (!out) return openssl_error("cannot read a certificate");
  return out;
}

Result<Bytes> der_in_pem(ByteSpan pem, std::string_view name, std::string_view other_name,
                         std::size_t bytes_max) {
  if (pem.size() > bytes_max)
    return fail(ErrorKind::TooLarge,
                "the PEM text is over " + std::to_string(bytes_max >> 10) + " KiB");
  BioPtr bio = bio_over(pem);
  for (;;) {
    char* found = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_read_bio(bio.get(), &found, &header, &data, &size) != 1) {
      ERR_clear_error();
      return fail(ErrorKind::Invalid, "no `" + std::string(name) + "` in PEM form");
    }
    const bool wanted = found == name || found == other_name;
    Bytes der;
    if (wanted) der = to_bytes(std::as_bytes(std::span(data, static_cast<std::size_t>(size))));
    OPENSSL_free(found);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
    if (wanted) return der;
  }
}

std::string pem_of(const char* name, ByteSpan der) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  SEALANE_CHECK(
      bio && PEM_write_bio(bio.get(), name, "", as_uchar(der), checked_cast<long>(der.size())) > 0);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

bool is_strong_key(const CertificateFacts& facts) {
  return is_strong(facts.key_type, facts.key_bits);
}

Status verify_client_certificate(const Certificate& certificate, const Certificate& issuer,
                                 Time now) {
  const auto refuse = [](std::string why) { return fail(ErrorKind::Denied, std::move(why)); };
  if (!issuer.facts().is_ca) return refuse("the issuer is not a CA");
  if (certificate.facts().is_ca) return refuse("the certificate is that of a CA");
  if (!certificate.facts().client_auth)
    return refuse("the certificate is not for clients: its extended key usage lacks clientAuth");
  SEALANE_ASSIGN(const X509Ptr leaf, parse_again(certificate));
  SEALANE_ASSIGN(const X509Ptr anchor, parse_again(issuer));
  const std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>> store(X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, FreeWith<X509_STORE_CTX_free>> context(
      X509_STORE_CTX_new());
  if (!store || !context || X509_STORE_add_cert(store.get(), anchor.get()) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr) != 1)
    return openssl_error("cannot prepare the verification of a certificate");
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM_set_time(parameters, seconds_of(now));
  X509_VERIFY_PARAM_set_depth(parameters, 0);
  X509_VERIFY_PARAM_set_auth_level(parameters, 2);
  const bool good = X509_verify_cert(context.get()) == 1;
  const int code = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (!good) return refuse(X509_verify_cert_error_string(code));
  return {};
}

Result<CertificateFacts> facts_of(x509_st& certificate) {
  const int size = i2d_X509(&certificate, nullptr);
  if (size <= 0) return not_a_certificate("it cannot be written as DER");
  if (static_cast<std::size_t>(size) > kX509BytesMax)
    return fail(ErrorKind::TooLarge, "the certificate is over 64 KiB");
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* to = as_uchar(MutableByteSpan(der));
  i2d_X509(&certificate, &to);
  return read_facts(&certificate, der);
}

std::string common_name_of(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  return text_of(value).value_or("");
}

Result<Certificate> Certificate::from_der(ByteSpan der) {
  if (der.size() > kX509BytesMax)
    return fail(ErrorKind::TooLarge, "the certificate is over 64 KiB");
  const unsigned char* at = as_uchar(der);
  X509Ptr parsed(d2i_X509(nullptr, &at, checked_cast<long>(der.size())));
  if (!parsed) return not_a_certificate("it is not X.509 in DER");
  if (at != as_uchar(der) + der.size()) return not_a_certificate("bytes follow it");
  Certificate out;
  SEALANE_ASSIGN(out.facts_, read_facts(parsed.get(), der));
  out.der_ = to_bytes(der);
  return out;
}

Result<Certificate> Certificate::from_pem(ByteSpan pem) {
  SEALANE_ASSIGN(const Bytes der,
                 der_in_pem(pem, "CERTIFICATE", "X509 CERTIFICATE", kX509BytesMax));
  return from_der(der);
}

std::string Certificate::to_pem() const { return pem_of("CERTIFICATE", der_); }

Result<CertificateRequest> CertificateRequest::from_der(ByteSpan der) {
  const unsigned char* at = as_uchar(der);
  RequestPtr parsed(d2i_X509_REQ(nullptr, &at, checked_cast<long>(der.size())));
  EVP_PKEY* key = parsed ? X509_REQ_get0_pubkey(parsed.get()) : nullptr;
  if (key == nullptr) {
    ERR_clear_error();
    return fail(ErrorKind::Invalid, "not a certificate signing request");
  }
  const std::string type = key_type_of(key);
  if (!is_strong(type, static_cast<unsigned>(std::max(0, EVP_PKEY_get_bits(key))))) {
    return fail(ErrorKind::Invalid, "the request's key is `" + type + "`",
                "use P-256, P-384, Ed25519, or RSA of at least 2048 bits");
  }
  if (X509_REQ_verify(parsed.get(), key) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::Invalid, "the request is not signed by its own key");
  }
  CertificateRequest out;
  out.der_ = to_bytes(der);
  out.common_name_ = common_name_of(X509_REQ_get_subject_name(parsed.get()));
  return out;
}

Result<CertificateRequest> CertificateRequest::from_pem(ByteSpan pem) {
  SEALANE_ASSIGN(const Bytes der,
                 der_in_pem(pem, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", kX509BytesMax));
  return from_der(der);
}

Result<CertificateRequest> CertificateRequest::create(const CertificateKey& key,
                                                      const std::string& common_name) {
  RequestPtr request(X509_REQ_new());
  if (!request) return openssl_error("cannot make a certificate signing request");
  const Bytes name = to_bytes(common_name);
  if (X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request.get()), NID_commonName,
                                 MBSTRING_UTF8, as_uchar(name), checked_cast<int>(name.size()), -1,
                                 0) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::Invalid, "`" + common_name + "` cannot be a common name");
  }
  if (X509_REQ_set_pubkey(request.get(), key.impl().key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.impl().key.get(), EVP_sha256()) <= 0) {
    return openssl_error("cannot sign a certificate signing request");
  }
  Bytes der(static_cast<std::size_t>(i2d_X509_REQ(request.get(), nullptr)));
  unsigned char* to = as_uchar(MutableByteSpan(der));
  i2d_X509_REQ(request.get(), &to);
  return from_der(der);
}

std::string CertificateRequest::to_pem() const { return pem_of("CERTIFICATE REQUEST", der_); }

}  // namespace sealane::crypto
