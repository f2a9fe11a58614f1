// SPDX-License-Identifier: Apache-2.0
#include "crypto/hkdf.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>

namespace sealane::crypto {
namespace {

constexpr std::size_t kBlockBytes = 128;
constexpr std::size_t kHashBytes = 64;
using Block = std::array<std::byte, kBlockBytes>;
using Digest = std::array<std::byte, kHashBytes>;

const EVP_MD* algorithm() {
  static const EVP_MD* const kAlgorithm = [] {
    const EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA512", nullptr);
    SEALANE_CHECK(fetched != nullptr);
    return fetched;
  }();
  return kAlgorithm;
}

}  // namespace

// HMAC over one reused digest context: the library's own MAC objects cost several times the hash
// itself for inputs this short.
struct HkdfSha512::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Digest extracted{};
  Block inner{};  // the extracted key xor 0x36...
  Block outer{};  // ... and xor 0x5c...
  bool ready = false;

  State() { SEALANE_CHECK(context != nullptr); }
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
    std::array<std::byte, kHashBytes> hashed{};
    if (key.size() > kBlockBytes) {  // RFC 2104 §2
      unsigned int length = 0;
      SEALANE_CHECK(EVP_Digest(key.data(), key.size(), as_uchar(MutableByteSpan(hashed)), &length,
                               algorithm(), nullptr) == 1);
      key = hashed;
    }
    inner.fill(std::byte{0x36});
    outer.fill(std::byte{0x5c});
    for (std::size_t i = 0; i < key.size(); ++i) {
      inner[i] ^= key[i];
      outer[i] ^= key[i];
    }
    OPENSSL_cleanse(hashed.data(), hashed.size());
  }

  void hash(ByteSpan a, ByteSpan b, ByteSpan c, Digest& out) {
    unsigned int length = 0;
    SEALANE_CHECK(EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1 &&
                  EVP_DigestUpdate(context, a.data(), a.size()) == 1 &&
                  EVP_DigestUpdate(context, b.data(), b.size()) == 1 &&
                  EVP_DigestUpdate(context, c.data(), c.size()) == 1 &&
                  EVP_DigestFinal_ex(context, as_uchar(MutableByteSpan(out)), &length) == 1);
  }

  void hmac(ByteSpan data, ByteSpan more, Digest& out) {
    Digest middle{};
    hash(inner, data, more, middle);
    hash(outer, middle, {}, out);
    OPENSSL_cleanse(middle.data(), middle.size());
  }
};

HkdfSha512::HkdfSha512() : state_(std::make_unique<State>()) {}
HkdfSha512::~HkdfSha512() = default;
HkdfSha512::HkdfSha512(HkdfSha512&&) noexcept = default;
HkdfSha512& HkdfSha512::operator=(HkdfSha512&&) noexcept = default;

void HkdfSha512::extract(ByteSpan salt, ByteSpan key_material) {
  state_->set_pads(salt);
  state_->hmac(key_material, {}, state_->extracted);
  state_->set_pads(state_->extracted);
  state_->ready = true;
}

void HkdfSha512::expand(ByteSpan info, MutableByteSpan out) {
  SEALANE_CHECK(state_->ready);
  SEALANE_CHECK(out.size() <= kHashBytes);
  // RFC 5869 §2.3: T(1) = HMAC(PRK, info | 0x01).
  const std::array<std::byte, 1> counter = {std::byte{1}};
  Digest block{};
  state_->hmac(info, counter, block);
  copy_bytes(out, ByteSpan(block).first(out.size()));
  OPENSSL_cleanse(block.data(), block.size());
}

}  // namespace sealane::crypto
