// SPDX-License-Identifier: Apache-2.0
#include "http/uri.h"

#include <gtest/gtest.h>

namespace sealane::http {
namespace {

TEST(PercentDecode, IsStrict) {
  EXPECT_EQ(*percent_decode("a%20b+c%2f%C3%A9"), "a b+c/\xc3\xa9");
  for (const auto text :
       {"%", "%2", "%zz", "%2g", "%00", "a b", "\xc3\xa9", "%C3", "%ED%A0%80", "\x7f"})
    EXPECT_FALSE(percent_decode(text).ok()) << text;
}

TEST(PercentEncode, IsUndoneByDecode) {
  std::string every;
  for (int c = 1; c < 128; ++c) every += static_cast<char>(c);
  every += "\xc3\xa9";
  EXPECT_EQ(*percent_decode(percent_encode(every, Slash::Keep)), every);
  EXPECT_EQ(*percent_decode(percent_encode(every, Slash::Encode)), every);
  EXPECT_EQ(percent_encode("a/b c", Slash::Keep), "a/b%20c");
  EXPECT_EQ(percent_encode("a/b", Slash::Encode), "a%2Fb");
}

TEST(SplitTarget, SplitsAndRefuses) {
  const auto split = split_target("/a%20b?x=1&y&z=a%3Db=c&");
  ASSERT_TRUE(split.ok());
  EXPECT_EQ(split->path, "/a%20b");
  EXPECT_EQ(split->query, (std::vector<QueryParameter>{{"x", "1"}, {"y", ""}, {"z", "a=b=c"}}));
  for (const auto text : {"", "a", "/a#b", "/a?x=%zz", "/a?x=1&x=2", "/a?%78=1&x=2"})
    EXPECT_FALSE(split_target(text).ok()) << text;
  std::string many = "/?";
  for (int i = 0; i < 33; ++i) many += "p" + std::to_string(i) + "&";
  EXPECT_FALSE(split_target(many).ok());
}

}  // namespace
}  // namespace sealane::http
