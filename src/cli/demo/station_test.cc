// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/station.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace sealane::cli::demo {
namespace {

class MarkersFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sealane-station-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  PosixEnv env_;
  std::string folder_;
};

TEST_F(MarkersFileTest, ComesBackAsItWasWritten) {
  const std::string path = folder_ + "/markers.csv";
  MarkedRecord a{.location = "New York, NY", .date = "2012-01-01", .marker = {}};
  a.marker.fill(std::byte{0xab});
  ASSERT_TRUE(write_markers(env_, path, {a, a}).ok());
  auto read = read_markers(env_, path);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[1].location, "New York, NY");
  EXPECT_EQ((*read)[1].marker, a.marker);
  EXPECT_EQ(write_markers(env_, path, {}).error().kind, ErrorKind::Conflict);
}

TEST_F(MarkersFileTest, ALineThatIsNoneIsRefused) {
  const std::string path = folder_ + "/markers.csv";
  ASSERT_TRUE(write_file_atomic(env_, path, as_bytes("zz,2012-01-01,x\n"), IfExists::Refuse).ok());
  EXPECT_EQ(read_markers(env_, path).error().kind, ErrorKind::Corrupt);
}

TEST(SimulatedObservations, SayThatTheyAre) {
  const Observations made_up = simulated_observations("03", 400);
  ASSERT_EQ(made_up.rows.size(), 400u);
  for (const Observation& row : made_up.rows) EXPECT_EQ(row.location, "simulated-03");
  EXPECT_EQ(
      record_payload(made_up, made_up.rows[0], "A"),
      R"({"location":"simulated-03","date":"2000-01-01","temp_max":12.0,"simulated":"true","marker":"A"})");
}

}  // namespace
}  // namespace sealane::cli::demo
