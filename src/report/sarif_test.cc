// SPDX-License-Identifier: Apache-2.0
#include "report/sarif.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace sealane::report {
namespace {

const std::vector<SarifRule> kRules = {{"a-rule", Severity::Warning, "what it is about"},
                                       {"b-rule", Severity::Error, "what else"}};

json::Value log_of(const std::vector<SarifResult>& results, const std::vector<SarifFile>& files) {
  const std::string text = sarif_json({.tool_version = "1.2.3",
                                       .rules = kRules,
                                       .results = results,
                                       .files = files,
                                       .successful = true});
  EXPECT_TRUE(text.ends_with("}\n"));
  auto parsed = json::parse(text);
  EXPECT_TRUE(parsed.value) << text;
  return std::move(*parsed.value);
}
const json::Value& run_of(const json::Value& log) { return log.find("runs")->array()->at(0); }
const json::Value& location_of(const json::Value& log) {
  return *run_of(log)
              .find("results")
              ->array()
              ->at(0)
              .find("locations")
              ->array()
              ->at(0)
              .find("physicalLocation");
}

TEST(Sarif, ResultsHitTheirRules) {
  const json::Value log = log_of({{"b-rule", Severity::Note, {"p.json", 3, 7}, "m", ""},
                                  {"other", Severity::Error, {"p.json", 1, 1}, "m", "h"}},
                                 {});
  EXPECT_EQ(log.text_or_empty("version"), "2.1.0");
  const json::Value& driver = *run_of(log).find("tool")->find("driver");
  EXPECT_EQ(driver.find("rules")->array()->at(1).text_or_empty("id"), "b-rule");
  const json::Value::Array& results = *run_of(log).find("results")->array();
  EXPECT_EQ(results[0].find("ruleIndex")->number()->lexeme, "1");
  EXPECT_EQ(results[0].text_or_empty("level"), "note");
  EXPECT_EQ(results[1].find("ruleIndex"), nullptr);
  EXPECT_EQ(results[1].find("message")->text_or_empty("text"), "m (h)");
}
TEST(Sarif, RegionsHaveLineAndColumn) {
  const json::Value log = log_of({{"a-rule", Severity::Error, {"p.json", 3, 7}, "m", ""}}, {});
  EXPECT_EQ(location_of(log).find("region")->find("startLine")->number()->lexeme, "3");
  EXPECT_EQ(location_of(log).find("region")->find("startColumn")->number()->lexeme, "7");
}
TEST(Sarif, ColumnsCountCharacters) {
  const std::string text = "{\n\"\xc3\xa4\xc3\xb6\": 1}\n";
  const json::Value log =
      log_of({{"a-rule", Severity::Error, {"p.json", 2, 9}, "m", ""}}, {{"p.json", text}});
  EXPECT_EQ(run_of(log).text_or_empty("columnKind"), "unicodeCodePoints");
  EXPECT_EQ(location_of(log).find("region")->find("startColumn")->number()->lexeme, "7");
}
TEST(Sarif, FilesAreUris) {
  auto uri = [](const std::string& file) {
    const json::Value log = log_of({{"a-rule", Severity::Error, {file, 1, 1}, "m", ""}}, {});
    return std::string(location_of(log).find("artifactLocation")->text_or_empty("uri"));
  };
  EXPECT_EQ(uri("a b/c%.json"), "a%20b/c%25.json");
  EXPECT_EQ(uri("/x/y.json"), "file:///x/y.json");
}
TEST(Sarif, NoResultsIsAnEmptyList) {
  const json::Value log = log_of({}, {});
  EXPECT_TRUE(run_of(log).find("results")->array()->empty());
  EXPECT_EQ(*run_of(log).find("invocations")->array()->at(0).find("executionSuccessful")->boolean(),
            true);
}

}  // namespace
}  // namespace sealane::report
