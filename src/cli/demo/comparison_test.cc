// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/comparison.h"

#include <gtest/gtest.h>

namespace sealane::cli::demo {
namespace {

constexpr const char* kFirst =
    R"({"location":"X","date":"2020-01-01","temp_max":1.50,"marker":"AA"})";
constexpr const char* kSecond =
    R"({"location":"X","date":"2020-01-02","temp_max":2,"marker":"AB"})";

std::vector<Sent> sent() {
  return {{"x", "stations/x/o", kFirst, Origin::Real},
          {"x", "stations/x/o", kSecond, Origin::Real},
          {"sim", "stations/sim/o", "{\"n\":1}", Origin::Simulated}};
}

struct Got {
  const char* thing;
  const char* topic;
  const char* payload;
};

Comparison compare(std::initializer_list<Got> records) {
  Comparer comparer(sent());
  for (const Got& got : records) comparer.take(got.thing, got.topic, as_bytes(got.payload));
  return std::move(comparer).finish();
}

constexpr Got kGoodFirst{"x", "stations/x/o", kFirst};
constexpr Got kGoodSecond{"x", "stations/x/o", kSecond};
constexpr Got kGoodSimulated{"sim", "stations/sim/o", "{\"n\":1}"};

TEST(Comparer, TheSameRecordsInAnyOrderOfThingsAreIdentical) {
  const Comparison out = compare({kGoodSimulated, kGoodFirst, kGoodSecond});
  EXPECT_TRUE(out.identical()) << out.problems.front();
  EXPECT_EQ(out.records, 3u);
  EXPECT_EQ(out.real, 2u);
  EXPECT_EQ(out.simulated, 1u);
  EXPECT_EQ(out.data.columns, (std::vector<std::string>{"location", "date", "temp_max"}));
  EXPECT_EQ(out.data.rows[0].cells[2], "1.50");
}

TEST(Comparer, EveryWayToDifferIsAProblem) {
  const auto problem = [](std::initializer_list<Got> records) {
    const Comparison out = compare(records);
    return out.problems.empty() ? std::string() : out.problems.front();
  };
  EXPECT_EQ(problem({kGoodFirst, kGoodSecond}), "1 records that were sent did not come out");
  EXPECT_EQ(problem({kGoodFirst, kGoodFirst, kGoodSecond, kGoodSimulated}),
            "record 2 from `x` came out twice");
  EXPECT_EQ(problem({kGoodSecond, kGoodFirst, kGoodSimulated}),
            "records of `x` came out in another order");
  EXPECT_EQ(problem({{"x", "stations/x/o", "{}"}}), "record 1 from `x` was never sent");
  EXPECT_EQ(problem({{"y", "stations/x/o", kFirst}}),
            "a record of `x` came out as one of `y` on `stations/x/o`");
}

}  // namespace
}  // namespace sealane::cli::demo
