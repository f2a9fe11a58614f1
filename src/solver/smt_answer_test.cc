// SPDX-License-Identifier: Apache-2.0
#include "solver/smt_answer.h"

#include <gtest/gtest.h>

namespace sealane::solver {
namespace {

using Kind = Value::Kind;

Value only(std::string_view term) {
  auto values = parse_values("((x " + std::string(term) + "))");
  EXPECT_TRUE(values.ok()) << term;
  return values.ok() && values->size() == 1 ? values->front() : Value{};
}

TEST(ParseValues, ReadsWhatCvc5AndZ3Write) {
  EXPECT_EQ(only("true"), (Value{Kind::Bool, "true"}));
  EXPECT_EQ(only("12"), (Value{Kind::Number, "12"}));
  EXPECT_EQ(only("(- 3)"), (Value{Kind::Number, "-3"}));
  EXPECT_EQ(only("(/ 6 5)"), (Value{Kind::Number, "6/5"}));
  EXPECT_EQ(only("(/ 6.0 5.0)"), (Value{Kind::Number, "6/5"}));
  EXPECT_EQ(only("(- (/ 6.0 5.0))"), (Value{Kind::Number, "-6/5"}));
  EXPECT_EQ(only("(/ (- 6) 5)"), (Value{Kind::Number, "-6/5"}));
  EXPECT_EQ(only("1.25"), (Value{Kind::Number, "125/100"}));
  EXPECT_EQ(only("0.50"), (Value{Kind::Number, "5/10"}));
  EXPECT_EQ(only("2.0"), (Value{Kind::Number, "2"}));
  EXPECT_EQ(only("#b0101"), (Value{Kind::BitVector, "0101"}));
  EXPECT_EQ(only("#xA0"), (Value{Kind::BitVector, "10100000"}));
  EXPECT_EQ(only("\"a\"\"b\\u{e9}\\u00e9\\u{1F600}\""), (Value{Kind::String, "a\"béé😀"}));
}

TEST(ParseValues, ReadsABackslashThatBeginsNoEscapeAsItself) {
  EXPECT_EQ(only(R"("\x \u \u{} \u{123456} \u12")").text, R"(\x \u \u{} \u{123456} \u12)");
}

TEST(ParseValues, GivesWhatItDoesNotKnowAsItIs) {
  EXPECT_EQ(only("(as const (Array Int Int))"), (Value{Kind::Other, "(as const (Array Int Int))"}));
  EXPECT_EQ(only("(/ 1 0)").kind, Kind::Other);
  EXPECT_EQ(only("#b").kind, Kind::Other);
}

TEST(ParseValues, KeepsTheOrderAndTakesAnyTerm) {
  const auto values = parse_values("((|a b| 1)\n ((str.len s) 2) (\"x\" 3))");
  ASSERT_TRUE(values.ok());
  ASSERT_EQ(values->size(), 3U);
  EXPECT_EQ((*values)[2].text, "3");
}

TEST(ParseValues, RefusesWhatIsNoAnswer) {
  for (const char* bad : {"", "sat", "(", "((a 1)", "((a 1)))", "((a))", "((a 1 2))", "(a 1)",
                          "((a \"x))", "((a |x))", "((a 1)) extra"})
    EXPECT_EQ(parse_values(bad).error().kind, ErrorKind::Invalid) << bad;
  EXPECT_EQ(parse_values("((a \"\\u{d800}\"))").error().kind, ErrorKind::Invalid);
}

TEST(ParseValues, IsBoundedInDepthLengthAndNumber) {
  EXPECT_EQ(parse_values(std::string(100'000, '(')).error().kind, ErrorKind::TooLarge);
  EXPECT_EQ(parse_values("((a 1))", {.bytes_max = 6}).error().kind, ErrorKind::TooLarge);
  EXPECT_EQ(parse_values("((a 1) (b 2))", {.values_max = 1}).error().kind, ErrorKind::TooLarge);
}

TEST(ParseSymbols, Unquotes) {
  EXPECT_EQ(*parse_symbols("(|axiom A1| deny-0)"),
            (std::vector<std::string>{"axiom A1", "deny-0"}));
  EXPECT_EQ(parse_symbols("((a))").error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace sealane::solver
