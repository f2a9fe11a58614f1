// SPDX-License-Identifier: Apache-2.0
// testdata/sets.tsv: documents of several kinds that decide together, and sets that are compared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/evaluate.h"
#include "policy/testing/case_json.h"
#include "prove/prove.h"
#include "prove/testdata/fixture.h"

namespace sealane::prove {
namespace {

using ::testing::Contains;
using ::testing::Not;

struct Row {
  std::string name, type, resource, account, claim, expected, documents, reference, reason;
};

std::vector<Row> set_rows() {
  return rows_of<Row>("testdata/sets.tsv",
                      {&Row::name, &Row::type, &Row::resource, &Row::account, &Row::claim,
                       &Row::expected, &Row::documents, &Row::reference, &Row::reason});
}

std::vector<policy::Document> set_of(const std::string& text) {
  if (text.empty()) return {};
  const auto sources = policy::reference::read_documents(text);
  EXPECT_TRUE(sources.ok()) << text;
  auto documents = policy::reference::parse_all(*sources);
  EXPECT_TRUE(documents) << text;
  return documents.value_or(std::vector<policy::Document>{});
}

class Sets : public ::testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(Table, Sets, ::testing::ValuesIn(set_rows()), [](const auto& given) {
  std::string name = given.param.name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

Proof proof_of(const Row& row, std::span<const policy::Document> documents,
               std::span<const policy::Document> reference) {
  Scope scope = *scope_of(catalogue(), *parse_resource_type(row.type), row.resource);
  if (scope.account.empty()) scope.account = row.account;
  Options options;
  options.claim = *parse_claim(row.claim);
  options.reference = reference;
  options.fast_path = false;
  return prove(catalogue(), scope, documents, solvers(), options);
}

TEST_P(Sets, AreDecidedAsTheTableSays) {
  const Row& row = GetParam();
  const auto documents = set_of(row.documents);
  const auto reference = set_of(row.reference);
  const Proof proof = proof_of(row, documents, reference);
  EXPECT_EQ(to_string(proof.outcome), row.expected)
      << row.reason << "\n"
      << proof.detail << "\n"
      << (proof.counterexample ? request_json(proof.counterexample->request) : "");
  ASSERT_EQ(proof.counterexample.has_value(), row.expected == "fails");
  EXPECT_EQ(proof.wider.has_value(),
            proof.counterexample.has_value() && compares(*parse_claim(row.claim)));
  if (!proof.counterexample) return;
  // What is shown is read back: of a closed set it is allowed.
  const auto read = policy::parse_request(request_json(proof.counterexample->request),
                                          "request.json", catalogue());
  ASSERT_TRUE(read.value);
  const auto decision =
      policy::decide(policy::compile(documents), read.value->at(*read.value->now));
  if (row.claim == "grant-closed") EXPECT_TRUE(decision.allowed());
  if (row.claim == "enforce") EXPECT_NE(decision.outcome(), policy::Outcome::ExplicitlyDenied);
}

Proof proof_of(const std::string& name) {
  for (const Row& row : set_rows())
    if (row.name == name) return proof_of(row, set_of(row.documents), set_of(row.reference));
  ADD_FAILURE() << name;
  return {};
}

TEST(SetsOfPolicies, NameWhatTheyTakeForGranted) {
  EXPECT_THAT(proof_of("closed-scp").assumptions, Contains("A12"));
  EXPECT_THAT(proof_of("closed-scp").assumptions, Contains("A13"));
  EXPECT_THAT(proof_of("closed-scp").assumptions, Contains("A15"));
  EXPECT_THAT(proof_of("closed-endpoint").assumptions, Contains("A16"));
  EXPECT_THAT(proof_of("scp-no-wider").assumptions, Contains("A17"));
  EXPECT_THAT(proof_of("narrower").assumptions, Not(Contains("A17")));
}

TEST(SetsOfPolicies, SayWhichOfThemAllowsTheRequest) {
  EXPECT_EQ(proof_of("wider-prefix").wider, Wider::Given);
  EXPECT_EQ(proof_of("not-equal-reference-wider").wider, Wider::Reference);
}

TEST(SetsOfPolicies, AreCarriedByWhatIsNeeded) {
  const Proof guard = proof_of("enforce-rcp-beside");
  ASSERT_EQ(guard.carriers.size(), 1U);
  EXPECT_EQ(guard.carriers[0].document, 1U);
  EXPECT_EQ(guard.basis, pipeline::Basis::OrgGuard);
  const Proof halves = proof_of("enforce-halves");
  EXPECT_EQ(halves.carriers.size(), 2U);
  EXPECT_EQ(halves.basis, pipeline::Basis::DenyPolicy);
  EXPECT_EQ(proof_of("closed-bucket-denies").verdict, pipeline::Verdict::Enforced);
  EXPECT_EQ(proof_of("wider-prefix").verdict, std::nullopt);
}

}  // namespace
}  // namespace sealane::prove
