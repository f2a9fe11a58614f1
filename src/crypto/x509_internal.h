// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/x509.h"

namespace sealane::crypto {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using BioPtr = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, FreeWith<X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, FreeWith<X509_CRL_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, FreeWith<ASN1_INTEGER_free>>;
using StringPtr = std::unique_ptr<ASN1_OCTET_STRING, FreeWith<ASN1_OCTET_STRING_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, FreeWith<X509_REQ_free>>;

inline constexpr std::size_t kX509BytesMax = 64u << 10;

struct CertificateKey::Impl {
  KeyPtr key;
};

// A read-only BIO over `bytes`, which stay valid as long as it.
BioPtr bio_over(ByteSpan bytes);
// What was written to a memory BIO; lives as long as it.
ByteSpan content_of(BIO* bio);
// Internal with what OpenSSL says, its error queue emptied.
Error openssl_error(std::string what);
// `P-256`, `RSA-2048`, …
std::string key_type_of(EVP_PKEY* key);
// RFC 2253 form.
std::string line_of(const X509_NAME* name);
// Nothing when it cannot be read.
std::optional<Time> time_of(const ASN1_TIME* time);
std::time_t seconds_of(Time time);
// As CertificateFacts::serial.
std::string number_text(const ASN1_INTEGER* number);
std::string hex_of(const ASN1_OCTET_STRING* string);  // empty for null
// What X509_new and the like made of a certificate that was read before.
Result<X509Ptr> parse_again(const Certificate& certificate);
// The DER inside the first PEM block that is called one of the names.
// Errors: TooLarge – more than `bytes_max` of text; Invalid – there is none.
Result<Bytes> der_in_pem(ByteSpan pem, std::string_view name, std::string_view other_name,
                         std::size_t bytes_max);
std::string pem_of(const char* name, ByteSpan der);
// The first common name of `name`; empty when there is none.
std::string common_name_of(const X509_NAME* name);

}  // namespace sealane::crypto
