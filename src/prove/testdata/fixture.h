// SPDX-License-Identifier: Apache-2.0
// What the tests of claims and of repairs share.
#pragma once

#include <chrono>
#include <fstream>
#include <initializer_list>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "policy/catalogue.h"
#include "solver/solver.h"

namespace sealane::prove {

inline const policy::Catalogue& catalogue() {
  static const policy::Catalogue shipped = policy::Catalogue::shipped();
  return shipped;
}

inline std::span<solver::Solver> solvers() {
  static std::vector<solver::Solver> both = [] {
    std::vector<solver::Solver> out;
    const solver::Limits limits{.time_max = std::chrono::milliseconds(60'000)};
    out.emplace_back(solver::cvc5_program(), limits);
    out.emplace_back(solver::z3_program(), limits);
    return out;
  }();
  return both;
}

// The lines of a table, each into the members of a Row in their order.
template <class Row>
std::vector<Row> rows_of(const std::string& path,
                         std::initializer_list<std::string Row::*> members) {
  std::ifstream file(path);
  std::vector<Row> out;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    std::istringstream in(line);
    Row row;
    for (std::string Row::* member : members) std::getline(in, row.*member, '\t');
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace sealane::prove
