// SPDX-License-Identifier: Apache-2.0
#include "check/testing/cases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "iac/read.h"
#include "solver/solver.h"

namespace sealane::check {
namespace {

prove::Proof prove_with_solvers(const prove::Scope& scope,
                                std::span<const policy::Document> documents,
                                const prove::Options& options) {
  static const policy::Catalogue catalogue = policy::Catalogue::shipped();
  std::vector<solver::Solver> solvers;
  solvers.emplace_back(solver::cvc5_program(),
                       solver::Limits{.time_max = std::chrono::seconds(20)});
  solvers.emplace_back(solver::z3_program(), solver::Limits{.time_max = std::chrono::seconds(20)});
  return prove::prove(catalogue, scope, documents, solvers, options);
}

}  // namespace

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

std::vector<Case> all_cases() {
  std::vector<Case> out;
  for (const auto& folder : std::filesystem::directory_iterator("testdata")) {
    if (!folder.is_directory() || folder.path().filename() == "fuzz") continue;
    Case one{folder.path().filename().string(), {}, {}};
    for (const auto& file : std::filesystem::directory_iterator(folder.path()))
      if (file.path().filename() == "inputs.txt") {
        // Files of another component's tests, one a line.
        std::istringstream lines(text_of(file.path().string()));
        for (std::string line; std::getline(lines, line);) one.files.push_back(line);
      } else if (file.path().filename() != "want.json") {
        one.files.push_back(file.path().string());
      }
    std::ranges::sort(one.files);
    if (one.name.ends_with("-floor13")) one.options = {.min_tls = Tls::V13, .floor_asked = true};
    out.push_back(std::move(one));
  }
  std::ranges::sort(out, {}, &Case::name);
  return out;
}

std::vector<pipeline::Finding> findings_of(
    const std::vector<std::pair<std::string, std::string>>& files, const Options& options) {
  const Rows& rows = Rows::shipped();
  std::vector<iac::Input> inputs;
  for (const auto& [name, text] : files) inputs.push_back({name, text});
  const auto parsed =
      iac::read(inputs, [&](std::string_view type) { return rows.wants(type); }, {});
  for (const Diagnostic& d : parsed.diagnostics)
    if (d.severity == Severity::Error) ADD_FAILURE() << to_text(d);
  if (!parsed.value) return {};
  return judge(*parsed.value, rows, policy::Catalogue::shipped(), prove_with_solvers, options);
}

std::vector<pipeline::Finding> findings_of(const Case& one) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const std::string& file : one.files) files.emplace_back(file, text_of(file));
  return findings_of(files, one.options);
}

}  // namespace sealane::check
