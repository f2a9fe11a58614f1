// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/secret.h"

namespace sealane::crypto {

enum class HkdfHash { Sha256, Sha384, Sha512 };

// HKDF: one extract, then any number of expands from it.  Reusable: the library's context lives as
// long as the object.
//
// Source:  RFC 5869 §2.
// Threads: one at a time.
// Secrets: the extracted key is wiped by the next extract() and on destruction.
class Hkdf {
 public:
  explicit Hkdf(HkdfHash hash = HkdfHash::Sha512);
  ~Hkdf();
  Hkdf(Hkdf&&) noexcept;
  Hkdf& operator=(Hkdf&&) noexcept;

  void extract(ByteSpan salt, ByteSpan key_material);
  // Fills `out`, at most one block of T (the hash's length), from what extract() left.
  void expand(ByteSpan info, MutableByteSpan out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sealane::crypto
