// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace sealane::crypto {

// The curve fixes the hash: P-256 with SHA-256, P-384 with SHA-384.
enum class EcdsaCurve { P256, P384 };

struct EcdsaKeyHandle;
struct EcdsaKeyHandleDeleter {
  void operator()(EcdsaKeyHandle* handle) const;
};
using EcdsaKeyPtr = std::unique_ptr<EcdsaKeyHandle, EcdsaKeyHandleDeleter>;

// The length of every signature that EcdsaSigner makes: DER of a sequence of two integers, the
// most frequent length.  Readers that know it find the signature from the end of a message.
constexpr std::size_t ecdsa_signature_bytes(EcdsaCurve curve) {
  return curve == EcdsaCurve::P256 ? 71 : 103;
}

// A private key that signs one message or many.
//
// Source:  FIPS 186-5, SEC 1.
// Threads: immutable.
// Secrets: OpenSSL wipes the key when the object goes.
class EcdsaPrivateKey {
 public:
  static EcdsaPrivateKey generate(EcdsaCurve curve);

  EcdsaCurve curve() const { return curve_; }
  // The public point, compressed: 33 or 49 bytes.
  Bytes public_point() const;

 private:
  friend class EcdsaSigner;
  EcdsaPrivateKey(EcdsaCurve curve, EcdsaKeyPtr key) : curve_(curve), key_(std::move(key)) {}
  EcdsaCurve curve_;
  EcdsaKeyPtr key_;
};

// Signs or verifies data that comes in pieces.  Threads: one at a time.
class EcdsaSigner {
 public:
  explicit EcdsaSigner(const EcdsaPrivateKey& key);
  ~EcdsaSigner();
  EcdsaSigner(EcdsaSigner&&) noexcept;
  EcdsaSigner& operator=(EcdsaSigner&&) noexcept;
  void update(ByteSpan data);
  // ecdsa_signature_bytes() of DER.
  Bytes finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class EcdsaVerifier {
 public:
  // Errors: Invalid – not a point of the curve, compressed or not.
  static Result<EcdsaVerifier> create(EcdsaCurve curve, ByteSpan public_point);
  ~EcdsaVerifier();
  EcdsaVerifier(EcdsaVerifier&&) noexcept;
  EcdsaVerifier& operator=(EcdsaVerifier&&) noexcept;
  void update(ByteSpan data);
  bool finish(ByteSpan signature);

 private:
  struct State;
  explicit EcdsaVerifier(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sealane::crypto
