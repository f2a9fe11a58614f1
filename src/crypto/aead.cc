// SPDX-License-Identifier: Apache-2.0
#include "crypto/aead.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

namespace sealane::crypto {
namespace {

const EVP_CIPHER* fetch(const char* name) {
  const EVP_CIPHER* fetched = EVP_CIPHER_fetch(nullptr, name, nullptr);
  SEALANE_CHECK(fetched != nullptr);
  return fetched;
}

const EVP_CIPHER* algorithm(std::size_t key_bytes) {
  static const EVP_CIPHER* const kAes128 = fetch("AES-128-GCM");
  static const EVP_CIPHER* const kAes192 = fetch("AES-192-GCM");
  static const EVP_CIPHER* const kAes256 = fetch("AES-256-GCM");
  return key_bytes == 16 ? kAes128 : key_bytes == 24 ? kAes192 : kAes256;
}

// Input that is in no cache, as of a mapped file, comes too late for the library's loop, which asks
// for it when it needs it.  Asked for some pieces ahead it is there: a fifth faster, and a
// twentieth slower when it was there already, so this is for input apart from its output: what
// stands in place was written a moment ago.  A piece is whole turns of the loop (96 bytes) and
// whole lines; three of them reach into the next page early enough for its address.
constexpr std::size_t kPieceBytes = 1152;
constexpr std::size_t kAheadBytes = 3 * kPieceBytes;
constexpr std::size_t kLineBytes = 64;
constexpr std::size_t kReadAheadBytesMin = 16u << 10;

void read_ahead(ByteSpan bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += kLineBytes)
    __builtin_prefetch(bytes.subspan(at).data());
}

// `update` is the library's for one direction.
template <class Update>
void run_update(Update update, EVP_CIPHER_CTX* context, ByteSpan from, MutableByteSpan to) {
  int length = 0;
  const bool far = from.size() >= kReadAheadBytesMin && from.data() != to.data();
  const std::size_t piece = far ? kPieceBytes : from.size();
  if (far) read_ahead(from.first(kAheadBytes));
  while (!from.empty()) {
    const std::size_t now = std::min(piece, from.size());
    if (far && from.size() > kAheadBytes) {
      const ByteSpan ahead = from.subspan(kAheadBytes);
      read_ahead(ahead.first(std::min(kPieceBytes, ahead.size())));
    }
    SEALANE_CHECK(update(context, as_uchar(to), &length, as_uchar(from), checked_cast<int>(now)) ==
                  1);
    from = from.subspan(now);
    to = to.subspan(now);
  }
}

EVP_CIPHER_CTX* new_context() {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  SEALANE_CHECK(context != nullptr);
  return context;
}

}  // namespace

struct AesGcm::State {
  EVP_CIPHER_CTX* sealing = new_context();
  EVP_CIPHER_CTX* opening = new_context();
  std::array<std::byte, kAes256KeyBytes> key{};
  std::size_t key_bytes = kAes256KeyBytes;
  bool key_set = false;
  // Each direction has its own key schedule, made at its first use after a key change.
  bool sealing_keyed = false;
  bool opening_keyed = false;

  State() { choose(kAes256KeyBytes); }
  ~State() {
    OPENSSL_cleanse(key.data(), key.size());
    EVP_CIPHER_CTX_free(sealing);
    EVP_CIPHER_CTX_free(opening);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void choose(std::size_t bytes) {
    const EVP_CIPHER* const chosen = algorithm(bytes);
    SEALANE_CHECK(EVP_EncryptInit_ex2(sealing, chosen, nullptr, nullptr, nullptr) == 1);
    SEALANE_CHECK(EVP_DecryptInit_ex2(opening, chosen, nullptr, nullptr, nullptr) == 1);
    key_bytes = bytes;
  }
  ByteSpan key_span() const { return ByteSpan(key).first(key_bytes); }
};

AesGcm::AesGcm() : state_(std::make_unique<State>()) {}
AesGcm::~AesGcm() = default;
AesGcm::AesGcm(AesGcm&&) noexcept = default;
AesGcm& AesGcm::operator=(AesGcm&&) noexcept = default;

void AesGcm::set_key(ByteSpan key) {
  SEALANE_CHECK(is_aes_key_size(key.size()));
  State& s = *state_;
  if (s.key_set && s.key_bytes == key.size() &&
      CRYPTO_memcmp(key.data(), s.key.data(), key.size()) == 0)
    return;
  if (s.key_bytes != key.size()) {
    OPENSSL_cleanse(s.key.data(), s.key.size());
    s.choose(key.size());
  }
  copy_bytes(s.key, key);
  s.key_set = true;
  s.sealing_keyed = false;
  s.opening_keyed = false;
}

void AesGcm::seal(ByteSpan iv, ByteSpan aad, ByteSpan plaintext, MutableByteSpan ciphertext,
                  MutableByteSpan tag) {
  State& s = *state_;
  SEALANE_CHECK(s.key_set && iv.size() == kAesGcmIvBytes && tag.size() == kAesGcmTagBytes &&
                ciphertext.size() == plaintext.size());
  const unsigned char* key = s.sealing_keyed ? nullptr : as_uchar(s.key_span());
  SEALANE_CHECK(EVP_EncryptInit_ex2(s.sealing, nullptr, key, as_uchar(iv), nullptr) == 1);
  s.sealing_keyed = true;
  int length = 0;
  if (!aad.empty())
    SEALANE_CHECK(EVP_EncryptUpdate(s.sealing, nullptr, &length, as_uchar(aad),
                                    checked_cast<int>(aad.size())) == 1);
  run_update(EVP_EncryptUpdate, s.sealing, plaintext, ciphertext);
  unsigned char none[16];
  SEALANE_CHECK(EVP_EncryptFinal_ex(s.sealing, none, &length) == 1);
  SEALANE_CHECK(EVP_CIPHER_CTX_ctrl(s.sealing, EVP_CTRL_AEAD_GET_TAG, checked_cast<int>(tag.size()),
                                    as_uchar(tag)) == 1);
}

bool AesGcm::open(ByteSpan iv, ByteSpan aad, ByteSpan ciphertext, ByteSpan tag,
                  MutableByteSpan plaintext) {
  State& s = *state_;
  SEALANE_CHECK(s.key_set && iv.size() == kAesGcmIvBytes && tag.size() == kAesGcmTagBytes &&
                ciphertext.size() == plaintext.size());
  // The library takes the tag through a pointer to mutable memory.
  GcmTag expected{};
  copy_bytes(expected, tag);
  const unsigned char* key = s.opening_keyed ? nullptr : as_uchar(s.key_span());
  SEALANE_CHECK(EVP_DecryptInit_ex2(s.opening, nullptr, key, as_uchar(iv), nullptr) == 1);
  s.opening_keyed = true;
  int length = 0;
  if (!aad.empty())
    SEALANE_CHECK(EVP_DecryptUpdate(s.opening, nullptr, &length, as_uchar(aad),
                                    checked_cast<int>(aad.size())) == 1);
  run_update(EVP_DecryptUpdate, s.opening, ciphertext, plaintext);
  SEALANE_CHECK(EVP_CIPHER_CTX_ctrl(s.opening, EVP_CTRL_AEAD_SET_TAG,
                                    checked_cast<int>(expected.size()),
                                    as_uchar(MutableByteSpan(expected))) == 1);
  unsigned char none[16];
  if (EVP_DecryptFinal_ex(s.opening, none, &length) == 1) return true;
  std::ranges::fill(plaintext, std::byte{0});
  return false;
}

}  // namespace sealane::crypto
