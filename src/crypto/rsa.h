// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace sealane::crypto {

// How a message is padded before RSA; the mask generation function of OAEP uses the same hash.
enum class RsaPadding { Pkcs1, OaepSha1, OaepSha256, OaepSha384, OaepSha512 };
// `pkcs1`, `oaep-sha256`, ...
std::string_view to_string(RsaPadding padding);

struct RsaKeyHandle;

// A public RSA key of 2048 to 8192 bits.  Threads: immutable; copies share one key.
class RsaPublicKey {
 public:
  // PEM: SubjectPublicKeyInfo.
  // Errors: Invalid – no such PEM, not an RSA key, too small or too large.
  static Result<RsaPublicKey> from_pem(std::string_view pem);

  int bits() const;
  std::string pem() const;
  // Source: RFC 8017 §7.  Errors: TooLarge – the message does not fit the key.
  Result<Bytes> encrypt(RsaPadding padding, ByteSpan message) const;

 private:
  friend class RsaPrivateKey;
  explicit RsaPublicKey(std::shared_ptr<const RsaKeyHandle> key) : key_(std::move(key)) {}
  std::shared_ptr<const RsaKeyHandle> key_;
};

// Secrets: OpenSSL wipes the key with the last copy.
class RsaPrivateKey {
 public:
  static Result<RsaPrivateKey> generate(int bits);
  // PEM without a passphrase: PKCS#8, or PKCS#1.  Errors: as RsaPublicKey::from_pem.
  static Result<RsaPrivateKey> from_pem(const Secret& pem);

  int bits() const;
  RsaPublicKey public_key() const;
  Result<Secret> to_pem() const;  // PKCS#8
  // `message_bytes` is the length that the message must have.
  // Errors: Corrupt – one text for every cause, so that an error says nothing of the padding.  OAEP
  //         and PKCS#1 padding are checked by OpenSSL without branches on their bytes; that a
  //         ciphertext was refused remains visible.
  Result<Secret> decrypt(RsaPadding padding, ByteSpan ciphertext, std::size_t message_bytes) const;

 private:
  explicit RsaPrivateKey(std::shared_ptr<const RsaKeyHandle> key) : key_(std::move(key)) {}
  std::shared_ptr<const RsaKeyHandle> key_;
};

}  // namespace sealane::crypto
