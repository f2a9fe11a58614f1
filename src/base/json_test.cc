// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gtest/gtest.h>

namespace sealane::json {
namespace {

TEST(JsonParse, KeepsNumberLexemes) {
  auto parsed = parse(R"({"a": 1.10, "b": [-0.5e3, 123456789012345678901234567890]})");
  ASSERT_TRUE(parsed.value) << to_text(parsed.diagnostics.at(0));
  EXPECT_EQ(parsed.value->find("a")->number()->lexeme, "1.10");
  EXPECT_EQ(parsed.value->find("b")->array()->at(0).number()->lexeme, "-0.5e3");
  EXPECT_EQ(parsed.value->find("b")->array()->at(1).number()->lexeme,
            "123456789012345678901234567890");
}

TEST(JsonParse, NamesTheSecondOfTwoEqualMembersAtAnyDepth) {
  auto parsed = parse("{\"a\": {\n  \"k\": 1,\n  \"\\u006b\": 2}}", {.file = "f.json"});
  EXPECT_FALSE(parsed.value);
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_EQ(parsed.diagnostics[0].span, (SourceSpan{"f.json", 3, 3}));
}

TEST(JsonParse, GivesEveryValueItsPlace) {
  auto parsed = parse("{\n  \"a\": true,\n  \"b\": [1, \"x\"]\n}");
  ASSERT_TRUE(parsed.value);
  EXPECT_EQ(parsed.value->find("a")->span.line, 2u);
  EXPECT_EQ(parsed.value->find("a")->span.column, 8u);
  const Value& x = parsed.value->find("b")->array()->at(1);
  EXPECT_EQ(x.span.line, 3u);
  EXPECT_EQ(x.span.column, 12u);
}

TEST(JsonParse, RefusesWhatIsNotJson) {
  for (const char* text :
       {"", "{", "[1,]", "{\"a\":1,}", "{} {}", "[01]", "[1.]", "nul", "[\"\t\"]", "{\"a\" 1}",
        "[+1]", "\"\\x\"", "[tru]", "1 2", "{\"a\":nx}", "[nulls]", "n"}) {
    auto parsed = parse(text);
    EXPECT_FALSE(parsed.value) << text;
    EXPECT_FALSE(parsed.diagnostics.empty()) << text;
  }
}

TEST(JsonParse, RefusesNestingBeyondTheLimit) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  EXPECT_FALSE(parse(deep).value);
  const std::string fits = std::string(60, '[') + std::string(60, ']');
  EXPECT_TRUE(parse(fits).value);
}

TEST(JsonParse, ReadsScalarsAtTheTop) {
  EXPECT_EQ(*parse("\"x\"").value->text(), "x");
  EXPECT_EQ(parse(" 12 ").value->number()->lexeme, "12");
  EXPECT_TRUE(*parse("true").value->boolean());
}

TEST(JsonWriter, EscapesAndReplacesWhatIsNotUtf8) {
  EXPECT_EQ(quote("a\"\\\n\x01\xff"
                  "\xc3\xa9"),
            "\"a\\\"\\\\\\n\\u0001\\ufffd\xc3\xa9\"");
}

TEST(OneLine, NothingInItSteersATerminal) {
  EXPECT_EQ(sealane::one_line("a\x1b[2J\n\x7f\xc2\x9b"
                              "31m\xc2\xa0\xc3\xa9"),
            "a?[2J??"
            "?31m\xc2\xa0\xc3\xa9");
}

TEST(JsonWriter, WritesNestedValues) {
  Writer w;
  w.begin_object().field("a", 1).key("b").begin_array().value("x").value(true).null().end_array();
  w.key("c").begin_object().end_object().end_object();
  EXPECT_EQ(w.str(), R"({"a":1,"b":["x",true,null],"c":{}})");
}

}  // namespace
}  // namespace sealane::json
