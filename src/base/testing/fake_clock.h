// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "base/clock.h"

namespace sealane {

// A clock that stands still until it is told to move.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Time start = Time(std::chrono::seconds(1'760'000'000)))
      : micros_(start.time_since_epoch().count()) {}
  Time now() const override { return Time(Duration(micros_.load())); }
  void advance(Duration by) { micros_ += by.count(); }

 private:
  std::atomic<Duration::rep> micros_;
};

}  // namespace sealane
