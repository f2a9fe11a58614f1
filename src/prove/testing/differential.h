// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "policy/catalogue.h"
#include "solver/solver.h"

namespace sealane::prove {

struct DifferentialOptions {
  std::uint64_t seed = 1;
  std::uint64_t sets = 60;  // of documents of several kinds
  std::uint64_t requests_of_each = 4;
  // Asked after each set; true ends the run.
  std::function<bool()> enough = [] { return false; };
};

struct DifferentialReport {
  std::uint64_t compared = 0;
  std::uint64_t allowed = 0, denied = 0, not_allowed = 0;  // of these
  std::uint64_t undecided = 0;                             // the evaluator cannot tell
  std::uint64_t refused = 0;  // a construct, a request or a document that the encoding has not
  std::uint64_t unanswered = 0;
  std::string first;  // of a disagreement: documents, request, and what each says
};

// Asks evaluator and encoding about random requests to random documents that are decided together,
// up to the first disagreement.  Half of the sets are of what the encoding has.
DifferentialReport compare_with_evaluator(const policy::Catalogue& catalogue,
                                          solver::Solver& solver,
                                          const DifferentialOptions& options);

// Both about one pair: documents and request as policy/testing/case_json.h writes them.  Nothing
// when they are no such pair.
std::optional<DifferentialReport> compare_pair(const policy::Catalogue& catalogue,
                                               solver::Solver& solver, std::string_view documents,
                                               std::string_view request);

}  // namespace sealane::prove
