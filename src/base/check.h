// SPDX-License-Identifier: Apache-2.0
#pragma once

// SEALANE_CHECK(cond) ends the process with file and line when `cond` is false, in every build.
// For bugs only: never on anything that came from network, disk, configuration or another process.
// SEALANE_DCHECK is checked in Debug builds alone.

namespace sealane {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace sealane

#define SEALANE_CHECK(cond) \
  ((cond) ? static_cast<void>(0) : ::sealane::check_failed(#cond, __FILE__, __LINE__))
#ifdef NDEBUG
#define SEALANE_DCHECK(cond) static_cast<void>(sizeof(cond))
#else
#define SEALANE_DCHECK(cond) SEALANE_CHECK(cond)
#endif
