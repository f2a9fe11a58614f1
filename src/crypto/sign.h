// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace sealane::crypto {

using Ed25519Signature = std::array<std::byte, 64>;

struct PublicKeyHandle;
struct PublicKeyHandleDeleter {
  void operator()(PublicKeyHandle* handle) const;
};

// Source: RFC 8032 (PureEdDSA).  Threads: one at a time for each object.
class Ed25519PublicKey {
 public:
  // Exactly 32 bytes.  Errors: Invalid.
  static Result<Ed25519PublicKey> from_raw(ByteSpan raw);
  // PEM, SubjectPublicKeyInfo.  Errors: Invalid – no PEM, or another kind of key.
  static Result<Ed25519PublicKey> from_pem(std::string_view pem);

  std::array<std::byte, 32> raw() const;
  std::string pem() const;
  bool verify(ByteSpan message, ByteSpan signature) const;

 private:
  explicit Ed25519PublicKey(PublicKeyHandle* handle) : handle_(handle) {}
  friend class Ed25519PrivateKey;
  std::unique_ptr<PublicKeyHandle, PublicKeyHandleDeleter> handle_;
};

// Secrets: the library's copy of the key is wiped when the object goes.
class Ed25519PrivateKey {
 public:
  static Ed25519PrivateKey generate();
  // The 32-byte seed of RFC 8032.  Errors: Invalid.
  static Result<Ed25519PrivateKey> from_raw(ByteSpan raw);

  Secret raw() const;
  Ed25519PublicKey public_key() const;
  Ed25519Signature sign(ByteSpan message) const;

 private:
  explicit Ed25519PrivateKey(PublicKeyHandle* handle) : handle_(handle) {}
  std::unique_ptr<PublicKeyHandle, PublicKeyHandleDeleter> handle_;
};

}  // namespace sealane::crypto
