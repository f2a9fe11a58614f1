// SPDX-License-Identifier: Apache-2.0
#include "crypto/rsa.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "crypto/x509_internal.h"

namespace sealane::crypto {

struct RsaKeyHandle {
  KeyPtr key;
};

namespace {

using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;

constexpr int kBitsMin = 2048;
constexpr int kBitsMax = 8192;

int no_passphrase(char*, int, int, void*) { return -1; }

Result<std::shared_ptr<const RsaKeyHandle>> checked(KeyPtr key) {
  ERR_clear_error();
  if (!key || !EVP_PKEY_is_a(key.get(), "RSA"))
    return fail(ErrorKind::Invalid, "no RSA key in PEM form");
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kBitsMin || bits > kBitsMax)
    return fail(ErrorKind::Invalid,
                "an RSA key has 2048 to 8192 bits, not " + std::to_string(bits));
  return std::shared_ptr<const RsaKeyHandle>(std::make_shared<RsaKeyHandle>(std::move(key)));
}

const EVP_MD* oaep_hash(RsaPadding padding) {
  switch (padding) {
    case RsaPadding::OaepSha1: return EVP_sha1();
    case RsaPadding::OaepSha256: return EVP_sha256();
    case RsaPadding::OaepSha384: return EVP_sha384();
    case RsaPadding::OaepSha512: return EVP_sha512();
    case RsaPadding::Pkcs1: break;
  }
  return nullptr;
}

bool set_padding(EVP_PKEY_CTX* context, RsaPadding padding) {
  if (padding == RsaPadding::Pkcs1)
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, oaep_hash(padding)) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, oaep_hash(padding)) == 1;
}

}  // namespace

std::string_view to_string(RsaPadding padding) {
  switch (padding) {
    case RsaPadding::Pkcs1: return "pkcs1";
    case RsaPadding::OaepSha1: return "oaep-sha1";
    case RsaPadding::OaepSha256: return "oaep-sha256";
    case RsaPadding::OaepSha384: return "oaep-sha384";
    case RsaPadding::OaepSha512: return "oaep-sha512";
  }
  return "";
}

Result<RsaPublicKey> RsaPublicKey::from_pem(std::string_view pem) {
  if (pem.size() > kX509BytesMax)
    return fail(ErrorKind::Invalid, "the public key file is too long");
  BioPtr bio = bio_over(as_bytes(pem));
  SEALANE_ASSIGN(auto key,
                 checked(KeyPtr(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr))));
  return RsaPublicKey(std::move(key));
}

int RsaPublicKey::bits() const { return EVP_PKEY_get_bits(key_->key.get()); }

std::string RsaPublicKey::pem() const {
  BioPtr bio(BIO_new(BIO_s_mem()));
  SEALANE_CHECK(bio != nullptr && PEM_write_bio_PUBKEY(bio.get(), key_->key.get()) == 1);
  return to_text(content_of(bio.get()));
}

Result<Bytes> RsaPublicKey::encrypt(RsaPadding padding, ByteSpan message) const {
  KeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_->key.get(), nullptr));
  SEALANE_CHECK(context != nullptr && EVP_PKEY_encrypt_init(context.get()) == 1 &&
                set_padding(context.get(), padding));
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(key_->key.get())));
  std::size_t length = out.size();
  const bool done = EVP_PKEY_encrypt(context.get(), as_uchar(MutableByteSpan(out)), &length,
                                     as_uchar(message), message.size()) == 1;
  ERR_clear_error();
  if (!done) return fail(ErrorKind::TooLarge, "the message does not fit the RSA key");
  out.resize(length);
  return out;
}

Result<RsaPrivateKey> RsaPrivateKey::generate(int bits) {
  if (bits < kBitsMin || bits > kBitsMax)
    return fail(ErrorKind::Invalid, "an RSA key has 2048 to 8192 bits");
  SEALANE_ASSIGN(auto key, checked(KeyPtr(EVP_RSA_gen(static_cast<unsigned int>(bits)))));
  return RsaPrivateKey(std::move(key));
}

Result<RsaPrivateKey> RsaPrivateKey::from_pem(const Secret& pem) {
  if (pem.size() > kX509BytesMax)
    return fail(ErrorKind::Invalid, "the private key file is too long");
  BioPtr bio = bio_over(pem.reveal());
  SEALANE_ASSIGN(
      auto key,
      checked(KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr))));
  return RsaPrivateKey(std::move(key));
}

int RsaPrivateKey::bits() const { return EVP_PKEY_get_bits(key_->key.get()); }

RsaPublicKey RsaPrivateKey::public_key() const {
  BioPtr bio(BIO_new(BIO_s_mem()));
  SEALANE_CHECK(bio != nullptr && PEM_write_bio_PUBKEY(bio.get(), key_->key.get()) == 1);
  return RsaPublicKey::from_pem(as_text(content_of(bio.get()))).value();
}

Result<Secret> RsaPrivateKey::to_pem() const {
  BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_->key.get(), nullptr, nullptr, 0,
                                            nullptr, nullptr) != 1)
    return openssl_error("cannot write the private key");
  return Secret(content_of(bio.get()));
}

Result<Secret> RsaPrivateKey::decrypt(RsaPadding padding, ByteSpan ciphertext,
                                      std::size_t message_bytes) const {
  KeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_->key.get(), nullptr));
  SEALANE_CHECK(context != nullptr && EVP_PKEY_decrypt_init(context.get()) == 1 &&
                set_padding(context.get(), padding));
  const auto modulus_bytes = static_cast<std::size_t>(EVP_PKEY_get_size(key_->key.get()));
  Secret room = Secret::zeros(modulus_bytes);
  std::size_t length = room.size();
  // Whatever is wrong, the same error is made in the same place.
  bool done = ciphertext.size() == modulus_bytes &&
              EVP_PKEY_decrypt(context.get(), as_uchar(room.reveal_mutable()), &length,
                               as_uchar(ciphertext), ciphertext.size()) == 1;
  ERR_clear_error();
  done = done && length == message_bytes;
  if (!done) return fail(ErrorKind::Corrupt, "the RSA ciphertext does not decrypt");
  return Secret(room.reveal().first(message_bytes));
}

}  // namespace sealane::crypto
