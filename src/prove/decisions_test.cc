// SPDX-License-Identifier: Apache-2.0
// The table of the policy language's documentation, asked of the encoding: the same answers.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "policy/testing/case_json.h"
#include "prove/testdata/fixture.h"
#include "prove/testing/differential.h"
#include "prove/testing/fixed_request.h"

namespace sealane::prove {
namespace {

struct Row {
  std::string id, section, documents, request, decision, source;
};

std::vector<Row> decision_rows() {
  return rows_of<Row>(
      "../policy/testdata/decisions.tsv",
      {&Row::id, &Row::section, &Row::documents, &Row::request, &Row::decision, &Row::source});
}

// How much of the table could be compared; the encoding refuses some constructs, and has no callers
// without an account, service-linked roles and values that are not of their key's type.
struct Coverage {
  std::map<std::string, std::size_t> compared;  // by section
  std::size_t rows = 0, unanswered = 0;
};

void compare(const Row& row, solver::Solver& solver, Coverage& coverage) {
  if (row.decision == "refused-document" || row.decision == "not-evaluable") return;
  const auto sources = policy::reference::read_documents(row.documents);
  const auto request = policy::reference::read_request(row.request);
  ASSERT_TRUE(sources && request) << row.id;
  const auto documents = policy::reference::parse_all(*sources);
  ASSERT_TRUE(documents) << row.id;
  ++coverage.rows;
  const auto outcome = policy::reference::ask(policy::compile(*documents), *request).outcome();
  const Encoded encoded = ask_encoding(catalogue(), *documents, *request, solver);
  if (encoded == Encoded::Refused || encoded == Encoded::NoSuchRequest) return;
  if (encoded == Encoded::NoAnswer) {
    ++coverage.unanswered;
    return;
  }
  ++coverage.compared[row.section];
  EXPECT_TRUE(agrees(encoded, outcome)) << row.id << " (" << row.section << "): " << row.decision
                                        << ", not " << static_cast<int>(encoded) << "\n"
                                        << row.documents << "\n"
                                        << row.request;
}

TEST(DecisionTable, IsWhatTheEncodingSaysToo) {
  solver::Solver solver(solver::cvc5_program(), {.time_max = std::chrono::milliseconds(3'000)});
  Coverage coverage;
  std::set<std::string> operators;
  for (const Row& row : decision_rows()) {
    compare(row, solver, coverage);
    if (row.section.starts_with("§4 ") && std::isupper(row.section[4]) != 0)
      operators.insert(row.section);
  }
  for (const std::string& one : operators) EXPECT_GT(coverage.compared[one], 0U) << one;
  std::size_t compared = 0;
  for (const auto& [section, count] : coverage.compared) compared += count;
  EXPECT_GE(compared, coverage.rows * 7 / 10);
  EXPECT_LE(coverage.unanswered, 3U);  // globs of nine stars
}

TEST(Differential, EvaluatorAndEncodingAgreeAboutSetsOfPolicies) {
  solver::Solver solver(solver::cvc5_program(), {.time_max = std::chrono::milliseconds(5'000)});
  const auto seed = 1U + static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  const DifferentialReport report =
      compare_with_evaluator(catalogue(), solver, {.seed = seed, .sets = 120});
  EXPECT_EQ(report.first, "");
  // Of 480 requests.
  EXPECT_GT(report.compared, 150U);
}

}  // namespace
}  // namespace sealane::prove
