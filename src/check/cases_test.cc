// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/json.h"
#include "check/testing/cases.h"

// Every folder of testdata is a case: files of infrastructure, and the hops they make in want.json.
// UPDATE_GOLDEN=1 writes want.json anew.
namespace sealane::check {
namespace {

using pipeline::Finding;

std::vector<std::string> deciding_rows(const Finding& finding) {
  std::set<std::string> rows;
  for (const pipeline::Fact& fact : finding.facts)
    if (fact.decides) rows.insert(fact.row);
  return {rows.begin(), rows.end()};
}

std::string summary(const std::vector<Finding>& findings) {
  json::Writer out(1);
  out.begin_array();
  for (const Finding& finding : findings) {
    out.begin_object().field("id", finding.id).field("verdict", to_string(finding.verdict));
    out.field("basis", to_string(finding.basis)).field("code", finding.code);
    out.key("rows").begin_array();
    for (const std::string& row : deciding_rows(finding)) out.value(row);
    out.end_array().field("reason", finding.reason).end_object();
  }
  return out.end_array().str() + "\n";
}

class Cases : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Testdata, Cases, ::testing::ValuesIn(all_cases()), [](const auto& given) {
  std::string name = given.param.name;
  std::ranges::replace_if(name, [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

TEST_P(Cases, MakeTheHopsThatAreWanted) {
  const std::string got = summary(findings_of(GetParam()));
  const std::string want = "testdata/" + GetParam().name + "/want.json";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(want, std::ios::binary) << got;
    return;
  }
  EXPECT_EQ(got, text_of(want)) << want;
}

TEST_P(Cases, IdsDoNotDependOnNamesAndOrderOfFiles) {
  const Case& one = GetParam();
  // A nested stack is found by the name of its template's file.
  if (one.name == "cdk-nested") return;
  std::vector<std::pair<std::string, std::string>> files;
  for (auto file = one.files.rbegin(); file != one.files.rend(); ++file) {
    // Terraform's own names say what a file is.
    const bool tf = file->ends_with(".tf.json");
    files.emplace_back("renamed/" + std::to_string(files.size()) + (tf ? ".tf.json" : ".json"),
                       text_of(*file));
  }
  const auto renamed = findings_of(files, one.options);
  const auto named = findings_of(one);
  ASSERT_EQ(renamed.size(), named.size());
  for (std::size_t i = 0; i < named.size(); ++i) {
    EXPECT_EQ(renamed[i].id, named[i].id);
    EXPECT_EQ(renamed[i].verdict, named[i].verdict) << named[i].id;
  }
}

TEST(Rows, EveryVerdictThatARowCanTakeHasACase) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Case& one : all_cases()) {
    if (one.options.floor_asked) continue;  // rows say what they lead to at the floor of 1.2
    const auto parsed = json::parse(text_of("testdata/" + one.name + "/want.json"));
    ASSERT_TRUE(parsed.value) << one.name;
    for (const json::Value& hop : *parsed.value->array())
      for (const json::Value& row : *hop.find("rows")->array())
        seen.emplace(*row.text(), hop.text_or_empty("verdict"));
  }
  std::set<std::pair<std::string, std::string>> declared;
  for (const Row& row : Rows::shipped().rows())
    for (const pipeline::Verdict verdict : row.verdicts)
      declared.emplace(row.id, to_string(verdict));
  for (const auto& [row, verdict] : declared)
    EXPECT_TRUE(seen.contains({row, verdict})) << row << " has no case for " << verdict;
  for (const auto& [row, verdict] : seen)
    EXPECT_TRUE(declared.contains({row, verdict}))
        << row << " does not say that it can lead to " << verdict;
}

}  // namespace
}  // namespace sealane::check
