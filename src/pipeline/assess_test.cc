// SPDX-License-Identifier: Apache-2.0
#include "pipeline/assess.h"

#include <gtest/gtest.h>

namespace sealane::pipeline {
namespace {

constexpr Time kNow{std::chrono::seconds(1'800'000'000)};  // 2027-01-15
constexpr std::chrono::sys_days kToday{std::chrono::floor<std::chrono::days>(kNow)};

const BuildFacts kBuild{.library = "OpenSSL 3.0.22", .tls13 = true, .post_quantum_groups = false};

Pipeline one_hop(Floor floor = {}) {
  Pipeline p;
  p.name = "p";
  p.transit = floor;
  Node edge;
  edge.name = "edge";
  edge.kind = NodeKind::Gateway;
  Node lake;
  lake.name = "lake";
  lake.kind = NodeKind::Store;
  lake.listen.push_back({ListenerProtocol::Https, 0, {}});
  p.nodes = {edge, lake};
  Hop hop;
  hop.from = "edge";
  hop.to = "lake";
  hop.over = HopProtocol::S3;
  hop.floor = floor;
  p.hops = {hop};
  return p;
}

HopAssessment assessed(const Pipeline& p, const std::vector<Observation>& observations = {},
                       std::optional<Time> configured_at = std::nullopt) {
  return assess(
      p, p.hops[0],
      {.build = kBuild, .configured_at = configured_at, .observations = observations, .now = kNow});
}

Observation seen(const std::string& tls, bool verified = true) {
  return {.at = kNow,
          .tls = tls,
          .group = "x25519",
          .suite = "TLS_AES_256_GCM_SHA384",
          .resumed = false,
          .peer_verified = verified};
}

TEST(Assess, AHopThatSealaneRunsIsEnforcedByTheGateway) {
  const HopAssessment a = assessed(one_hop());
  EXPECT_EQ(a.verdict, Verdict::Enforced);
  EXPECT_EQ(a.basis, Basis::Gateway);
  EXPECT_EQ(a.reason, "`lake` takes only TLS 1.3 or newer, from the certificates of `edge`");
  ASSERT_EQ(a.evidence.size(), 1u);
  EXPECT_EQ(a.evidence[0].kind, EvidenceClass::Declared);
}
TEST(Assess, EvidenceClassesStandSideBySideWithTheirTimes) {
  const HopAssessment a = assessed(one_hop(), {seen("1.3"), seen("1.3")}, kNow);
  ASSERT_EQ(a.evidence.size(), 3u);
  EXPECT_EQ(a.evidence[1].kind, EvidenceClass::Configured);
  EXPECT_EQ(a.evidence[2].kind, EvidenceClass::Observed);
  EXPECT_EQ(a.evidence[2].at, kNow);
  EXPECT_EQ(a.evidence[2].detail,
            "2 connections, the last with TLS 1.3, x25519, TLS_AES_256_GCM_SHA384");
}
TEST(Assess, AnObservationBelowTheFloorIsOpen) {
  for (const Observation& o : {seen("1.2"), seen("TLSv1.1"), seen(""), seen("1.3", false)}) {
    const HopAssessment a = assessed(one_hop(), {seen("1.3"), o});
    EXPECT_EQ(a.verdict, Verdict::Open) << o.tls;
    EXPECT_EQ(a.basis, Basis::None);
    EXPECT_TRUE(a.reason.contains("2027-01-15")) << a.reason;
  }
}
TEST(Assess, ALowerFloorInTheFileChangesWhatIsSaid) {
  const HopAssessment a =
      assessed(one_hop({TlsVersion::Tls12, PostQuantum::Off}), {seen("TLSv1.2")});
  EXPECT_EQ(a.verdict, Verdict::Enforced);
  EXPECT_EQ(a.min_tls, TlsVersion::Tls12);
  EXPECT_TRUE(a.reason.contains("TLS 1.2")) << a.reason;
}
TEST(Assess, AnAcceptedFloorIsShownWithItsDay) {
  Pipeline p = one_hop();
  p.accept.push_back({"edge", "lake", TlsVersion::Tls12, "old store", kToday, {}});
  const HopAssessment a = assessed(p, {seen("1.2")});
  EXPECT_EQ(a.verdict, Verdict::Enforced);
  EXPECT_TRUE(a.reason.contains("lowered until 2027-01-15")) << a.reason;
  ASSERT_EQ(a.notes.size(), 1u);
  EXPECT_TRUE(a.notes[0].contains("old store"));
}
TEST(Assess, AfterItsDayWhatWasAcceptedIsOpen) {
  Pipeline p = one_hop();
  p.accept.push_back(
      {"edge", "lake", TlsVersion::Tls12, "old store", kToday - std::chrono::days(1), {}});
  EXPECT_EQ(assessed(p, {seen("1.2")}).verdict, Verdict::Open);
  // A process that loaded the file while it held still takes the lower version.
  EXPECT_EQ(assessed(p, {}, kNow - std::chrono::days(2)).verdict, Verdict::Open);
  EXPECT_EQ(assessed(p, {}, kNow).verdict, Verdict::Enforced);
}
TEST(Assess, SaysThatThisBuildCannotDoPostQuantum) {
  const HopAssessment a = assessed(one_hop({TlsVersion::Tls13, PostQuantum::Prefer}));
  EXPECT_EQ(a.verdict, Verdict::Enforced);
  ASSERT_EQ(a.notes.size(), 1u);
  EXPECT_TRUE(a.notes[0].contains("OpenSSL 3.0.22 has no ML-KEM"));
}
TEST(Assess, ExitCodeNamesTheWorst) {
  HopAssessment open = assessed(one_hop(), {seen("")});
  HopAssessment good = assessed(one_hop());
  HopAssessment unknown = good;
  unknown.verdict = Verdict::Unknown;
  EXPECT_EQ(exit_code_of(std::vector{good}), 0);
  EXPECT_EQ(exit_code_of(std::vector{good, unknown}), 3);
  EXPECT_EQ(exit_code_of(std::vector{good, unknown, open}), 1);
}

TEST(Assess, ATrustedCaWithoutARevocationListIsSaidOfEachHopThatDevicesUse) {
  Pipeline p = one_hop();
  p.authorities = {{.ca_file = "acme.pem", .crl_file = {}, .span = {}},
                   {.ca_file = "other.pem", .crl_file = "other.crl", .span = {}}};
  EXPECT_TRUE(assessed(p).notes.empty());
  p.nodes[0].kind = NodeKind::Device;
  const auto notes = assessed(p).notes;
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_TRUE(notes[0].contains("`acme.pem` is trusted without a revocation list"));
}

}  // namespace
}  // namespace sealane::pipeline
