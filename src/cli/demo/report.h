// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/demo/attempt.h"
#include "cli/demo/hop_table.h"
#include "cli/demo/regression.h"

namespace sealane::cli::demo {

inline constexpr std::size_t kBundlesLeast = 8;

// Everything that a run showed.
struct DemoResult {
  // Records of the source: acknowledged to their stations, and come out of the lake as they were
  // sent.
  std::uint64_t records_in = 0;
  std::uint64_t records_out = 0;
  std::uint64_t stations = 0;
  std::uint64_t simulated_in = 0;
  std::uint64_t simulated_out = 0;
  std::uint64_t simulated_stations = 0;
  std::uint64_t attempt_records = 0;
  std::uint64_t bundles = 0;
  std::string head;                   // newest manifest entry, as the trainer keeps it
  std::vector<std::string> problems;  // of the comparison

  std::uint64_t markers = 0;
  std::uint64_t markers_found = 0;
  std::uint64_t control_markers_found = 0;
  std::uint64_t searched_bytes = 0;

  std::vector<Attempt> attempts;
  std::vector<HopRow> hops;
  std::optional<Model> model;
  std::string no_model;             // why there is none
  std::vector<std::string> cannot;  // what this build cannot do
  double seconds = 0;
  std::string kept;  // folder

  // Whether the run showed all that it promises; `failures` says what it did not.
  std::vector<std::string> failures() const;
};

// Source: docs/json.md, `demo`.
std::string to_json(const DemoResult& result);
// For people: tables and short sentences.
std::string to_report(const DemoResult& result);

}  // namespace sealane::cli::demo
