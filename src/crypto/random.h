// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/secret.h"

namespace sealane::crypto {

// Fills `to` with bytes nobody can predict.  The sole source of randomness in product code; a
// generator that fails ends the process, because nothing sensible can follow.
// Threads: any.
void random_bytes(MutableByteSpan to);

// `size` random bytes that are wiped when they go.  Threads: any.
Secret random_secret(std::size_t size);

}  // namespace sealane::crypto
