// SPDX-License-Identifier: Apache-2.0
#include "cli/folder_tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sealane::cli {
namespace {

namespace fs = std::filesystem;
using store::TarHead;
using store::TarKind;

class FolderTreeTest : public testing::Test {
 protected:
  FolderTreeTest() {
    std::string pattern = (fs::temp_directory_path() / "sealane-tree-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    fs::create_directory(root_ / "in");
  }
  ~FolderTreeTest() override { EXPECT_TRUE(remove_tree(root_.string()).ok()); }

  void put(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / "in" / name).parent_path());
    std::ofstream(root_ / "in" / name) << text;
  }
  // The names that a walk gives, or its error.
  std::vector<std::string> walk(const FolderLimits& limits = {}) {
    std::vector<std::string> out;
    auto opened = TreeWalk::open((root_ / "in").string(), limits);
    while (opened.ok()) {
      auto head = opened->next();
      if (!head.ok()) return {head.error().message};
      if (!*head) return out;
      out.push_back((*head)->name);
    }
    return {opened.error().message};
  }
  TreeBuild build() {
    fs::create_directories(root_ / "out");
    return TreeBuild::open((root_ / "out").string()).value();
  }
  static Status add(TreeBuild& to, const std::string& name, const std::string& text = "") {
    const bool folder = name.ends_with('/');
    SEALANE_TRY(to.begin({.name = name,
                          .kind = folder ? TarKind::Folder : TarKind::File,
                          .size = text.size(),
                          .mode = folder ? 0755u : 0644u,
                          .mtime_seconds = 1000}));
    SEALANE_TRY(to.write(as_bytes(text)));
    return to.end();
  }
  std::string text_of(const std::string& name) {
    std::ifstream file(root_ / "out" / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path root_;
};

TEST_F(FolderTreeTest, FoldersComeBeforeWhatIsInThemAndNamesInByteOrder) {
  put("b/2", "");
  put("b.txt", "");
  put("b/1/x", "");
  put("A", "");
  fs::create_directory(root_ / "in" / "empty");
  EXPECT_EQ(walk(),
            (std::vector<std::string>{"./", "A", "b/", "b/1/", "b/1/x", "b/2", "b.txt", "empty/"}));
}

TEST_F(FolderTreeTest, WhatIsNoFileIsRefusedWithItsPlace) {
  put("a/file", "");
  fs::create_symlink("/etc/passwd", root_ / "in" / "a" / "link");
  EXPECT_NE(walk()[0].find("in/a/link` is a symbolic link"), std::string::npos);
  fs::remove(root_ / "in" / "a" / "link");
  ASSERT_EQ(::mkfifo((root_ / "in" / "pipe").c_str(), 0600), 0);
  EXPECT_NE(walk()[0].find("in/pipe` is a pipe"), std::string::npos);
}

TEST_F(FolderTreeTest, LimitsHold) {
  put("1/2/3/4", "");
  EXPECT_NE(walk({.depth_max = 3})[0].find("more than 3 folders deep"), std::string::npos);
  put("more", "");
  EXPECT_NE(walk({.names_max = 1})[0].find("more than 1 names"), std::string::npos);
}

TEST_F(FolderTreeTest, AFileThatGrowsOrShrinksWhileItIsReadIsRefused) {
  for (const std::string after : {"123456", "1"}) {
    put("file", "123");
    auto opened = TreeWalk::open((root_ / "in").string()).value();
    ASSERT_TRUE(opened.next().ok());
    ASSERT_EQ((*opened.next())->size, 3u);
    put("file", after);
    Bytes room(16);
    auto got = opened.read(room);
    if (got.ok()) got = opened.read(room);
    ASSERT_FALSE(got.ok()) << after;
    EXPECT_EQ(got.error().kind, ErrorKind::Conflict);
  }
}

TEST_F(FolderTreeTest, NoNameLeadsOutOfTheFolder) {
  fs::create_directory(root_ / "victim");
  fs::create_directory_symlink(root_ / "victim", root_ / "link");
  for (const std::string name : {"../x", "/x", "a/../../x", "..", ".", "./x", "a//x", "", "/",
                                 "../", "a/../", "//", "./../x", "../victim/x"}) {
    TreeBuild to = build();
    ASSERT_TRUE(add(to, "a/").ok());
    const Status refused = add(to, name, "evil");
    EXPECT_FALSE(refused.ok()) << name;
    ASSERT_TRUE(remove_tree((root_ / "out").string()).ok());
  }
  TreeBuild to = build();
  EXPECT_FALSE(add(to, std::string("a\0b", 3), "evil").ok());
  EXPECT_FALSE(add(to, std::string(300, 'x'), "evil").ok());
  EXPECT_TRUE(fs::is_empty(root_ / "victim"));
  EXPECT_FALSE(fs::exists(root_ / "x"));
}

// Whoever may write into the folder while it is filled gets nothing written elsewhere either.
TEST_F(FolderTreeTest, ALinkInThePlaceOfAFolderIsNotFollowed) {
  fs::create_directory(root_ / "victim");
  TreeBuild to = build();
  fs::create_directory_symlink(root_ / "victim", root_ / "out" / "a");
  ASSERT_TRUE(add(to, "a/").ok());  // replaces the link
  ASSERT_TRUE(add(to, "a/x", "text").ok());
  fs::create_symlink(root_ / "victim" / "y", root_ / "out" / "a" / "y");
  ASSERT_TRUE(add(to, "a/y", "text").ok());
  ASSERT_TRUE(to.finish().ok());
  EXPECT_TRUE(fs::is_empty(root_ / "victim"));
  EXPECT_EQ(text_of("a/y"), "text");
}

TEST_F(FolderTreeTest, AMembersFolderComesBeforeIt) {
  TreeBuild to = build();
  EXPECT_NE(add(to, "a/x", "text").error().message.find("does not come before it"),
            std::string::npos);
  ASSERT_TRUE(add(to, "a/").ok());
  ASSERT_TRUE(add(to, "b/").ok());
  EXPECT_FALSE(add(to, "a/x", "text").ok()) << "`a/` was complete";
}

TEST_F(FolderTreeTest, ModesAndTimesAreKeptAndSpecialBitsAreNot) {
  TreeBuild to = build();
  ASSERT_TRUE(
      to.begin({.name = "./", .kind = TarKind::Folder, .mode = 0711, .mtime_seconds = 5}).ok());
  ASSERT_TRUE(
      to.begin({.name = "d/", .kind = TarKind::Folder, .mode = 0555, .mtime_seconds = 7}).ok());
  ASSERT_TRUE(to.begin({.name = "d/f", .size = 1, .mode = 06755, .mtime_seconds = 9}).ok());
  ASSERT_TRUE(to.write(as_bytes("x")).ok());
  ASSERT_TRUE(to.end().ok());
  ASSERT_TRUE(to.finish().ok());
  struct stat facts{};
  const auto look = [&](const char* name) {
    EXPECT_EQ(::stat((root_ / "out" / name).c_str(), &facts), 0);
    return std::pair(facts.st_mode & 07777u, facts.st_mtime);
  };
  EXPECT_EQ(look("."), (std::pair(0711u, time_t{5})));
  EXPECT_EQ(look("d"), (std::pair(0555u, time_t{7})));
  EXPECT_EQ(look("d/f"), (std::pair(0755u, time_t{9})));
}

TEST_F(FolderTreeTest, ALaterMemberReplacesAnEarlierOne) {
  TreeBuild to = build();
  ASSERT_TRUE(add(to, "./").ok());
  ASSERT_TRUE(add(to, "a/").ok());
  ASSERT_TRUE(add(to, "a/x", "first").ok());
  ASSERT_TRUE(add(to, "b", "file").ok());
  ASSERT_TRUE(add(to, "./").ok());
  ASSERT_TRUE(add(to, "a", "a file now").ok());
  ASSERT_TRUE(add(to, "b/").ok());
  ASSERT_TRUE(add(to, "b/y", "in a folder now").ok());
  ASSERT_TRUE(to.finish().ok());
  EXPECT_EQ(text_of("a"), "a file now");
  EXPECT_EQ(text_of("b/y"), "in a folder now");
}

TEST_F(FolderTreeTest, AStagedFolderThatIsNotCommittedLeavesNothing) {
  const std::string path = (root_ / "new").string();
  {
    auto staged = StagedFolder::create(path).value();
    std::ofstream(staged.path() + "/x") << "x";
    ASSERT_EQ(::chmod(staged.path().c_str(), 0555), 0);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1) << "only `in`";
  {
    auto staged = StagedFolder::create(path + "/").value();
    ASSERT_TRUE(staged.commit().ok());
  }
  EXPECT_TRUE(fs::is_directory(path));
  EXPECT_EQ(StagedFolder::create(path).error().kind, ErrorKind::Conflict);
}

TEST_F(FolderTreeTest, AStagedFolderReplacesNothingThatCameMeanwhile) {
  const std::string path = (root_ / "new").string();
  {
    auto staged = StagedFolder::create(path).value();
    fs::create_directory(path);  // an empty one, which renaming would replace
    const Status refused = staged.commit();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::Conflict);
  }
  EXPECT_TRUE(fs::is_empty(path));
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 2) << "`in` and `new`";
}

}  // namespace
}  // namespace sealane::cli
