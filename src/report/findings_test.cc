// SPDX-License-Identifier: Apache-2.0
#include "report/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace sealane::report {
namespace {

using pipeline::Finding;
using pipeline::Verdict;
using ::testing::HasSubstr;
using ::testing::Not;

Finding hop(const std::string& from, const std::string& to, Verdict verdict) {
  Finding out;
  out.id = from + "->" + to;
  out.from = from;
  out.to = to;
  out.verdict = verdict;
  out.code = verdict == Verdict::Open ? "plaintext" : "";
  out.reason = "because <of> \"it\" & 100%";
  out.fix = "do | it";
  out.location = {"plan.json", 3, 7};
  out.facts = {{.resource = to,
                .property = "p",
                .value = "v",
                .meaning = "m",
                .location = {"plan.json", 3, 7},
                .row = "r",
                .decides = true}};
  return out;
}

const std::vector<Finding> kHops = {
    hop("devices", "rule", Verdict::Inherent), hop("rule", "stream", Verdict::Inherent),
    hop("stream", "bucket", Verdict::Open), hop("clients", "bucket", Verdict::Unknown)};

TEST(Findings, TextHasALineAndASentenceForEachHopAndTheWorstComeFirst) {
  const std::string text = findings_text(kHops, Detail::Brief);
  EXPECT_TRUE(text.starts_with("open      stream->bucket\n    because"));
  EXPECT_THAT(text, HasSubstr("(plan.json:3:7)"));
  EXPECT_THAT(text, HasSubstr("4 hops: 1 open, 1 unknown, 2 inherent\n"));
}
TEST(Findings, ThePathIsDrawnThroughHopsThatMeet) {
  EXPECT_THAT(findings_text(kHops, Detail::Brief),
              HasSubstr("\ndevices --inherent--> rule --inherent--> stream --open--> bucket\n"));
}
TEST(Findings, ACircleOfHopsEnds) {
  const std::vector<Finding> circle = {hop("x", "a", Verdict::Open), hop("a", "b", Verdict::Open),
                                       hop("b", "a", Verdict::Open)};
  EXPECT_THAT(findings_text(circle, Detail::Brief), HasSubstr("x --open--> a --open--> b"));
}
TEST(Findings, JsonHasWhatTheFormatSays) {
  const auto parsed = json::parse(findings_json(kHops));
  ASSERT_TRUE(parsed.value);
  const json::Value& first = parsed.value->find("hops")->array()->at(0);
  EXPECT_EQ(first.text_or_empty("id"), "devices->rule");
  EXPECT_EQ(first.find("facts")->array()->at(0).find("location")->find("line")->number()->lexeme,
            "3");
  EXPECT_EQ(parsed.value->find("summary")->find("open")->number()->lexeme, "1");
}
TEST(Findings, SarifKeepsItsFingerprintWhenTheHopMoves) {
  std::vector<Finding> moved = kHops;
  for (Finding& finding : moved) finding.location = {"other.json", 9, 1};
  const auto print_of = [](const std::vector<Finding>& hops) {
    const auto log = json::parse(findings_sarif(hops, "1"));
    return std::string(log.value->find("runs")
                           ->array()
                           ->at(0)
                           .find("results")
                           ->array()
                           ->at(2)
                           .find("partialFingerprints")
                           ->text_or_empty("sealaneHop/v1"));
  };
  EXPECT_EQ(print_of(kHops), print_of(moved));
  EXPECT_EQ(print_of(kHops), "stream->bucket open");
}
TEST(Findings, AcceptedHopsAreSuppressedSkippedAndNotAnnotated) {
  std::vector<Finding> hops = {hop("a", "b", Verdict::Open)};
  hops[0].accepted = "until 2027-01-01: known";
  EXPECT_THAT(findings_sarif(hops, "1"),
              HasSubstr("\"justification\": \"until 2027-01-01: known\""));
  EXPECT_THAT(findings_junit(hops), HasSubstr("<skipped message=\"until 2027-01-01: known\"/>"));
  EXPECT_EQ(findings_github(hops), "");
  EXPECT_EQ(pipeline::exit_code_of(hops), 0);
}
TEST(Findings, EachFormatEscapesWhatWouldEndItsText) {
  EXPECT_THAT(findings_junit(kHops), HasSubstr("because &lt;of&gt; &quot;it&quot; &amp; 100%"));
  EXPECT_THAT(findings_github(kHops),
              HasSubstr("::error file=plan.json,line=3,col=7,title=stream->bucket::because <of> "
                        "\"it\" & 100%25%0Afix: do | it\n"));
  EXPECT_THAT(findings_markdown(kHops),
              HasSubstr("| open | stream-&gt;bucket | because &lt;of&gt;"));
  EXPECT_THAT(findings_markdown(kHops), HasSubstr("do \\| it"));
  EXPECT_THAT(findings_mermaid({&kHops[0], 1}), HasSubstr("n0[\"devices\"]"));
}
TEST(Findings, ExplanationSaysWhatDecidedAndTheChange) {
  const std::string text = explanation(kHops[2]);
  EXPECT_THAT(text, HasSubstr("decided by\n  bucket p = v\n    at plan.json:3:7\n    row r: m\n"));
  EXPECT_THAT(text, HasSubstr("smallest change: do | it\n"));
  EXPECT_THAT(text, Not(HasSubstr("also read")));
}

}  // namespace
}  // namespace sealane::report
