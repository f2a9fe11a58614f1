// SPDX-License-Identifier: Apache-2.0
#include "solver/smt_text.h"

#include <gtest/gtest.h>

namespace sealane::solver {
namespace {

TEST(StringLiteral, LeavesPrintableAsciiAlone) { EXPECT_EQ(*string_literal("a b~"), "\"a b~\""); }

TEST(StringLiteral, DoublesQuotesAndEscapesTheRest) {
  EXPECT_EQ(*string_literal("\"\\\n\x7F"), "\"\"\"\\u{5c}\\u{a}\\u{7f}\"");
  EXPECT_EQ(*string_literal("é日😀"), "\"\\u{e9}\\u{65e5}\\u{1f600}\"");
  EXPECT_EQ(*string_literal("\\u{41}"), "\"\\u{5c}u{41}\"");
  EXPECT_EQ(*string_literal(std::string_view("\0", 1)), "\"\\u{0}\"");
}

TEST(StringLiteral, RefusesWhatTheTheoryHasNot) {
  EXPECT_EQ(string_literal("\xFF").error().kind, ErrorKind::Invalid);
  EXPECT_TRUE(string_literal("\xF0\xAF\xBF\xBF").ok());                                // U+2FFFF
  EXPECT_EQ(string_literal("\xF0\xB0\x80\x80").error().kind, ErrorKind::Unsupported);  // U+30000
}

TEST(Symbol, QuotesAndRefusesWhatWouldEndTheQuote) {
  EXPECT_EQ(*symbol("aws:SecureTransport?"), "|aws:SecureTransport?|");
  for (const char* bad : {"", "a|b", "a\\b", "a\nb", "é"})
    EXPECT_EQ(symbol(bad).error().kind, ErrorKind::Invalid) << bad;
}

TEST(RealLiteral, WritesDecimalsExactly) {
  EXPECT_EQ(*real_literal("1.2"), "1.2");
  EXPECT_EQ(*real_literal("-007"), "(- 7.0)");
  EXPECT_EQ(*real_literal("000"), "0.0");
  for (const char* bad : {"", "-", "1.", ".5", "1e3", "+1", "1.2.3", "1 "})
    EXPECT_EQ(real_literal(bad).error().kind, ErrorKind::Invalid) << bad;
}

}  // namespace
}  // namespace sealane::solver
