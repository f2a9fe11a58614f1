// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/secret.h"

namespace sealane::crypto {

// HKDF with SHA-512: one extract, then any number of expands from it.  Reusable: the library's
// context lives as long as the object.
//
// Source:  RFC 5869 §2.
// Threads: one at a time.
// Secrets: the extracted key is wiped by the next extract() and on destruction.
class HkdfSha512 {
 public:
  HkdfSha512();
  ~HkdfSha512();
  HkdfSha512(HkdfSha512&&) noexcept;
  HkdfSha512& operator=(HkdfSha512&&) noexcept;

  void extract(ByteSpan salt, ByteSpan key_material);
  // Fills `out`, at most 64 bytes (one block of T), from what extract() left.
  void expand(ByteSpan info, MutableByteSpan out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sealane::crypto
