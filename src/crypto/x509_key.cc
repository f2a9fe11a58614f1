// SPDX-License-Identifier: Apache-2.0
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "crypto/x509_internal.h"

namespace sealane::crypto {
namespace {

// Source: the OWASP password storage guidance for scrypt; 16 MiB of memory.
constexpr std::uint64_t kScryptN = 1u << 14;
constexpr std::uint64_t kScryptR = 8;
constexpr std::uint64_t kScryptP = 5;

using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeWith<PKCS8_PRIV_KEY_INFO_free>>;
using SigPtr = std::unique_ptr<X509_SIG, FreeWith<X509_SIG_free>>;

Error not_p256() { return fail(ErrorKind::Invalid, "the private key is not a P-256 key"); }

// A passphrase is never asked for: OpenSSL's default would read the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

BioPtr bio_over(ByteSpan bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), checked_cast<int>(bytes.size())));
}

ByteSpan content_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  if (size <= 0) return {};
  return as_bytes(std::string_view(data, static_cast<std::size_t>(size)));
}

Error openssl_error(std::string what) {
  char text[256] = "no reason given";
  if (const unsigned long code = ERR_get_error(); code != 0)
    ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return fail(ErrorKind::Internal, what + ": " + text);
}

std::string key_type_of(EVP_PKEY* key) {
  if (key == nullptr) return "unknown";
  if (EVP_PKEY_is_a(key, "RSA")) return "RSA-" + std::to_string(EVP_PKEY_get_bits(key));
  if (EVP_PKEY_is_a(key, "ED25519")) return "Ed25519";
  if (EVP_PKEY_is_a(key, "EC")) {
    char group[64] = {};
    std::size_t length = 0;
    if (EVP_PKEY_get_group_name(key, group, sizeof group, &length) != 1) return "EC";
    const std::string_view name(group, length);
    if (name == "prime256v1" || name == "P-256") return "P-256";
    if (name == "secp384r1" || name == "P-384") return "P-384";
    return "EC-" + std::string(name);
  }
  const char* name = EVP_PKEY_get0_type_name(key);
  return name == nullptr ? "unknown" : name;
}

Result<CertificateKey> CertificateKey::generate() {
  KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return openssl_error("cannot generate a P-256 key");
  return CertificateKey(std::make_shared<const Impl>(Impl{std::move(key)}));
}

Result<CertificateKey> CertificateKey::from_pem(const Secret& pem) {
  if (pem.size() > kX509BytesMax)
    return fail(ErrorKind::Invalid, "the private key file is too long");
  BioPtr bio = bio_over(pem.reveal());
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) return fail(ErrorKind::Invalid, "no private key in PEM form");
  if (key_type_of(key.get()) != "P-256") return not_p256();
  return CertificateKey(std::make_shared<const Impl>(Impl{std::move(key)}));
}

Result<CertificateKey> CertificateKey::from_encrypted_pem(ByteSpan pem, const Secret& passphrase) {
  if (pem.size() > kX509BytesMax)
    return fail(ErrorKind::Invalid, "the private key file is too long");
  BioPtr bio = bio_over(pem);
  SigPtr sealed(PEM_read_bio_PKCS8(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!sealed) return fail(ErrorKind::Invalid, "no encrypted private key in PEM form");
  Pkcs8Ptr info(PKCS8_decrypt(sealed.get(), as_text(passphrase.reveal()).data(),
                              checked_cast<int>(passphrase.size())));
  ERR_clear_error();
  if (!info) return fail(ErrorKind::Denied, "the passphrase does not open the private key");
  KeyPtr key(EVP_PKCS82PKEY(info.get()));
  ERR_clear_error();
  if (!key || key_type_of(key.get()) != "P-256") return not_p256();
  return CertificateKey(std::make_shared<const Impl>(Impl{std::move(key)}));
}

Result<Secret> CertificateKey::to_pem() const {
  BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), impl_->key.get(), nullptr, nullptr, 0,
                                            nullptr, nullptr) != 1) {
    return openssl_error("cannot write the private key");
  }
  return Secret(content_of(bio.get()));
}

Result<Bytes> CertificateKey::to_encrypted_pem(const Secret& passphrase) const {
  Pkcs8Ptr info(EVP_PKEY2PKCS8(impl_->key.get()));
  if (!info) return openssl_error("cannot encode the private key");
  // OpenSSL draws the salt and the IV from its own generator when it is given none.
  X509_ALGOR* scheme =
      PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 16, nullptr, kScryptN, kScryptR, kScryptP);
  if (scheme == nullptr) return openssl_error("cannot set up the private key's encryption");
  SigPtr sealed(PKCS8_set0_pbe(as_text(passphrase.reveal()).data(),
                               checked_cast<int>(passphrase.size()), info.get(), scheme));
  if (!sealed) {
    X509_ALGOR_free(scheme);
    return openssl_error("cannot encrypt the private key");
  }
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PKCS8(bio.get(), sealed.get()) != 1) {
    return openssl_error("cannot write the private key");
  }
  return to_bytes(content_of(bio.get()));
}

}  // namespace sealane::crypto
