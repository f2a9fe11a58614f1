// SPDX-License-Identifier: Apache-2.0
#include "check/accept.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sealane::check {
namespace {

using pipeline::Finding;
using pipeline::Verdict;
using ::testing::HasSubstr;

Finding hop(const std::string& from, const std::string& to, Verdict verdict) {
  Finding out;
  out.id = from + "->" + to;
  out.from = from;
  out.to = to;
  out.verdict = verdict;
  return out;
}

std::vector<Suppression> suppressions(const std::string& text) {
  auto parsed = parse_suppressions(text, "s.yaml");
  for (const Diagnostic& d : parsed.diagnostics) ADD_FAILURE() << to_text(d);
  return parsed.value.value_or(std::vector<Suppression>{});
}
std::string errors_of(const std::string& text) {
  std::string out;
  const auto parsed = parse_suppressions(text, "s.yaml");
  EXPECT_FALSE(parsed.value.has_value());
  for (const Diagnostic& d : parsed.diagnostics) out += to_text(d) + "\n";
  return out;
}

TEST(Suppressions, OfAHopAndOfAResourceTakeOpenAndUnknown) {
  const auto all = suppressions(
      "suppressions:\n"
      "  - { hop: a->b, reason: known, expires: \"2027-01-01\" }\n"
      "  - { resource: c, reason: old, expires: \"2027-01-01\" }\n");
  std::vector<Finding> hops = {hop("a", "b", Verdict::Open), hop("x", "c[443]", Verdict::Unknown),
                               hop("c", "d", Verdict::Inherent), hop("x", "cd", Verdict::Open)};
  EXPECT_TRUE(apply(all, "2027-01-01", hops).empty());
  EXPECT_EQ(hops[0].accepted, "until 2027-01-01: known");
  EXPECT_EQ(hops[1].accepted, "until 2027-01-01: old");
  EXPECT_EQ(hops[2].accepted, "");
  EXPECT_EQ(hops[3].accepted, "");
}
TEST(Suppressions, CountForNothingAfterTheirDay) {
  const auto all =
      suppressions("suppressions: [{ hop: a->b, reason: known, expires: \"2027-01-01\" }]\n");
  std::vector<Finding> hops = {hop("a", "b", Verdict::Open)};
  const auto warnings = apply(all, "2027-01-02", hops);
  EXPECT_EQ(hops[0].accepted, "");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(to_text(warnings[0]), HasSubstr("expired on 2027-01-01"));
}
TEST(Suppressions, OfNoHopAreToldOf) {
  const auto all =
      suppressions("suppressions: [{ hop: z, reason: known, expires: \"2027-01-01\" }]\n");
  std::vector<Finding> hops = {hop("a", "b", Verdict::Open)};
  EXPECT_THAT(to_text(apply(all, "2026-01-02", hops).at(0)), HasSubstr("no hop is `z`"));
}
TEST(Suppressions, NeedReasonDateAndOneSubject) {
  EXPECT_THAT(errors_of("suppressions: [{ hop: a, expires: \"2027-01-01\" }]"),
              HasSubstr("no reason"));
  EXPECT_THAT(errors_of("suppressions: [{ hop: a, reason: r }]"), HasSubstr("no date"));
  EXPECT_THAT(errors_of("suppressions: [{ hop: a, reason: r, expires: \"2027-13-01\" }]"),
              HasSubstr("no date"));
  EXPECT_THAT(errors_of("suppressions: [{ reason: r, expires: \"2027-01-01\" }]"),
              HasSubstr("one of hop and resource"));
  EXPECT_THAT(
      errors_of("suppressions: [{ hop: a, resource: b, reason: r, expires: \"2027-01-01\" }]"),
      HasSubstr("one of"));
  EXPECT_THAT(errors_of("suppressions: [{ hopp: a, reason: r, expires: \"2027-01-01\" }]"),
              HasSubstr("did you mean `hop`?"));
  EXPECT_THAT(errors_of("hops: []"), HasSubstr("one key, suppressions"));
}
TEST(Baseline, TakesWhatAnEarlierRunFoundWithTheSameVerdict) {
  const auto baseline = parse_baseline(
      R"({"hops": [{"id": "c->d", "verdict": "unknown"}, {"id": "a->b", "verdict": "open"}]})",
      "b.json");
  ASSERT_TRUE(baseline.value);
  std::vector<Finding> now = {hop("a", "b", Verdict::Open), hop("c", "d", Verdict::Open),
                              hop("e", "f", Verdict::Open)};
  apply(*baseline.value, now);
  EXPECT_EQ(now[0].accepted, "in the baseline");
  EXPECT_EQ(now[1].accepted, "");
  EXPECT_EQ(now[2].accepted, "");
}
TEST(Baseline, OtherJsonIsRefused) {
  EXPECT_FALSE(parse_baseline("{}", "b.json").value);
  EXPECT_FALSE(parse_baseline("{\"hops\": [{}]}", "b.json").value);
  EXPECT_FALSE(parse_baseline("[", "b.json").value);
}

}  // namespace
}  // namespace sealane::check
