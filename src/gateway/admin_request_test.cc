// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin_request.h"

#include <gtest/gtest.h>

namespace sealane::gateway {
namespace {

TEST(AdminRequest, EveryRequestReadsBack) {
  const AdminRequest all[] = {StatusRequest(), ReloadRequest(), ConfirmRequest{7},
                              WhyRequest{.name = "seattle", .peer = "10.0.0.1", .last = 3},
                              ConnectionsRequest{5}};
  for (const AdminRequest& request : all) {
    const std::string text = to_text(request);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const auto again = parse_admin_request(text);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again->index(), request.index());
    EXPECT_EQ(to_text(*again), text);
  }
}

TEST(AdminRequest, WhatIsNotInTheTableIsRefused) {
  for (const char* text :
       {"", "{", "[]", "1", "{}", R"({"request":1})", R"({"request":"stop"})",
        R"({"request":"status","all":true})", R"({"request":"confirm"})",
        R"({"request":"confirm","registry_generation":-1})",
        R"({"request":"confirm","registry_generation":1.5})",
        R"({"request":"confirm","registry_generation":"1"})",
        R"({"request":"confirm","registry_generation":1e3})", R"({"request":"why","last":100000})",
        R"({"request":"why","name":3})", R"({"request":"status","request":"reload"})",
        R"({"request":"status"} x)"}) {
    const auto parsed = parse_admin_request(text);
    EXPECT_FALSE(parsed.ok()) << text;
  }
  EXPECT_FALSE(parse_admin_request(std::string(1u << 20, ' ') + R"({"request":"status"})").ok());
}

}  // namespace
}  // namespace sealane::gateway
