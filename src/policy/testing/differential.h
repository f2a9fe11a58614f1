// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/testing/reference.h"

namespace sealane::policy::reference {

struct DifferentialOptions {
  std::uint64_t seed = 1;
  std::uint64_t pairs = 20'000;
  // Asked every thousand pairs; true ends the run.
  std::function<bool()> enough = [] { return false; };
};

// What two evaluators said of the same question, when that differs.
struct Disagreement {
  std::string documents, request;  // as JSON, case_json.h
  Outcome product{}, reference{};
};

struct DifferentialReport {
  std::uint64_t pairs = 0;
  std::uint64_t sets = 0;          // of documents
  std::uint64_t refused_sets = 0;  // the product reads no such documents; not asked about
  std::array<std::uint64_t, 4> outcomes{};
  std::optional<Disagreement> first;
  std::uint64_t share_in_ppm(Outcome outcome) const;
};

// Asks product and reference about random pairs of documents and requests, up to the first
// disagreement.
DifferentialReport compare_evaluators(const DifferentialOptions& options);

// Takes back each rule of the reference in turn and compares: the rules whose absence the
// comparison did not notice.  Empty: it notices every one.
std::vector<Rule> rules_not_noticed(const DifferentialOptions& options);

std::string_view to_string(Rule rule);

}  // namespace sealane::policy::reference
