// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <openssl/rand.h>

#include <limits>

namespace sealane::crypto {

void random_bytes(MutableByteSpan to) {
  if (to.empty()) return;
  SEALANE_CHECK(RAND_bytes(as_uchar(to), checked_cast<int>(to.size())) == 1);
}

Secret random_secret(std::size_t size) {
  Secret out = Secret::zeros(size);
  if (size > 0)
    SEALANE_CHECK(RAND_priv_bytes(as_uchar(out.reveal_mutable()), checked_cast<int>(size)) == 1);
  return out;
}

}  // namespace sealane::crypto
