// SPDX-License-Identifier: Apache-2.0
#include "prove/repair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "prove/preserve_internal.h"
#include "prove/testdata/fixture.h"

namespace sealane::prove {
namespace {

// One line of testdata/repairs.tsv.
struct Row {
  std::string name, type, resource, without, claim, min_tls, policy, wanted, mistake;
};

std::vector<Row> rows() {
  return rows_of<Row>("testdata/repairs.tsv",
                      {&Row::name, &Row::type, &Row::resource, &Row::without, &Row::claim,
                       &Row::min_tls, &Row::policy, &Row::wanted, &Row::mistake});
}

policy::Document document_of(const std::string& text,
                             policy::DocumentKind kind = policy::DocumentKind::Resource) {
  auto parsed = policy::parse_document(text, kind, "policy.json");
  EXPECT_TRUE(parsed.value) << text;
  return parsed.value.value_or(policy::Document{});
}

class Repairs : public ::testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(Table, Repairs, ::testing::ValuesIn(rows()), [](const auto& given) {
  std::string name = given.param.name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

TEST_P(Repairs, AreTheEditThatTheMistakeCallsFor) {
  const Row& row = GetParam();
  const ResourceType type = *parse_resource_type(row.type);
  Options options;
  options.claim = *parse_claim(row.claim);
  options.min_tls = row.min_tls;
  if (!row.without.empty()) options.axioms.erase(*parse_axiom(row.without));
  const policy::Document before = document_of(row.policy, document_kind_of(type));
  const Scope scope = *scope_for(catalogue(), type, row.resource, std::span(&before, 1),
                                 options.claim == Claim::Enforce);
  const Proof broken = prove(catalogue(), scope, std::span(&before, 1), solvers(), options);
  ASSERT_TRUE(broken.counterexample) << row.mistake;
  const auto found =
      repair(catalogue(), scope, row.policy, *broken.counterexample, solvers(), options);
  ASSERT_TRUE(found) << row.mistake;
  EXPECT_EQ(found->text, row.wanted) << row.mistake << "\n" << found->what;
  // Proved again, without the fast path, and from the text alone.
  const policy::Document after = document_of(found->text, document_kind_of(type));
  options.fast_path = false;
  EXPECT_EQ(prove(catalogue(), scope, std::span(&after, 1), solvers(), options).outcome,
            Outcome::Holds);
  EXPECT_TRUE(denies_nothing_new_over_tls(catalogue(), scope, before, after, found->keeps_denies,
                                          solvers(), options.axioms,
                                          options.claim == Claim::Floor ? row.min_tls : ""));
}

TEST(RepairTable, HasTheTenMistakes) {
  std::set<std::string> names;
  for (const Row& row : rows()) names.insert(row.name);
  for (const char* mistake :
       {"deny-when-true", "true-and-old-tls", "false-and-old-tls", "objects-only", "bucket-only",
        "short-list", "allow-if-tls", "tls-floor-only", "carve-out-misspelt", "sns-nine"})
    EXPECT_TRUE(names.contains(mistake)) << mistake;
}

TEST(Repair, ARepairThatDeniesTlsIsNone) {
  const policy::Document before = document_of(
      R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b","Condition":{"Bool":{"aws:SecureTransport":"false"}}}})");
  const policy::Document after = document_of(
      R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"}})");
  const Scope scope = *scope_of(catalogue(), ResourceType::S3Bucket, "arn:aws:s3:::b");
  EXPECT_FALSE(denies_nothing_new_over_tls(catalogue(), scope, before, after, false, solvers(),
                                           all_axioms()));
  EXPECT_TRUE(denies_nothing_new_over_tls(catalogue(), scope, after, before, false, solvers(),
                                          all_axioms()));
  EXPECT_FALSE(denies_nothing_new_over_tls(catalogue(), scope, after, before, true, solvers(),
                                           all_axioms()));
}

TEST(Repair, KeepsTheManner) {
  const std::string text =
      "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Deny\",\n"
      "      \"Principal\": \"*\",\n      \"Action\": \"s3:*\",\n      \"Resource\": [\n"
      "        \"arn:aws:s3:::b/*\"\n      ],\n"
      "      \"Condition\": {\"Bool\": {\"aws:SecureTransport\": false}}\n    }\n  ]\n}\n";
  const policy::Document before = document_of(text);
  const Scope scope = *scope_of(catalogue(), ResourceType::S3Bucket, "arn:aws:s3:::b");
  const Proof broken = prove(catalogue(), scope, std::span(&before, 1), solvers(), {});
  ASSERT_TRUE(broken.counterexample);
  const auto found = repair(catalogue(), scope, text, *broken.counterexample, solvers(), {});
  ASSERT_TRUE(found);
  std::string wanted = text;
  wanted.insert(wanted.find("b/*\"") + 4, ",\n        \"arn:aws:s3:::b\"");
  EXPECT_EQ(found->text, wanted);
}

}  // namespace
}  // namespace sealane::prove
