// SPDX-License-Identifier: Apache-2.0
#include "base/env.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace sealane {
namespace {

class PosixEnvTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sealane-env-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string folder_;
  PosixEnv env_;
};

TEST_F(PosixEnvTest, AppendsAndReadsBack) {
  auto file = env_.open(path("a"), OpenMode::CreateNew);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->append(as_bytes("hello")).ok());
  ASSERT_TRUE((*file)->append(as_bytes(" world")).ok());
  ASSERT_TRUE((*file)->sync().ok());
  EXPECT_EQ(to_text(*read_file(env_, path("a"), 100)), "hello world");
}

TEST_F(PosixEnvTest, CreateNewRefusesAFileThatExists) {
  ASSERT_TRUE(env_.open(path("a"), OpenMode::CreateNew).ok());
  EXPECT_EQ(env_.open(path("a"), OpenMode::CreateNew).error().kind, ErrorKind::Conflict);
}

TEST_F(PosixEnvTest, RenameRefusesToReplaceWhenTold) {
  ASSERT_TRUE(write_file_atomic(env_, path("a"), as_bytes("1"), IfExists::Refuse).ok());
  EXPECT_EQ(write_file_atomic(env_, path("a"), as_bytes("2"), IfExists::Refuse).error().kind,
            ErrorKind::Conflict);
  EXPECT_EQ(to_text(*read_file(env_, path("a"), 10)), "1");
  ASSERT_TRUE(write_file_atomic(env_, path("a"), as_bytes("3"), IfExists::Replace).ok());
  EXPECT_EQ(to_text(*read_file(env_, path("a"), 10)), "3");
  EXPECT_EQ(env_.list(folder_)->size(), 1u);
}

TEST_F(PosixEnvTest, ReadFileRefusesMoreThanTheLimit) {
  ASSERT_TRUE(write_file_atomic(env_, path("a"), as_bytes("12345"), IfExists::Refuse).ok());
  EXPECT_EQ(read_file(env_, path("a"), 4).error().kind, ErrorKind::TooLarge);
}

TEST_F(PosixEnvTest, MissingFileIsNotFound) {
  EXPECT_EQ(env_.open(path("none"), OpenMode::Read).error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace sealane
