// SPDX-License-Identifier: Apache-2.0
#include "report/hop_table.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sealane::report {
namespace {

using pipeline::Basis;
using pipeline::EvidenceClass;
using pipeline::HopAssessment;
using pipeline::HopProtocol;
using pipeline::TlsVersion;
using pipeline::Verdict;

std::vector<HopAssessment> two_hops() {
  HopAssessment good;
  good.from = "stations";
  good.to = "edge";
  good.over = HopProtocol::Mqtt;
  good.verdict = Verdict::Enforced;
  good.basis = Basis::Gateway;
  good.min_tls = TlsVersion::Tls13;
  good.reason = "it is so";
  good.evidence = {{EvidenceClass::Declared, std::nullopt, "in the file"},
                   {EvidenceClass::Observed, Time(std::chrono::seconds(0)), "on the wire"}};
  good.notes = {"no ML-KEM"};
  HopAssessment open = good;
  open.from = "e";
  open.to = "l";
  open.verdict = Verdict::Open;
  open.basis = Basis::None;
  open.reason = "bytes passed without TLS";
  return {good, open};
}

TEST(HopTableText, BriefIsVerdictAndOneSentence) {
  EXPECT_EQ(hop_table_text(two_hops(), Detail::Brief),
            "stations -> edge  enforced  it is so\n"
            "e -> l            open      bytes passed without TLS\n"
            "note: no ML-KEM\n");
}
TEST(HopTableText, FullListsEvidenceSideBySide) {
  const std::vector<HopAssessment> hops = two_hops();
  EXPECT_EQ(hop_table_text(std::span(hops).first(1), Detail::Full),
            "stations -> edge  enforced  it is so\n"
            "    basis: gateway; over mqtt; floor: TLS 1.3\n"
            "    declared: in the file\n"
            "    observed 1970-01-01T00:00:00.000000Z: on the wire\n"
            "note: no ML-KEM\n");
}
TEST(HopTableJson, HasTheStableKeys) {
  const auto parsed = json::parse(hop_table_json(two_hops()));
  ASSERT_TRUE(parsed.value);
  const json::Value& hop = parsed.value->find("hops")->array()->at(0);
  std::vector<std::string> keys;
  for (const json::Member& member : *hop.object()) keys.push_back(member.name);
  EXPECT_EQ(keys, (std::vector<std::string>{"from", "to", "over", "verdict", "basis", "min_tls",
                                            "evidence", "reason", "notes"}));
  EXPECT_EQ(hop.find("evidence")->array()->at(1).text_or_empty("class"), "observed");
  EXPECT_EQ(parsed.value->find("summary")->find("open")->number()->lexeme, "1");
  EXPECT_EQ(parsed.value->find("summary")->find("enforced")->number()->lexeme, "1");
}

}  // namespace
}  // namespace sealane::report
