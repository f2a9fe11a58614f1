// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sealane {

// Wall-clock time.  Components that decide get it as a value and never read a clock.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

// Seam: time.  Twin: base/testing/fake_clock.h.
// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

// The system's clock.
class SystemClock final : public Clock {
 public:
  Time now() const override;
};

// RFC 3339 in UTC with microseconds: 2026-01-02T03:04:05.000006Z.
std::string to_rfc3339(Time time);

}  // namespace sealane
