// SPDX-License-Identifier: Apache-2.0
#include "crypto/sign.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace sealane::crypto {

struct PublicKeyHandle {
  EVP_PKEY* key = nullptr;
};

void PublicKeyHandleDeleter::operator()(PublicKeyHandle* handle) const {
  EVP_PKEY_free(handle->key);
  delete handle;
}

Result<Ed25519PublicKey> Ed25519PublicKey::from_raw(ByteSpan raw) {
  EVP_PKEY* key = raw.size() == 32 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                                                 as_uchar(raw), raw.size())
                                   : nullptr;
  ERR_clear_error();
  if (key == nullptr) return fail(ErrorKind::Invalid, "not an Ed25519 public key of 32 bytes");
  return Ed25519PublicKey(new PublicKeyHandle{key});
}

Result<Ed25519PublicKey> Ed25519PublicKey::from_pem(std::string_view pem) {
  if (pem.size() > 4096) return fail(ErrorKind::Invalid, "public key file is too long");
  BIO* input = BIO_new_mem_buf(pem.data(), checked_cast<int>(pem.size()));
  SEALANE_CHECK(input != nullptr);
  EVP_PKEY* key = PEM_read_bio_PUBKEY(input, nullptr, nullptr, nullptr);
  BIO_free(input);
  ERR_clear_error();
  if (key == nullptr) return fail(ErrorKind::Invalid, "no public key in PEM form");
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
    EVP_PKEY_free(key);
    return fail(ErrorKind::Invalid, "the public key is not an Ed25519 key");
  }
  return Ed25519PublicKey(new PublicKeyHandle{key});
}

std::array<std::byte, 32> Ed25519PublicKey::raw() const {
  std::array<std::byte, 32> out{};
  std::size_t length = out.size();
  SEALANE_CHECK(
      EVP_PKEY_get_raw_public_key(handle_->key, as_uchar(MutableByteSpan(out)), &length) == 1 &&
      length == out.size());
  return out;
}

std::string Ed25519PublicKey::pem() const {
  BIO* output = BIO_new(BIO_s_mem());
  SEALANE_CHECK(output != nullptr && PEM_write_bio_PUBKEY(output, handle_->key) == 1);
  char* text = nullptr;
  const long length = BIO_get_mem_data(output, &text);
  std::string out(text, checked_cast<std::size_t>(length));
  BIO_free(output);
  return out;
}

bool Ed25519PublicKey::verify(ByteSpan message, ByteSpan signature) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  SEALANE_CHECK(context != nullptr && EVP_DigestVerifyInit_ex(context, nullptr, nullptr, nullptr,
                                                              nullptr, handle_->key, nullptr) == 1);
  const bool good = EVP_DigestVerify(context, as_uchar(signature), signature.size(),
                                     as_uchar(message), message.size()) == 1;
  EVP_MD_CTX_free(context);
  ERR_clear_error();
  return good;
}

Ed25519PrivateKey Ed25519PrivateKey::generate() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  SEALANE_CHECK(key != nullptr);
  return Ed25519PrivateKey(new PublicKeyHandle{key});
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::from_raw(ByteSpan raw) {
  EVP_PKEY* key = raw.size() == 32 ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                                                  as_uchar(raw), raw.size())
                                   : nullptr;
  ERR_clear_error();
  if (key == nullptr) return fail(ErrorKind::Invalid, "not an Ed25519 private key of 32 bytes");
  return Ed25519PrivateKey(new PublicKeyHandle{key});
}

Secret Ed25519PrivateKey::raw() const {
  Secret out = Secret::zeros(32);
  std::size_t length = out.size();
  SEALANE_CHECK(
      EVP_PKEY_get_raw_private_key(handle_->key, as_uchar(out.reveal_mutable()), &length) == 1 &&
      length == out.size());
  return out;
}

Ed25519PublicKey Ed25519PrivateKey::public_key() const {
  std::array<std::byte, 32> raw{};
  std::size_t length = raw.size();
  SEALANE_CHECK(
      EVP_PKEY_get_raw_public_key(handle_->key, as_uchar(MutableByteSpan(raw)), &length) == 1);
  return Ed25519PublicKey::from_raw(raw).value();
}

Ed25519Signature Ed25519PrivateKey::sign(ByteSpan message) const {
  Ed25519Signature out{};
  std::size_t length = out.size();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  SEALANE_CHECK(context != nullptr && EVP_DigestSignInit_ex(context, nullptr, nullptr, nullptr,
                                                            nullptr, handle_->key, nullptr) == 1);
  SEALANE_CHECK(EVP_DigestSign(context, as_uchar(MutableByteSpan(out)), &length, as_uchar(message),
                               message.size()) == 1 &&
                length == out.size());
  EVP_MD_CTX_free(context);
  return out;
}

}  // namespace sealane::crypto
