// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <gtest/gtest.h>

#include <string>

#include "base/json.h"

namespace sealane::json {
namespace {

std::string part(const std::string& text, const Extent& extent) {
  return text.substr(extent.begin, extent.end - extent.begin);
}

TEST(JsonText, FindsEveryValueWhereTheParserSaysThatItBegins) {
  const std::string text = "\n[ {\"a\\\"]\": [1, \"}\"]} , -1.5e3,\"x\\\\\" ,null\n]";
  const auto parsed = parse(text);
  ASSERT_TRUE(parsed.value);
  const std::size_t begin = offset_of(text, parsed.value->span);
  EXPECT_EQ(value_end(text, begin), text.size());
  const auto items = items_of(text, begin);
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(part(text, items[0]), R"({"a\"]": [1, "}"]})");
  EXPECT_EQ(part(text, items[1]), "-1.5e3");
  EXPECT_EQ(part(text, items[2]), R"("x\\")");
  EXPECT_EQ(part(text, items[3]), "null");
  for (std::size_t i = 0; i < items.size(); ++i)
    EXPECT_EQ(items[i].begin, offset_of(text, (*parsed.value->array())[i].span));
}

TEST(JsonText, FindsMembersAndTheirValues) {
  const std::string text = R"({"a" : {"b": []},"c":true})";
  const auto members = items_of(text, 0);
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(part(text, members[0]), R"("a" : {"b": []})");
  EXPECT_EQ(part(text, value_of(text, members[0])), R"({"b": []})");
  EXPECT_EQ(part(text, value_of(text, members[1])), "true");
}

TEST(JsonText, EmptyArraysAndObjectsHaveNoItems) {
  EXPECT_TRUE(items_of("[ ]", 0).empty());
  EXPECT_TRUE(items_of("{}", 0).empty());
}

TEST(JsonText, StaysInsideATextThatIsNoJson) {
  for (const std::string& text : {std::string("[\"a"), std::string("{\"a\":"), std::string("[\\"),
                                  std::string("\"\\"), std::string("]"), std::string("")}) {
    EXPECT_LE(value_end(text, 0), text.size());
    for (const Extent& item : items_of(text, 0)) EXPECT_LE(item.end, text.size());
  }
}

}  // namespace
}  // namespace sealane::json
