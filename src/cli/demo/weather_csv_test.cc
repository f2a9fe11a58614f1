// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/weather_csv.h"

#include <gtest/gtest.h>

#include "base/env.h"

namespace sealane::cli::demo {
namespace {

constexpr std::string_view kHead = "location,date,temp_max\n";

Error error_of(const std::string& text) {
  auto out = parse_observations(text, "in.csv");
  EXPECT_FALSE(out.ok());
  return out.ok() ? Error{} : out.error();
}

TEST(WeatherCsv, ExampleHasTwoStationsOf1461Records) {
  PosixEnv env;
  auto text = read_file(env, "../../../examples/weather/weather.csv", 1 << 20);
  ASSERT_TRUE(text.ok());
  auto out = parse_observations(as_text(*text), "weather.csv");
  ASSERT_TRUE(out.ok()) << out.error().message;
  EXPECT_EQ(out->rows.size(), 2922u);
  EXPECT_EQ(out->locations(), (std::vector<std::string>{"Seattle", "New York"}));
  EXPECT_EQ(to_text(out->rows.back().date), "2015-12-31");
  EXPECT_EQ(out->rows.back().line, 2923u);
}

TEST(WeatherCsv, QuotedCellsKeepCommasQuotesAndLineFeeds) {
  auto out = parse_observations(
      std::string(kHead) + "\"a, \"\"b\"\"\nc\",2020-02-29,1\r\nd,2020-01-01,2\n", "x");
  ASSERT_TRUE(out.ok()) << out.error().message;
  EXPECT_EQ(out->rows[0].location, "a, \"b\"\nc");
  EXPECT_EQ(out->rows[1].line, 4u);
  EXPECT_EQ(out->rows[0].cells[2], "1");
}

TEST(WeatherCsv, MistakesAreReportedWithTheirLine) {
  EXPECT_EQ(error_of("location,temp\n").message, "in.csv:1: no column `date`");
  EXPECT_EQ(error_of("location,date,date\n").message, "in.csv:1: column `date` is named twice");
  EXPECT_EQ(error_of(std::string(kHead)).message, "in.csv:1: no observations after the head line");
  EXPECT_EQ(error_of(std::string(kHead) + "a,2020-01-01,1\na,2020-01-02\n").message,
            "in.csv:3: 2 cells where the head has 3");
  EXPECT_EQ(error_of(std::string(kHead) + "a,2021-02-29,1\n").message,
            "in.csv:2: `2021-02-29` is no date");
  EXPECT_EQ(error_of(std::string(kHead) + ",2021-02-28,1\n").message,
            "in.csv:2: `location` is empty");
  EXPECT_EQ(error_of(std::string(kHead) + "a,2020-01-01,1\na,2020-01-01,1\n").message,
            "in.csv:3: `a` has a second record for 2020-01-01");
  EXPECT_EQ(error_of(std::string(kHead) + "\"a,2020-01-01,1\n").message,
            "in.csv:2: a quoted cell is never closed");
}

TEST(WeatherCsv, PayloadKeepsNumbersAsWrittenAndQuotesTheRest) {
  auto out = parse_observations("location,date,a,b\nX,2020-01-01,-0.50,007\n", "x");
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(record_payload(*out, out->rows[0], "AAAA"),
            R"({"location":"X","date":"2020-01-01","a":-0.50,"b":"007","marker":"AAAA"})");
}

TEST(WeatherCsv, OnlyJsonNumbersAreNumbers) {
  for (const char* yes : {"0", "-0", "10", "1.50", "1e9", "1E-2"})
    EXPECT_TRUE(is_json_number(yes)) << yes;
  for (const char* no : {"", "-", "+1", "01", "1.", ".5", "1e", "0x1", "nan", "1 "})
    EXPECT_FALSE(is_json_number(no)) << no;
}

}  // namespace
}  // namespace sealane::cli::demo
