// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/hop_table.h"

#include <gtest/gtest.h>

#include "base/env.h"
#include "pipeline/load.h"

namespace sealane::cli::demo {
namespace {

const Time kNow{std::chrono::seconds(1'800'000'000)};

// The example's pipeline, its floor replaced.
pipeline::Pipeline example_with_floor(std::string_view floor) {
  PosixEnv env;
  auto bytes = read_file(env, "../../../examples/weather/pipeline.yaml", 1 << 20);
  EXPECT_TRUE(bytes.ok());
  std::string text(as_text(*bytes));
  const std::string written = "min_tls: \"1.3\"";
  const std::size_t at = text.find(written);
  EXPECT_NE(at, std::string::npos);
  text.replace(at, written.size(), "min_tls: \"" + std::string(floor) + "\"");
  auto parsed = pipeline::load_pipeline(text, "pipeline.yaml");
  EXPECT_TRUE(parsed.value);
  return *std::move(parsed.value);
}

json::Value open_line(std::string_view peer, std::string_view tls) {
  auto parsed = json::parse(
      R"({"time":"2027-01-15T08:00:00.000001Z","event":"connection-open","listener":"mqtt","peer":")" +
      std::string(peer) + R"(","identity":"spiffe://w/device/x","tls":")" + std::string(tls) +
      R"(","group":"X25519","suite":"TLS_AES_256_GCM_SHA384","resumed":false})");
  return *std::move(parsed.value);
}

std::vector<HopRow> table_of(const pipeline::Pipeline& pipeline, std::string_view tls) {
  HopTraffic traffic{.from = "stations", .to = "edge", .bytes = 1000, .handshakes = {}};
  traffic.handshakes = handshakes_of({open_line("127.0.0.1:5", tls)}, {"127.0.0.1:5"});
  return hop_table({.pipeline = pipeline,
                    .build = {.library = "a library", .tls13 = true, .post_quantum_groups = false},
                    .configured_at = kNow,
                    .now = kNow,
                    .traffic = {traffic}});
}

TEST(HopTable, HasARowForEachHopOfTheFile) {
  const auto rows = table_of(example_with_floor("1.3"), "TLSv1.3");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].bytes, 1000u);
  EXPECT_EQ(rows[0].tls, "1.3");
  EXPECT_EQ(rows[0].group, "X25519");
  EXPECT_EQ(rows[0].assessment.verdict, pipeline::Verdict::Enforced);
  EXPECT_EQ(rows[2].assessment.to, "trainer");
  EXPECT_EQ(rows[2].tls, "");
}

TEST(HopTable, ChangesWhenTheFloorInTheFileIsLowered) {
  const auto strict = table_of(example_with_floor("1.3"), "TLSv1.2");
  const auto lowered = table_of(example_with_floor("1.2"), "TLSv1.2");
  EXPECT_EQ(strict[0].assessment.verdict, pipeline::Verdict::Open)
      << "a connection below the floor was seen";
  EXPECT_EQ(lowered[0].assessment.verdict, pipeline::Verdict::Enforced);
  for (const HopRow& row : strict) EXPECT_EQ(row.assessment.min_tls, pipeline::TlsVersion::Tls13);
  for (const HopRow& row : lowered) {
    EXPECT_EQ(row.assessment.min_tls, pipeline::TlsVersion::Tls12);
    EXPECT_NE(row.assessment.reason.find("TLS 1.2"), std::string::npos) << row.assessment.reason;
  }
}

TEST(HopTable, SaysWhatTheBuildCannotDo) {
  const auto rows = table_of(example_with_floor("1.3"), "TLSv1.3");
  ASSERT_EQ(rows[0].assessment.notes.size(), 1u);
  EXPECT_NE(rows[0].assessment.notes[0].find("post-quantum"), std::string::npos);
}

TEST(HandshakesOf, TakesTheConnectionsOfTheGivenPeersAlone) {
  const auto taken = handshakes_of(
      {open_line("127.0.0.1:5", "TLSv1.3"), open_line("127.0.0.1:6", "TLSv1.3")}, {"127.0.0.1:6"});
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(to_rfc3339(taken[0].at), "2027-01-15T08:00:00.000001Z");
  EXPECT_TRUE(taken[0].peer_verified);
}

TEST(TimeOf, ReadsWhatTheLogWritesAndNothingElse) {
  EXPECT_EQ(to_rfc3339(*time_of("2026-01-02T03:04:05.000006Z")), "2026-01-02T03:04:05.000006Z");
  for (const char* bad :
       {"", "2026-01-02", "2026-01-02 03:04:05.000006Z", "2026-13-02T03:04:05.000006Z",
        "2026-01-02T03:04:05.06Z", "2026-01-02T03:04:05.000006"})
    EXPECT_FALSE(time_of(bad)) << bad;
}

}  // namespace
}  // namespace sealane::cli::demo
