// SPDX-License-Identifier: Apache-2.0
#include "http/range.h"

#include <gtest/gtest.h>

namespace sealane::http {
namespace {

TEST(Range, ReadsTheThreeForms) {
  EXPECT_EQ(*parse_range("bytes=0-9"), (RangeSpec{0, 9}));
  EXPECT_EQ(*parse_range("Bytes=5-"), (RangeSpec{5, std::nullopt}));
  EXPECT_EQ(*parse_range("bytes=-5"), (RangeSpec{std::nullopt, 5}));
}

TEST(Range, RefusesEverythingElse) {
  for (const auto text : {"", "bytes=", "bytes=-", "bytes=9-0", "bytes=a-b", "bytes=0-9,20-29",
                          "items=0-9", "bytes 0-9", "bytes=+1-2", "bytes= 1-2", "bytes=1 -2",
                          "bytes=18446744073709551616-", "bytes=1--2"})
    EXPECT_FALSE(parse_range(text).ok()) << text;
}

TEST(Range, ResolvesAgainstTheSize) {
  const auto resolve = [](std::string_view text, std::uint64_t size) {
    return resolve_range(*parse_range(text), size);
  };
  EXPECT_EQ(*resolve("bytes=0-9", 100), (ByteRange{0, 10}));
  EXPECT_EQ(*resolve("bytes=90-200", 100), (ByteRange{90, 10}));
  EXPECT_EQ(*resolve("bytes=99-", 100), (ByteRange{99, 1}));
  EXPECT_EQ(*resolve("bytes=-5", 100), (ByteRange{95, 5}));
  EXPECT_EQ(*resolve("bytes=-500", 100), (ByteRange{0, 100}));
  EXPECT_EQ(*resolve("bytes=0-18446744073709551615", 100), (ByteRange{0, 100}));
  EXPECT_FALSE(resolve("bytes=100-", 100).ok());
  EXPECT_FALSE(resolve("bytes=-0", 100).ok());
  EXPECT_FALSE(resolve("bytes=0-", 0).ok());
}

TEST(ContentRange, ReadsWhatIsWrittenAndNothingElse) {
  EXPECT_EQ(*parse_content_range("bytes 10-14/100"), (ContentRange{{10, 5}, 100}));
  EXPECT_EQ(*parse_content_range("Bytes 0-0/1"), (ContentRange{{0, 1}, 1}));
  for (const auto text :
       {"", "bytes ", "bytes 0-9", "bytes 0-9/*", "bytes */100", "bytes 9-0/100", "bytes 0-100/100",
        "bytes 0/9-100", "bytes=0-9/100", "items 0-9/100", "bytes 0-9/100 ", "bytes  0-9/100",
        "bytes -9/100", "bytes 0-/100", "bytes 0-18446744073709551615/18446744073709551615",
        "bytes 0-9/18446744073709551616"})
    EXPECT_EQ(parse_content_range(text).error().kind, ErrorKind::Corrupt) << text;
}

TEST(Range, WritesWhatItReads) {
  for (const auto text : {"bytes=0-9", "bytes=5-", "bytes=-5"})
    EXPECT_EQ(range_header(*parse_range(text)), text);
  EXPECT_EQ(content_range_header({10, 5}, 100), "bytes 10-14/100");
}

}  // namespace
}  // namespace sealane::http
