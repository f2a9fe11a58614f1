// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

namespace sealane {
namespace {

TEST(Base64, AgreesWithRfc4648Vectors) {
  // RFC 4648 §10.
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(to_base64(as_bytes(plain)), coded);
    ASSERT_TRUE(from_base64(coded));
    EXPECT_EQ(to_text(*from_base64(coded)), plain);
  }
}

TEST(Base64, RefusesLeftoverBitsAndStrayCharacters) {
  EXPECT_FALSE(from_base64("Zh=="));
  EXPECT_FALSE(from_base64("Zm9="));
  EXPECT_FALSE(from_base64("Zg="));
  EXPECT_FALSE(from_base64("Z==="));
  EXPECT_FALSE(from_base64("Zm 8"));
}

TEST(ByteReader, LeavesItsPlaceWhenTooLittleIsLeft) {
  const Bytes bytes = *from_hex("0102030405");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.be<std::uint32_t>(), 0x01020304u);
  EXPECT_FALSE(reader.be<std::uint16_t>());
  EXPECT_EQ(reader.left(), 1u);
  EXPECT_EQ(reader.be<std::uint8_t>(), 5);
}

TEST(TwentyDigits, HoldTheLargestNumberAndKeepOrder) {
  EXPECT_EQ(twenty_digits(0), "00000000000000000000");
  EXPECT_EQ(twenty_digits(~std::uint64_t{0}), "18446744073709551615");
  EXPECT_LT(twenty_digits(99), twenty_digits(100));
}

TEST(Hex, RoundTripsAndRefusesOddLength) {
  EXPECT_EQ(to_hex(*from_hex("00ff7A")), "00ff7a");
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

}  // namespace
}  // namespace sealane
