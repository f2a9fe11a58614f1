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
using GcmIv = std::array<std::byte, kAesGcmIvBytes>;
using GcmTag = std::array<std::byte, kAesGcmTagBytes>;

// AES-256-GCM with 12-byte IVs and 16-byte tags.  The cipher is fetched once per process and the
// contexts once per object; a key change costs one key schedule, an unchanged key nothing.
//
// Source:  NIST SP 800-38D.  The caller never uses one IV twice for sealing under one key.
// Threads: one at a time.
// Secrets: the key is wiped on destruction and on key change.
class Aes256Gcm {
 public:
  Aes256Gcm();
  ~Aes256Gcm();
  Aes256Gcm(Aes256Gcm&&) noexcept;
  Aes256Gcm& operator=(Aes256Gcm&&) noexcept;

  // Exactly 32 bytes.
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
