// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sealane::bench {

// Latencies in microseconds, in buckets of at most 1/32 of their value: quantiles are right to
// about 3 %.
class Latencies {
 public:
  void add(std::uint64_t us) { ++buckets_[bucket_of(us)], ++count_; }
  void add(const Latencies& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
  }
  std::uint64_t count() const { return count_; }

  // The upper end of the bucket that holds the given share (0.5, 0.99) of all latencies.
  std::uint64_t quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > wanted) return upper_end(i);
    }
    return 0;
  }

 private:
  static constexpr std::size_t kSteps = 32;

  static std::size_t bucket_of(std::uint64_t us) {
    if (us < kSteps) return static_cast<std::size_t>(us);
    const auto shift = static_cast<std::size_t>(std::bit_width(us)) - 6;
    return kSteps * (shift + 1) + static_cast<std::size_t>((us >> shift) & (kSteps - 1));
  }
  static std::uint64_t upper_end(std::size_t bucket) {
    if (bucket < kSteps) return bucket;
    const std::size_t shift = bucket / kSteps - 1;
    return ((kSteps + bucket % kSteps + 1) << shift) - 1;
  }

  std::array<std::uint64_t, kSteps * 60> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace sealane::bench
