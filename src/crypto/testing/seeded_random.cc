// SPDX-License-Identifier: Apache-2.0
#include "crypto/testing/seeded_random.h"

#include <algorithm>

#include "crypto/hash.h"

namespace sealane::crypto {

void SeededRandom::fill(MutableByteSpan to) {
  while (!to.empty()) {
    Bytes block;
    put_be(block, seed_);
    put_be(block, counter_++);
    const Sha256 digest = sha256(block);
    const std::size_t count = std::min(to.size(), digest.size());
    copy_bytes(to, ByteSpan(digest).first(count));
    to = to.subspan(count);
  }
}

std::uint64_t SeededRandom::below(std::uint64_t bound) {
  const Bytes eight = bytes(8);
  return load_be<std::uint64_t>(eight) % bound;
}

}  // namespace sealane::crypto
