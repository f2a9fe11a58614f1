// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/processes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sealane::cli::demo {
namespace {

class LineFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sealane-lines-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void append_text(const std::string& text) { std::ofstream(path(), std::ios::app) << text; }
  std::string path() const { return folder_ + "/log"; }
  PosixEnv env_;
  std::string folder_;
};

TEST_F(LineFileTest, ALineCountsWhenItIsCompleteAndOnce) {
  append_text("{\"event\":\"a\"}\nnot json\n{\"event\":");
  LineFile file(env_, path());
  auto lines = file.take_new();
  ASSERT_TRUE(lines.ok());
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_TRUE(is_event((*lines)[0], "a"));
  append_text("\"b\"}\n");
  lines = file.take_new();
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_TRUE(is_event((*lines)[0], "b"));
  EXPECT_TRUE(file.take_new()->empty());
}

TEST_F(LineFileTest, AFileThatIsNotThereIsAnError) {
  LineFile file(env_, path());
  EXPECT_EQ(file.take_new().error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace sealane::cli::demo
