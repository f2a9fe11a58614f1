// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace sealane::crypto {

inline constexpr std::size_t kAesGcmIvBytes = 12;
inline constexpr std::size_t kAesGcmTagBytes = 16;
inline constexpr std::size_t kAes256KeyBytes = 32;
// Whether AES has keys of that length.
constexpr bool is_aes_key_size(std::size_t bytes) {
  return bytes == 16 || bytes == 24 || bytes == kAes256KeyBytes;
}
using GcmIv = std::array<std::byte, kAesGcmIvBytes>;
using GcmTag = std::array<std::byte, kAesGcmTagBytes>;

// AES-GCM with 12-byte IVs and 16-byte tags; the key's length says which AES.  Ciphers are fetched
// once per process and contexts once per object; a key change costs one key schedule, an unchanged
// key nothing.
//
// Source:  NIST SP 800-38D.  The caller never uses one IV twice for sealing under one key.
// Threads: one at a time.
// Secrets: the key is wiped on destruction and on key change.
class AesGcm {
 public:
  AesGcm();
  ~AesGcm();
  AesGcm(AesGcm&&) noexcept;
  AesGcm& operator=(AesGcm&&) noexcept;

  // 16, 24 or 32 bytes.
  void set_key(ByteSpan key);

  // Encrypts `plaintext` into `ciphertext` (same length; may be the same memory) and writes the
  // 16-byte tag.
  void seal(ByteSpan iv, ByteSpan aad, ByteSpan plaintext, MutableByteSpan ciphertext,
            MutableByteSpan tag);

  // Decrypts into `plaintext` (same length; may be the same memory).  False when the tag does not
  // fit; `plaintext` then holds zeros.
  [[nodiscard]] bool open(ByteSpan iv, ByteSpan aad, ByteSpan ciphertext, ByteSpan tag,
                          MutableByteSpan plaintext);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sealane::crypto
