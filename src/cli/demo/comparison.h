// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "cli/demo/weather_csv.h"

namespace sealane::cli::demo {

enum class Origin {
  Real,       // a row of the source
  Simulated,  // made up, for load
  Attempt,    // published by an attempt's repaired client
};

// One record that was sent and acknowledged.
struct Sent {
  std::string thing;
  std::string topic;
  std::string payload;
  Origin origin = Origin::Real;
};

struct Comparison {
  std::uint64_t records = 0;  // that came out
  std::uint64_t real = 0;     // of these, as they were sent
  std::uint64_t simulated = 0;
  std::uint64_t attempts = 0;
  std::vector<std::string> problems;  // the first kProblemsMax, one sentence each
  Observations data;                  // the real records as they came out

  bool identical() const { return problems.empty(); }
};

inline constexpr std::size_t kProblemsMax = 10;

// Compares what comes out of the lake with what was sent: every record once, byte for byte, from
// its own thing and topic, and in the order in which its thing sent it.
//
// Threads: one.
class Comparer {
 public:
  // Records of one thing are given in the order in which it sends them.
  explicit Comparer(std::vector<Sent> sent);

  void take(std::string_view thing, std::string_view topic, ByteSpan payload);
  Comparison finish() &&;

 private:
  void problem(std::string text);
  void keep(std::string_view payload);

  std::vector<Sent> sent_;
  std::vector<bool> seen_;
  std::unordered_map<std::string_view, std::vector<std::size_t>> by_payload_;  // views into sent_
  std::map<std::string, std::size_t, std::less<>> last_of_thing_;
  Comparison out_;
};

}  // namespace sealane::cli::demo
