// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace sealane::crypto {

// Bytes that a seed fixes, for tests that must repeat.  Nothing of a program links this: what a
// message is sealed with comes from crypto/random.h.
class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : seed_(seed) {}
  void fill(MutableByteSpan to);
  Bytes bytes(std::size_t count) {
    Bytes out(count);
    fill(out);
    return out;
  }
  // Below `bound`, which is not 0.
  std::uint64_t below(std::uint64_t bound);

 private:
  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
};

}  // namespace sealane::crypto
