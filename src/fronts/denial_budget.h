// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace sealane::fronts {

// How many refusals of one connection are logged: some at once, then one more with every interval.
// A peer that asks for what it may not have cannot fill the disk with it.
//
// Threads: one at a time.
class DenialBudget {
 public:
  struct Limits {
    std::uint64_t burst = 20;
    Duration interval = std::chrono::seconds(1);
  };
  explicit DenialBudget(const Limits& limits) : limits_(limits), lines_(limits.burst) {}
  DenialBudget() : DenialBudget(Limits()) {}

  // Whether a line is logged now; if so, how many were not since the last one.
  std::optional<std::uint64_t> take(Time now) {
    if (now < since_) since_ = now;
    const auto earned = static_cast<std::uint64_t>((now - since_) / limits_.interval);
    if (lines_ + earned >= limits_.burst || lines_ == limits_.burst) {
      since_ = now;
      lines_ = limits_.burst;
    } else {
      since_ += limits_.interval * static_cast<std::int64_t>(earned);
      lines_ += earned;
    }
    if (lines_ == 0) {
      ++suppressed_;
      return std::nullopt;
    }
    --lines_;
    return std::exchange(suppressed_, 0);
  }
  // Of which no line has spoken yet.
  std::uint64_t suppressed() const { return suppressed_; }

 private:
  Limits limits_;
  std::uint64_t lines_;
  Time since_{};
  std::uint64_t suppressed_ = 0;
};

}  // namespace sealane::fronts
