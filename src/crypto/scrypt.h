// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace sealane::crypto {

// What turns a passphrase into a key, recorded beside what the key protects.
struct ScryptParameters {
  std::uint64_t n = 1u << 17;  // a power of two; memory is 128 * n * r bytes
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  Bytes salt;  // 16 bytes or more
};

// The defaults with a fresh random salt.
ScryptParameters new_scrypt_parameters();

// Source:  RFC 7914.
// Result:  32 bytes.
// Errors:  Invalid – parameters that are no scrypt parameters; TooLarge – more than 1 GiB of
// memory. Bounds:  128 * n * r bytes of memory, 128 MiB at the defaults; about 0.3 s. Threads:
// pure.
Result<Secret> scrypt(ByteSpan passphrase, const ScryptParameters& parameters);

}  // namespace sealane::crypto
