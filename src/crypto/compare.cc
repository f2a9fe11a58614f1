// SPDX-License-Identifier: Apache-2.0
#include "crypto/compare.h"

#include <openssl/crypto.h>

namespace sealane::crypto {

bool equal_constant_time(ByteSpan a, ByteSpan b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace sealane::crypto
