// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/bytes.h"
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
using RequestPtr = std::unique_ptr<X509_REQ, FreeWith<X509_REQ_free>>;

inline constexpr std::size_t kX509BytesMax = 64u << 10;

struct CertificateKey::Impl {
  KeyPtr key;
};

// A read-only BIO over `bytes`, which stay valid as long as it.
BioPtr bio_over(ByteSpan bytes);
// Internal with what OpenSSL says, its error queue emptied.
Error openssl_error(std::string what);
// `P-256`, `RSA-2048`, …
std::string key_type_of(EVP_PKEY* key);
// The first common name of `name`; empty when there is none.
std::string common_name_of(const X509_NAME* name);

}  // namespace sealane::crypto
