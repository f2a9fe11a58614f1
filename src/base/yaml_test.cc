// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.h"

#include <gtest/gtest.h>

namespace sealane::yaml {
namespace {

const json::Value& at(const Parsed<json::Value>& parsed, std::string_view name) {
  return *parsed.value->find(name);
}

TEST(YamlParse, ResolvesTheCoreSchemaAndNothingElse) {
  auto parsed = parse(
      "a: yes\nb: true\nc: 1.10\nd: \"1.2\"\ne: ~\nf:\ng: 0x1F\nh: 1.2.3\ni: on\nj: 2027-06-30\nk: "
      "'null'\nl: -.inf\n"
      "m: 12_000\nn: 0o17\n");
  ASSERT_TRUE(parsed.value) << to_text(parsed.diagnostics.at(0));
  EXPECT_EQ(*at(parsed, "a").text(), "yes");
  EXPECT_TRUE(*at(parsed, "b").boolean());
  EXPECT_EQ(at(parsed, "c").number()->lexeme, "1.10");
  EXPECT_EQ(*at(parsed, "d").text(), "1.2");
  EXPECT_TRUE(std::holds_alternative<std::nullptr_t>(at(parsed, "e").data));
  EXPECT_TRUE(std::holds_alternative<std::nullptr_t>(at(parsed, "f").data));
  EXPECT_EQ(at(parsed, "g").number()->lexeme, "0x1F");
  EXPECT_EQ(*at(parsed, "h").text(), "1.2.3");
  EXPECT_EQ(*at(parsed, "i").text(), "on");
  EXPECT_EQ(*at(parsed, "j").text(), "2027-06-30");
  EXPECT_EQ(*at(parsed, "k").text(), "null");
  EXPECT_EQ(at(parsed, "l").number()->lexeme, "-.inf");
  EXPECT_EQ(*at(parsed, "m").text(), "12_000");
  EXPECT_EQ(at(parsed, "n").number()->lexeme, "0o17");
}

TEST(YamlParse, GivesNamesAndValuesTheirPlaces) {
  auto parsed = parse("a:\n  - { b: 1,\n      c: x }\n", {.file = "p.yaml"});
  ASSERT_TRUE(parsed.value);
  const json::Value& item = at(parsed, "a").array()->at(0);
  EXPECT_EQ(item.span, (SourceSpan{"p.yaml", 2, 5}));
  EXPECT_EQ(item.object()->at(1).span, (SourceSpan{"p.yaml", 3, 7}));
  EXPECT_EQ(item.object()->at(1).value.span, (SourceSpan{"p.yaml", 3, 10}));
}

TEST(YamlParse, ColumnsCountBytes) {
  auto parsed = parse("\"\xc3\xa9\xc3\xa9\": x\n\"\xc3\xa9\": { a: &b 1 }\n");
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_EQ(parsed.diagnostics[0].span.line, 2u);
  EXPECT_EQ(parsed.diagnostics[0].span.column, 12u);
}

TEST(YamlParse, RefusesAnchorsAliasesTagsAndMergeKeysAllAtOnce) {
  auto parsed = parse("a: &x { k: 1 }\nb: *x\nc: !!str 1\nd: { <<: { k: 2 } }\n");
  EXPECT_FALSE(parsed.value);
  ASSERT_EQ(parsed.diagnostics.size(), 4u);
  EXPECT_EQ(parsed.diagnostics[0].span.line, 1u);
  EXPECT_EQ(parsed.diagnostics[1].span.line, 2u);
  EXPECT_EQ(parsed.diagnostics[2].span.line, 3u);
  EXPECT_EQ(parsed.diagnostics[3].span.line, 4u);
  for (const Diagnostic& d : parsed.diagnostics) EXPECT_FALSE(d.hint.empty()) << to_text(d);
}

TEST(YamlParse, NamesTheSecondOfTwoEqualKeys) {
  auto parsed = parse("a: 1\nb: 2\n\"a\": 3\n");
  EXPECT_FALSE(parsed.value);
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_EQ(parsed.diagnostics[0].span.line, 3u);
}

TEST(YamlParse, RefusesKeysThatAreNotText) {
  for (const char* text : {"1: a\n", "true: a\n", "? [a]\n: b\n", "? {a: b}\n: c\n", "~: a\n"})
    EXPECT_FALSE(parse(text).value) << text;
}

TEST(YamlParse, RefusesMoreThanOneDocumentAndNone) {
  EXPECT_FALSE(parse("a: 1\n---\nb: 2\n").value);
  EXPECT_FALSE(parse("").value);
  EXPECT_FALSE(parse("# nothing\n").value);
  EXPECT_TRUE(parse("---\na: 1\n...\n").value);
}

TEST(YamlParse, RefusesSyntaxErrorsWithTheirPlace) {
  auto parsed = parse("a: 1\nb: [1, 2\nc: 3\n");
  EXPECT_FALSE(parsed.value);
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_EQ(parsed.diagnostics[0].span.line, 3u);
  EXPECT_FALSE(parse("a: \"\xff\"\n").value);
  EXPECT_FALSE(parse("a: b: c\n").value);
}

TEST(YamlParse, HoldsItsLimits) {
  EXPECT_FALSE(parse(std::string(40, '[') + std::string(40, ']')).value);
  EXPECT_TRUE(parse(std::string(20, '[') + std::string(20, ']')).value);
  EXPECT_FALSE(parse(std::string(200'000, '[')).value);
  EXPECT_FALSE(parse("a: 1", {.bytes_max = 3}).value);
  EXPECT_FALSE(parse("[1,2,3]", {.nodes_max = 3}).value);
  std::string many = "[";
  for (int i = 0; i < 500; ++i) many += "*a,";
  EXPECT_LE(parse(many + "]").diagnostics.size(), 100u);
}

}  // namespace
}  // namespace sealane::yaml
