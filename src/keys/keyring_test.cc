// SPDX-License-Identifier: Apache-2.0
#include "keys/keyring.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "base/testing/fake_clock.h"
#include "db/database.h"
#include "keys/testing/memory_provider.h"

namespace sealane::keys {
namespace {

constexpr Duration kDay = std::chrono::hours(24);

class KeyringTest : public testing::Test {
 protected:
  KeyringTest() {
    std::string pattern = testing::TempDir() + "sealane-keyring-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~KeyringTest() override { std::filesystem::remove_all(folder_); }

  static Unlock unlock(char fill = 'k') {
    return UnlockKey{Secret(as_bytes(std::string(32, fill)))};
  }
  std::unique_ptr<Keyring> create(const KeyringLimits& limits = {}) {
    auto keyring = Keyring::create(folder_, unlock(), clock_, limits);
    EXPECT_TRUE(keyring.ok()) << keyring.error().message;
    return std::move(keyring).value();
  }
  Result<std::unique_ptr<Keyring>> open(const KeyringLimits& limits = {}) {
    return Keyring::open(folder_, unlock(), clock_, limits);
  }
  // Changes the file behind the keyring's back.
  void tamper(const std::string& sql) {
    auto database = db::Database::open(folder_ + "/keyring.db");
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)->run("PRAGMA foreign_keys=OFF; " + sql).ok()) << sql;
  }

  std::string folder_;
  FakeClock clock_;
};

TEST_F(KeyringTest, KeysSurviveReopening) {
  Bytes key, seed;
  {
    auto keyring = create();
    ASSERT_TRUE(keyring->create_key("training", 90 * kDay).ok());
    ASSERT_TRUE(keyring->create_key("journal").ok());
    EXPECT_EQ(keyring->rotate("training").value(), 2u);
    key = to_bytes(keyring->export_key("training", 1)->reveal());
    seed = to_bytes(keyring->manifest_signing_key()->raw().reveal());
    EXPECT_NE(key, to_bytes(keyring->export_key("training", 2)->reveal()));
    EXPECT_NE(key, to_bytes(keyring->export_key("journal", 1)->reveal()));
  }
  auto keyring = open();
  ASSERT_TRUE(keyring.ok()) << keyring.error().message;
  EXPECT_EQ(to_bytes((*keyring)->export_key("training", 1)->reveal()), key);
  EXPECT_EQ(to_bytes((*keyring)->manifest_signing_key()->raw().reveal()), seed);
  const auto list = (*keyring)->list().value();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name, "journal");
  EXPECT_EQ(list[1].rotate_after, 90 * kDay);
  ASSERT_EQ(list[1].epochs.size(), 2u);
  EXPECT_EQ(list[1].epochs[0].state, EpochState::ReadOnly);
  EXPECT_EQ(list[1].epochs[1].state, EpochState::Active);
  EXPECT_EQ((*keyring)->export_key("training", 3).error().kind, ErrorKind::NotFound);
}

TEST_F(KeyringTest, WrongUnlockIsDenied) {
  create();
  EXPECT_EQ(Keyring::open(folder_, unlock('x'), clock_).error().kind, ErrorKind::Denied);
  EXPECT_EQ(Keyring::open(folder_, Passphrase{Secret(as_bytes("p"))}, clock_).error().kind,
            ErrorKind::Denied);
  EXPECT_EQ(Keyring::create(folder_, unlock(), clock_).error().kind, ErrorKind::Conflict);
  EXPECT_EQ(Keyring::open(folder_ + "/none", unlock(), clock_).error().kind, ErrorKind::NotFound);
}

TEST_F(KeyringTest, PassphraseOpensWhatItCreated) {
  auto phrase = [](std::string_view text) { return Passphrase{Secret(as_bytes(text))}; };
  ASSERT_TRUE(Keyring::create(folder_, phrase("correct horse"), clock_).ok());
  EXPECT_TRUE(Keyring::open(folder_, phrase("correct horse"), clock_).ok());
  EXPECT_EQ(Keyring::open(folder_, phrase("incorrect horse"), clock_).error().kind,
            ErrorKind::Denied);
}

TEST_F(KeyringTest, UnlockKeyFileIsMadeOnceAndReadBack) {
  PosixEnv env;
  const std::string path = folder_ + "/unlock.key";
  const Bytes key = to_bytes(create_unlock_key(env, path)->key.reveal());
  EXPECT_EQ(to_bytes(read_unlock_key(env, path)->key.reveal()), key);
  EXPECT_EQ(create_unlock_key(env, path).error().kind, ErrorKind::Conflict);
  ASSERT_TRUE(write_file_atomic(env, path, as_bytes("short"), IfExists::Replace).ok());
  EXPECT_EQ(read_unlock_key(env, path).error().kind, ErrorKind::Invalid);
}

TEST_F(KeyringTest, EveryChangeOfARowIsNoticed) {
  {
    auto keyring = create();
    ASSERT_TRUE(keyring->create_key("a", kDay).ok());
    ASSERT_TRUE(keyring->create_key("b").ok());
    ASSERT_TRUE(keyring->rotate("a").ok());
  }
  const std::string path = folder_ + "/keyring.db";
  std::filesystem::copy_file(path, path + ".good");
  for (const char* sql : {
           "UPDATE epochs SET wraps_reserved = 0, created_us = 0",
           "UPDATE epochs SET state = 1 - state WHERE name = 'a'",
           "UPDATE epochs SET wrapped = (SELECT wrapped FROM epochs WHERE name = 'b') WHERE name = "
           "'a' AND number = 2",
           "UPDATE keys SET rotate_us = NULL",
           "UPDATE keys SET name = 'c' WHERE name = 'b'; UPDATE epochs SET name = 'c' WHERE name = "
           "'b'",
           "DELETE FROM epochs WHERE name = 'a' AND number = 2",
           "DELETE FROM keys WHERE name = 'b'; DELETE FROM epochs WHERE name = 'b'",
           "INSERT INTO keys (name) VALUES ('z')",
           "UPDATE keys SET state = 1 - state WHERE name = 'b'",
           "UPDATE keys SET destroy_us = 1",
           "UPDATE keys SET provider = 'other'",
           "UPDATE keys SET parameters = x'00'",
           "UPDATE keys SET recovery = 'other'",
           "UPDATE keyring SET generation = generation + 1",
           "UPDATE keyring SET signing_key = seal_key",
           "UPDATE keyring SET rows_hmac = x''",
       }) {
    tamper(sql);
    EXPECT_EQ(open().error().kind, ErrorKind::Corrupt) << sql;
    std::filesystem::copy_file(path + ".good", path,
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_TRUE(open().ok());
  }
}

// A change authenticates all rows: without a look at them first, it would do so for what somebody
// else wrote meanwhile.
TEST_F(KeyringTest, ARowChangedUnderARunningKeyringIsNotMadeGood) {
  auto keyring = create({.reservation = 1});
  ASSERT_TRUE(keyring->create_key("a").ok());
  ASSERT_TRUE(keyring->create_key("b").ok());
  ASSERT_TRUE(keyring->disable("b").ok());
  ASSERT_TRUE(keyring->grant_wraps("a", 1).ok());
  tamper("UPDATE epochs SET wraps_reserved = 0; UPDATE keys SET state = 0");
  const auto refused = [](const auto& result) {
    return !result.ok() && result.error().kind == ErrorKind::Corrupt;
  };
  EXPECT_TRUE(refused(keyring->grant_wraps("a", 1)));
  EXPECT_TRUE(refused(keyring->rotate("a")));
  EXPECT_TRUE(refused(keyring->create_key("c")));
  EXPECT_FALSE(keyring->export_key("b", 1).ok());
  EXPECT_TRUE(refused(open()));
}

TEST_F(KeyringTest, WrapsAreReservedDurablyBeforeTheyAreGranted) {
  const KeyringLimits limits = {.wraps_max = 1000, .reservation = 10};
  {
    auto keyring = create(limits);
    ASSERT_TRUE(keyring->create_key("k").ok());
    EXPECT_EQ(keyring->grant_wraps("k", 4)->wraps, 4u);
    EXPECT_EQ(keyring->grant_wraps("k", 4)->wraps, 4u);
    EXPECT_EQ(keyring->grant_wraps("k", 4)->wraps, 2u);
    EXPECT_EQ(keyring->grant_wraps("k", 4)->wraps, 4u);
    EXPECT_EQ(keyring->find("k")->epochs[0].wraps_reserved, 20u);
    EXPECT_EQ(keyring->grant_wraps("none", 4).error().kind, ErrorKind::NotFound);
  }
  // What was reserved and not used counts as used.
  auto keyring = open(limits);
  ASSERT_TRUE(keyring.ok());
  EXPECT_EQ((*keyring)->grant_wraps("k", 4)->wraps, 4u);
  EXPECT_EQ((*keyring)->find("k")->epochs[0].wraps_reserved, 30u);
}

TEST_F(KeyringTest, UsedUpBudgetOpensANewEpoch) {
  const KeyringLimits limits = {.wraps_max = 25, .reservation = 10};
  auto keyring = create(limits);
  ASSERT_TRUE(keyring->create_key("k").ok());
  std::uint64_t first = 0;
  for (;;) {
    auto grant = keyring->grant_wraps("k", 7);
    ASSERT_TRUE(grant.ok());
    if (grant->epoch == 2) break;
    first += grant->wraps;
  }
  EXPECT_EQ(first, 25u);
  EXPECT_EQ(keyring->find("k")->epochs[0].state, EpochState::ReadOnly);
  EXPECT_EQ(keyring->find("k")->epochs[1].state, EpochState::Active);
}

TEST_F(KeyringTest, AgeOpensANewEpoch) {
  auto keyring = create();
  ASSERT_TRUE(keyring->create_key("k", kDay).ok());
  const WrapGrant grant = keyring->grant_wraps("k", 1).value();
  EXPECT_EQ(grant.rotate_at, clock_.now() + kDay);
  clock_.advance(kDay - Duration(1));
  EXPECT_EQ(keyring->grant_wraps("k", 1)->epoch, 1u);
  clock_.advance(Duration(1));
  EXPECT_EQ(keyring->grant_wraps("k", 1)->epoch, 2u);
}

TEST_F(KeyringTest, TwoProcessesNeverShareAReservation) {
  const KeyringLimits limits = {.reservation = 10};
  auto a = create(limits);
  ASSERT_TRUE(a->create_key("k").ok());
  auto b = open(limits).value();
  EXPECT_EQ(a->grant_wraps("k", 10)->wraps, 10u);
  EXPECT_EQ(b->grant_wraps("k", 10)->wraps, 10u);
  EXPECT_EQ(a->grant_wraps("k", 10)->wraps, 10u);
  EXPECT_EQ(open(limits).value()->find("k")->epochs[0].wraps_reserved, 30u);
  ASSERT_EQ(b->rotate("k").value(), 2u);
  EXPECT_EQ(a->grant_wraps("k", 10)->epoch, 2u);
  EXPECT_EQ(a->rotate("k").value(), 3u);
  EXPECT_EQ(b->rotate("k").value(), 4u);
}

TEST_F(KeyringTest, ThreadsShareOneBudget) {
  auto keyring = create({.reservation = 100});
  ASSERT_TRUE(keyring->create_key("k").ok());
  auto take = [&] {
    for (int i = 0; i < 50; ++i) ASSERT_EQ(keyring->grant_wraps("k", 5)->wraps, 5u);
  };
  std::thread one(take), two(take);
  one.join();
  two.join();
  EXPECT_EQ(keyring->find("k")->epochs[0].wraps_reserved, 500u);
}

TEST_F(KeyringTest, NamesThatCannotBeKeysAreRefused) {
  auto keyring = create();
  for (const char* name : {"", "A", "a/b", "-a", "a b", "\xc3\xa4"})
    EXPECT_EQ(keyring->create_key(name).error().kind, ErrorKind::Invalid) << name;
  EXPECT_EQ(keyring->create_key(std::string(65, 'a')).error().kind, ErrorKind::Invalid);
  EXPECT_TRUE(keyring->create_key("training-2_a.b").ok());
  EXPECT_EQ(keyring->create_key("training-2_a.b").error().kind, ErrorKind::Conflict);
}

TEST_F(KeyringTest, AnotherProviderKeepsTheKeys) {
  MemoryProvider::Store store;
  Bytes key;
  {
    auto keyring = Keyring::create_with(folder_, std::make_unique<MemoryProvider>(store), clock_);
    ASSERT_TRUE(keyring.ok());
    ASSERT_TRUE((*keyring)->create_key("k").ok());
    key = to_bytes((*keyring)->export_key("k", 1)->reveal());
    store.away = true;
    EXPECT_EQ((*keyring)->rotate("k").error().kind, ErrorKind::Unavailable);
    EXPECT_EQ((*keyring)->find("k")->epochs.size(), 1u);
    EXPECT_TRUE((*keyring)->grant_wraps("k", 1).ok());
  }
  EXPECT_EQ(
      Keyring::open_with(folder_, std::make_unique<MemoryProvider>(store), clock_).error().kind,
      ErrorKind::Unavailable);
  store.away = false;
  auto keyring = Keyring::open_with(folder_, std::make_unique<MemoryProvider>(store), clock_);
  ASSERT_TRUE(keyring.ok());
  EXPECT_EQ(to_bytes((*keyring)->export_key("k", 1)->reveal()), key);
  EXPECT_EQ(open().error().kind, ErrorKind::Corrupt);
}

}  // namespace
}  // namespace sealane::keys
