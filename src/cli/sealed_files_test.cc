// SPDX-License-Identifier: Apache-2.0
#include "cli/sealed_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sealane::cli {
namespace {

namespace fs = std::filesystem;

class TargetTest : public testing::Test {
 protected:
  TargetTest() {
    std::string pattern = (fs::temp_directory_path() / "sealane-target-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~TargetTest() override { fs::remove_all(root_); }
  std::string path(const char* name) const { return (root_ / name).string(); }
  std::string text_of(const char* name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(root_), {}));
  }

  fs::path root_;
  PosixEnv env_;
};

TEST_F(TargetTest, WhatWasThereStaysUntilTheNewOneIsComplete) {
  std::ofstream(path("out")) << "before";
  {
    auto target = Target::open(env_, path("out")).value();
    ASSERT_TRUE(target.write(as_bytes("half")).ok());
    EXPECT_EQ(files(), 2u);
  }
  EXPECT_EQ(text_of("out"), "before");
  EXPECT_EQ(files(), 1u);
  auto target = Target::open(env_, path("out")).value();
  ASSERT_TRUE(target.write(as_bytes("whole")).ok());
  ASSERT_TRUE(target.commit().ok());
  EXPECT_EQ(text_of("out"), "whole");
  EXPECT_EQ(files(), 1u);
  EXPECT_EQ(fs::status(path("out")).permissions(), fs::perms{0600});
}

TEST_F(TargetTest, ALinkIsReplacedAndWhatItNamesStays) {
  std::ofstream(path("victim")) << "before";
  fs::create_symlink(path("victim"), path("out"));
  auto target = Target::open(env_, path("out")).value();
  ASSERT_TRUE(target.write(as_bytes("whole")).ok());
  ASSERT_TRUE(target.commit().ok());
  EXPECT_EQ(text_of("victim"), "before");
  EXPECT_FALSE(fs::is_symlink(path("out")));
}

TEST_F(TargetTest, WhatIsNoFileIsNotReplacedByOne) {
  fs::create_directory(path("folder"));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  fs::create_symlink("/dev/null", path("null"));
  for (const char* name : {"folder", "pipe", "null"}) {
    const auto target = Target::open(env_, path(name));
    ASSERT_FALSE(target.ok()) << name;
    EXPECT_EQ(target.error().kind, ErrorKind::Invalid);
    EXPECT_NE(target.error().message.find("is no file"), std::string::npos);
  }
  EXPECT_EQ(files(), 3u);
}

}  // namespace
}  // namespace sealane::cli
