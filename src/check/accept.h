// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "pipeline/finding.h"

namespace sealane::check {

// Somebody takes a hop as it is.
struct Suppression {
  std::string hop;       // its id; empty: every hop that ends at `resource` or begins there
  std::string resource;  // an address
  std::string reason;
  std::string expires;  // 2027-06-30: the last day
  SourceSpan span;
};

// Reads a file of suppressions: `suppressions: [{ hop or resource, reason, expires }]`.
// Errors: syntax, unknown keys, no reason, no date; each with its place.
Parsed<std::vector<Suppression>> parse_suppressions(std::string_view text, const std::string& file);

// Marks the open and unknown findings that a suppression speaks of.
// Result: a warning for each suppression that has expired, which then counts for nothing, and for
//         each that speaks of no hop.
std::vector<Diagnostic> apply(std::span<const Suppression> suppressions, const std::string& today,
                              std::vector<pipeline::Finding>& findings);

// What an earlier run found: its JSON output.
struct Baseline {
  std::vector<std::pair<std::string, std::string>> hops;  // id and verdict, sorted
};
// Errors: Invalid JSON, or JSON that is no output of `sealane check`.
Parsed<Baseline> parse_baseline(std::string_view text, const std::string& file);

// Marks the open and unknown findings that the baseline has with the same verdict.
void apply(const Baseline& baseline, std::vector<pipeline::Finding>& findings);

}  // namespace sealane::check
