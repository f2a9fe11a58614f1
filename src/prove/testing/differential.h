// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

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
// up to the first disagreement.
DifferentialReport compare_with_evaluator(const policy::Catalogue& catalogue,
                                          solver::Solver& solver,
                                          const DifferentialOptions& options);

}  // namespace sealane::prove
