// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <gtest/gtest.h>

namespace sealane {
namespace {

using namespace std::string_view_literals;

TEST(Utf8, AcceptsEveryLengthOfCharacter) {
  for (std::string_view text :
       {""sv, "plain ascii, long enough for a word"sv, "\0"sv, "\xc2\x80"sv, "\xdf\xbf"sv,
        "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv, "\xee\x80\x80"sv, "\xef\xbf\xbf"sv,
        "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv, "12345678\xc3\xa9"sv, "1234567\xc3\xa9tail"sv})
    EXPECT_TRUE(is_utf8(text)) << text;
}

TEST(Utf8, RefusesLongFormsSurrogatesAndWhatIsCutShort) {
  for (std::string_view text :
       {"\x80"sv, "\xc0\xaf"sv, "\xc1\xbf"sv, "\xc3"sv, "\xe0\x9f\xbf"sv, "\xe2\x82"sv,
        "\xed\xa0\x80"sv, "\xed\xbf\xbf"sv, "\xf0\x8f\xbf\xbf"sv, "\xf0\x9f\x98"sv,
        "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xff"sv, "12345678\xc3"sv, "1234567\xff"sv})
    EXPECT_FALSE(is_utf8(text));
}

}  // namespace
}  // namespace sealane
