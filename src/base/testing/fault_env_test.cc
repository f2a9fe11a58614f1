// SPDX-License-Identifier: Apache-2.0
#include "base/testing/fault_env.h"

#include <gtest/gtest.h>

#include <set>

namespace sealane {
namespace {

std::unique_ptr<File> create(FaultEnv& env, const std::string& path) {
  auto file = env.open(path, OpenMode::CreateNew);
  SEALANE_CHECK(file.ok());
  return std::move(file).value();
}
std::string content(FaultEnv& env, const std::string& path) {
  auto bytes = read_file(env, path, 1u << 20);
  return bytes.ok() ? to_text(*bytes) : "<none>";
}
void check(const Status& status) { SEALANE_CHECK(status.ok()); }

TEST(FaultEnv, SyncedDataUnderASyncedNameSurvivesEveryCrash) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FaultEnv env;
    check(env.make_folder("d"));
    check(env.sync_folder("."));
    auto file = create(env, "d/a");
    check(file->append(as_bytes("kept")));
    check(file->sync());
    check(env.sync_folder("d"));
    env.crash(seed);
    EXPECT_EQ(content(env, "d/a"), "kept");
  }
}

TEST(FaultEnv, UnsyncedAppendsSurviveAsAPrefixThatMayEndInGarbage) {
  std::set<std::size_t> sizes;
  bool garbled = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    FaultEnv env;
    auto file = create(env, "./a");
    check(file->append(as_bytes("0123")));
    check(file->sync());
    check(env.sync_folder("."));
    check(file->append(as_bytes("456789")));
    env.crash(seed);
    const std::string after = content(env, "./a");
    EXPECT_EQ(after.substr(0, 4), "0123");
    sizes.insert(after.size());
    if (after != std::string("0123456789").substr(0, after.size())) garbled = true;
  }
  EXPECT_EQ(sizes, (std::set<std::size_t>{4, 5, 6, 7, 8, 9, 10}));
  EXPECT_TRUE(garbled);
}

TEST(FaultEnv, ANameThatWasNeverSyncedMayVanish) {
  bool vanished = false;
  bool stayed = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FaultEnv env;
    auto file = create(env, "./a");
    check(file->append(as_bytes("x")));
    check(file->sync());
    env.crash(seed);
    (content(env, "./a") == "x" ? stayed : vanished) = true;
  }
  EXPECT_TRUE(vanished);
  EXPECT_TRUE(stayed);
}

TEST(FaultEnv, UnsyncedRenamesReorderAndNeverLoseBothNames) {
  bool second_only = false;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    FaultEnv env;
    for (const char* path : {"./a", "./b"}) {
      auto file = create(env, path);
      check(file->append(as_bytes(path)));
      check(file->sync());
    }
    check(env.sync_folder("."));
    check(env.rename("./a", "./a2", IfExists::Replace));
    check(env.rename("./b", "./b2", IfExists::Replace));
    env.crash(seed);
    EXPECT_EQ(env.list(".")->size(), 2u);
    EXPECT_EQ((content(env, "./a") == "./a") + (content(env, "./a2") == "./a"), 1);
    if (content(env, "./a") == "./a" && content(env, "./b2") == "./b") second_only = true;
  }
  EXPECT_TRUE(second_only);
}

TEST(FaultEnv, AnUnsyncedRemovalMayComeBack) {
  bool back = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FaultEnv env;
    create(env, "./a");
    check(env.sync_folder("."));
    check(env.remove("./a"));
    env.crash(seed);
    if (env.list(".")->size() == 1) back = true;
  }
  EXPECT_TRUE(back);
}

TEST(FaultEnv, DataOfAFailedSyncIsLostThoughALaterSyncSucceeds) {
  FaultEnv env;
  auto file = create(env, "./a");
  check(env.sync_folder("."));
  check(file->append(as_bytes("aa")));
  env.fail_syncs(1);
  EXPECT_EQ(file->sync().error().kind, ErrorKind::Unavailable);
  EXPECT_EQ(content(env, "./a"), "aa");
  check(file->append(as_bytes("bb")));
  check(file->sync());
  env.crash(1);
  EXPECT_EQ(content(env, "./a"), std::string("\0\0bb", 4));
}

TEST(FaultEnv, PowerCanGoBeforeAnyOperation) {
  FaultEnv env;
  auto file = create(env, "./a");
  check(env.sync_folder("."));
  env.cut_power_after(1);
  check(file->append(as_bytes("aa")));
  EXPECT_FALSE(env.power_is_off());
  EXPECT_FALSE(file->sync().ok());
  EXPECT_TRUE(env.power_is_off());
  EXPECT_FALSE(env.open("./a", OpenMode::Read).ok());
  env.crash(7);
  EXPECT_TRUE(env.open("./a", OpenMode::Read).ok());
  EXPECT_FALSE(file->size().ok()) << "handles of an earlier boot are dead";
}

TEST(FaultEnv, AFullDiskWritesAPartAndFails) {
  FaultEnv env;
  auto file = create(env, "./a");
  env.set_space_left(3);
  EXPECT_EQ(file->append(as_bytes("12345")).error().kind, ErrorKind::Unavailable);
  EXPECT_EQ(content(env, "./a"), "123");
  env.set_space_unlimited();
  EXPECT_TRUE(file->append(as_bytes("x")).ok());
}

TEST(FaultEnv, ASyncThatLiesKeepsNothing) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FaultEnv env;
    env.set_no_op_sync(true);
    auto file = create(env, "./a");
    check(file->append(as_bytes("kept?")));
    check(file->sync());
    check(env.sync_folder("."));
    env.crash(seed);
    if (content(env, "./a") != "kept?") lost = true;
  }
  EXPECT_TRUE(lost);
}

TEST(FaultEnv, AnUnsyncedTruncationMayNotHaveHappened) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FaultEnv env;
    auto file = create(env, "./a");
    check(file->append(as_bytes("0123")));
    check(file->sync());
    check(env.sync_folder("."));
    check(file->truncate(1));
    env.crash(seed);
    seen.insert(content(env, "./a"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"0", "0123"}));
}

TEST(FaultEnv, AFaultHitsTheOperationNamedAndNoOther) {
  FaultEnv env;
  auto file = create(env, "./a");
  env.fail_after(1, FaultEnv::Fault::Eio);
  EXPECT_TRUE(file->append(as_bytes("ab")).ok());
  EXPECT_FALSE(file->append(as_bytes("cd")).ok());
  EXPECT_TRUE(file->append(as_bytes("ef")).ok());
  EXPECT_EQ(content(env, "./a"), "abcef") << "a failed append leaves a part";
}

}  // namespace
}  // namespace sealane
