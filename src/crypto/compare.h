// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace sealane::crypto {

// Whether two byte strings are equal, in time that depends on their length alone.  Different
// lengths are unequal.  Threads: pure.
bool equal_constant_time(ByteSpan a, ByteSpan b);

}  // namespace sealane::crypto
