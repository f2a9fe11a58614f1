// SPDX-License-Identifier: Apache-2.0
// Policies as people write them (testdata/transport.tsv), and what the tables have to cover.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "policy/document.h"
#include "prove/prove.h"
#include "prove/testdata/fixture.h"

namespace sealane::prove {
namespace {

struct Row {
  std::string name, type, resource, claim, min_tls, without, expected, policy, reason, naive,
      mistake;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = rows_of<Row>(
      "testdata/transport.tsv",
      {&Row::name, &Row::type, &Row::resource, &Row::claim, &Row::min_tls, &Row::without,
       &Row::expected, &Row::policy, &Row::reason, &Row::naive, &Row::mistake});
  return all;
}

class Transport : public ::testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(Table, Transport, ::testing::ValuesIn(rows()), [](const auto& given) {
  std::string name = given.param.name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

TEST_P(Transport, IsDecidedAsTheTableSays) {
  const Row& row = GetParam();
  const auto type = parse_resource_type(row.type);
  ASSERT_TRUE(type);
  const auto parsed = policy::parse_document(row.policy, document_kind_of(*type), "policy.json");
  ASSERT_TRUE(parsed.value) << to_text(parsed.diagnostics.front());
  const auto scope = scope_of(catalogue(), *type, row.resource);
  ASSERT_TRUE(scope.ok());
  Options options;
  options.claim = *parse_claim(row.claim);
  options.min_tls = row.min_tls;
  const Proof proof = prove(catalogue(), *scope, std::span(&*parsed.value, 1), solvers(), options);
  EXPECT_EQ(to_string(proof.outcome), row.expected) << row.reason << "\n" << proof.detail;
  EXPECT_EQ(proof.counterexample.has_value(), row.expected == "fails");
  if (!row.naive.empty()) EXPECT_NE(row.naive, row.expected) << "the naive reading is right";
}

// Every way in which people get it wrong, as the project's notes on policies list them.
TEST(TransportTable, ShowsEveryMistakeThatIsKnown) {
  constexpr std::array<std::string_view, 17> kMistakes = {"deny-when-true",
                                                          "true-and-tls-version",
                                                          "false-and-tls-version",
                                                          "objects-only",
                                                          "bucket-only",
                                                          "short-action-list",
                                                          "allow-if-tls",
                                                          "tls-floor-only",
                                                          "misspelt-carve-out",
                                                          "topic-forgotten",
                                                          "sns-nine-actions",
                                                          "default-replaced",
                                                          "operator-for-scanners",
                                                          "scanner-dispute",
                                                          "numeric-closes-plaintext",
                                                          "service-carve-out",
                                                          "carve-out"};
  std::set<std::string> shown;
  for (const Row& row : rows())
    if (!row.mistake.empty()) shown.insert(row.mistake);
  for (const std::string_view mistake : kMistakes)
    EXPECT_TRUE(shown.contains(std::string(mistake))) << mistake;
  EXPECT_EQ(shown.size(), kMistakes.size());
}

TEST(TransportTable, HasAtLeastThirtyWhereTheNaiveReadingIsWrong) {
  EXPECT_GE(std::ranges::count_if(rows(), [](const Row& row) { return !row.naive.empty(); }), 30);
}

TEST(TransportTable, HasEveryKindWithTheOtherTables) {
  struct Typed {
    std::string name, type;
  };
  std::map<std::string, int> kinds;
  std::set<std::string> policies;
  for (const Row& row : rows()) ++kinds[row.type], policies.insert(row.policy);
  EXPECT_GE(policies.size(), 50U);
  for (const Typed& row : rows_of<Typed>("testdata/claims.tsv", {&Typed::name, &Typed::type}))
    ++kinds[row.type];
  kinds["iot"] = static_cast<int>(
      rows_of<Typed>("testdata/confined.tsv", {&Typed::name, &Typed::type}).size());
  int all = 0;
  for (const auto& [kind, count] : kinds) all += count;
  EXPECT_GE(all, 80);
  for (const char* kind : {"s3-bucket", "sqs-queue", "sns-topic", "kms-key", "kinesis-stream",
                           "iot", "vpc-endpoint", "scp", "rcp"})
    EXPECT_GE(kinds[kind], 7) << kind;
}

}  // namespace
}  // namespace sealane::prove
