// SPDX-License-Identifier: Apache-2.0
#include "crypto/hkdf.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>

namespace sealane::crypto {
namespace {

constexpr std::size_t kBlockBytesMax = 128;
constexpr std::size_t kHashBytesMax = 64;
using Block = std::array<std::byte, kBlockBytesMax>;
using Digest = std::array<std::byte, kHashBytesMax>;

const EVP_MD* fetch(const char* name) {
  const EVP_MD* fetched = EVP_MD_fetch(nullptr, name, nullptr);
  SEALANE_CHECK(fetched != nullptr);
  return fetched;
}

struct Algorithm {
  const EVP_MD* digest;
  std::size_t block_bytes;
  std::size_t hash_bytes;
};

const Algorithm& algorithm_of(HkdfHash hash) {
  static const Algorithm kSha256 = {fetch("SHA256"), 64, 32};
  static const Algorithm kSha384 = {fetch("SHA384"), 128, 48};
  static const Algorithm kSha512 = {fetch("SHA512"), 128, 64};
  return hash == HkdfHash::Sha256 ? kSha256 : hash == HkdfHash::Sha384 ? kSha384 : kSha512;
}

}  // namespace

// HMAC over one reused digest context: the library's own MAC objects cost several times the hash
// itself for inputs this short, and a copy of a context that has hashed a pad costs as much as
// hashing the pad again.
struct Hkdf::State {
  const Algorithm& algorithm;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Digest extracted{};
  Block inner{};  // the extracted key xor 0x36...
  Block outer{};  // ... and xor 0x5c...
  bool ready = false;

  explicit State(const Algorithm& chosen) : algorithm(chosen) { SEALANE_CHECK(context != nullptr); }
  ~State() {
    wipe();
    EVP_MD_CTX_free(context);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void wipe() {
    OPENSSL_cleanse(extracted.data(), extracted.size());
    OPENSSL_cleanse(inner.data(), inner.size());
    OPENSSL_cleanse(outer.data(), outer.size());
  }

  void set_pads(ByteSpan key) {
    Digest hashed{};
    if (key.size() > algorithm.block_bytes) {  // RFC 2104 §2
      unsigned int length = 0;
      SEALANE_CHECK(EVP_Digest(key.data(), key.size(), as_uchar(MutableByteSpan(hashed)), &length,
                               algorithm.digest, nullptr) == 1);
      key = ByteSpan(hashed).first(algorithm.hash_bytes);
    }
    inner.fill(std::byte{0x36});
    outer.fill(std::byte{0x5c});
    for (std::size_t i = 0; i < key.size(); ++i) {
      inner[i] ^= key[i];
      outer[i] ^= key[i];
    }
    OPENSSL_cleanse(hashed.data(), hashed.size());
  }

  void hash(const Block& pad, ByteSpan a, ByteSpan b, Digest& out) {
    unsigned int length = 0;
    SEALANE_CHECK(EVP_DigestInit_ex2(context, algorithm.digest, nullptr) == 1 &&
                  EVP_DigestUpdate(context, pad.data(), algorithm.block_bytes) == 1 &&
                  EVP_DigestUpdate(context, a.data(), a.size()) == 1 &&
                  EVP_DigestUpdate(context, b.data(), b.size()) == 1 &&
                  EVP_DigestFinal_ex(context, as_uchar(MutableByteSpan(out)), &length) == 1);
  }

  void hmac(ByteSpan data, ByteSpan more, Digest& out) {
    Digest middle{};
    hash(inner, data, more, middle);
    hash(outer, ByteSpan(middle).first(algorithm.hash_bytes), {}, out);
    OPENSSL_cleanse(middle.data(), middle.size());
  }
};

Hkdf::Hkdf(HkdfHash hash) : state_(std::make_unique<State>(algorithm_of(hash))) {}
Hkdf::~Hkdf() = default;
Hkdf::Hkdf(Hkdf&&) noexcept = default;
Hkdf& Hkdf::operator=(Hkdf&&) noexcept = default;

void Hkdf::extract(ByteSpan salt, ByteSpan key_material) {
  state_->set_pads(salt);
  state_->hmac(key_material, {}, state_->extracted);
  state_->set_pads(ByteSpan(state_->extracted).first(state_->algorithm.hash_bytes));
  state_->ready = true;
}

void Hkdf::expand(ByteSpan info, MutableByteSpan out) {
  SEALANE_CHECK(state_->ready);
  SEALANE_CHECK(out.size() <= state_->algorithm.hash_bytes);
  // RFC 5869 §2.3: T(1) = HMAC(PRK, info | 0x01).
  const std::array<std::byte, 1> counter = {std::byte{1}};
  Digest block{};
  state_->hmac(info, counter, block);
  copy_bytes(out, ByteSpan(block).first(out.size()));
  OPENSSL_cleanse(block.data(), block.size());
}

}  // namespace sealane::crypto
