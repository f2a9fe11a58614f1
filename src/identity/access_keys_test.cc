// SPDX-License-Identifier: Apache-2.0
#include "identity/access_keys.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/testing/fake_clock.h"
#include "db/database.h"

namespace sealane::identity {
namespace {

const Identity kTrainer{.pipeline = "weather", .role = Role::Node, .name = "trainer"};
const Identity kSeattle{.pipeline = "weather", .role = Role::Device, .name = "seattle"};

class AccessKeysTest : public ::testing::Test {
 protected:
  AccessKeysTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sealane-keys-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    keyring_ = keys::Keyring::create(folder_, unlock(), clock_).value();
  }
  ~AccessKeysTest() override { std::filesystem::remove_all(folder_); }

  static keys::Unlock unlock() { return keys::UnlockKey{Secret(as_bytes(std::string(32, 'k')))}; }
  AccessKeys open(AccessKeys::Limits limits = {}) {
    auto keys = AccessKeys::open(folder_, *keyring_, limits);
    EXPECT_TRUE(keys.ok()) << keys.error().message;
    return std::move(keys).value();
  }
  void tamper(const std::string& sql) {
    auto database = db::Database::open(folder_ + "/access-keys.db");
    ASSERT_TRUE((*database)->run(sql).ok()) << sql;
  }

  std::string folder_;
  FakeClock clock_;
  std::unique_ptr<keys::Keyring> keyring_;
};

TEST_F(AccessKeysTest, TheSecretComesBackAfterReopeningAndIsNotInTheFile) {
  std::string id;
  std::string secret;
  {
    AccessKeys keys = open();
    const auto made = keys.create(kTrainer, clock_.now());
    ASSERT_TRUE(made.ok()) << made.error().message;
    id = made->key.id;
    secret = to_text(made->secret.reveal());
    EXPECT_EQ(id.size(), 20u);
    EXPECT_TRUE(id.starts_with("SLAK"));
    EXPECT_EQ(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), std::string::npos);
    EXPECT_EQ(secret.size(), 40u);
    EXPECT_TRUE(from_base64(secret).has_value());
    EXPECT_EQ(made->key.last_four, secret.substr(36));
  }
  keyring_ = keys::Keyring::open(folder_, unlock(), clock_).value();
  AccessKeys keys = open();
  const auto again = keys.secret_of(id);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(as_text(again->reveal()), secret);
  const auto found = keys.find(id);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->principal, kTrainer);
  EXPECT_EQ((*found)->created, clock_.now());
  std::ifstream file(folder_ + "/access-keys.db", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_NE(bytes.find(id), std::string::npos);
  EXPECT_EQ(bytes.find(secret), std::string::npos);
  EXPECT_EQ(std::filesystem::status(folder_ + "/access-keys.db").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(AccessKeysTest, IdsAndSecretsDiffer) {
  AccessKeys keys = open({.keys_per_principal_max = 100});
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    const auto made = keys.create(kTrainer, clock_.now());
    ASSERT_TRUE(made.ok());
    EXPECT_TRUE(seen.insert(made->key.id).second);
    EXPECT_TRUE(seen.insert(to_text(made->secret.reveal())).second);
  }
}

TEST_F(AccessKeysTest, AnInactiveKeyGivesNoSecretAndADeletedOneIsGone) {
  AccessKeys keys = open();
  const std::string id = keys.create(kSeattle, clock_.now())->key.id;
  ASSERT_TRUE(keys.set_state(id, AccessKeyState::Inactive).ok());
  EXPECT_EQ(keys.secret_of(id).error().kind, ErrorKind::Denied);
  EXPECT_EQ((*keys.find(id))->state, AccessKeyState::Inactive);
  ASSERT_TRUE(keys.set_state(id, AccessKeyState::Active).ok());
  EXPECT_TRUE(keys.secret_of(id).ok());
  ASSERT_TRUE(keys.remove(id).ok());
  EXPECT_EQ(keys.secret_of(id).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(keys.remove(id).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(keys.set_state(id, AccessKeyState::Active).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(*keys.generation(), 4u);
}

TEST_F(AccessKeysTest, LimitsHoldForAPrincipalAndForAll) {
  AccessKeys keys = open({.keys_max = 3});
  ASSERT_TRUE(keys.create(kTrainer, clock_.now()).ok());
  ASSERT_TRUE(keys.create(kTrainer, clock_.now()).ok());
  EXPECT_EQ(keys.create(kTrainer, clock_.now()).error().kind, ErrorKind::TooLarge);
  ASSERT_TRUE(keys.create(kSeattle, clock_.now()).ok());
  EXPECT_EQ(keys.create({.pipeline = "weather", .role = Role::Node, .name = "edge"}, clock_.now())
                .error()
                .kind,
            ErrorKind::TooLarge);
  EXPECT_EQ(keys.create({.pipeline = "weather", .role = Role::Node, .name = "a/b"}, clock_.now())
                .error()
                .kind,
            ErrorKind::Invalid);
  const auto all = keys.list();
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ(all->front().principal, kSeattle);
}

TEST_F(AccessKeysTest, ASecretInAnotherRowOrOfAnotherPrincipalDoesNotOpen) {
  AccessKeys keys = open();
  const std::string one = keys.create(kTrainer, clock_.now())->key.id;
  const std::string two = keys.create(kSeattle, clock_.now())->key.id;
  tamper("UPDATE access_key SET sealed = (SELECT sealed FROM access_key WHERE id = '" + two +
         "') WHERE id = '" + one + "'");
  EXPECT_EQ(keys.secret_of(one).error().kind, ErrorKind::Corrupt);
  EXPECT_TRUE(keys.secret_of(two).ok());
  tamper("UPDATE access_key SET principal = 'spiffe://weather/node/trainer' WHERE id = '" + two +
         "'");
  EXPECT_EQ(keys.secret_of(two).error().kind, ErrorKind::Corrupt);
  tamper("UPDATE access_key SET sealed = x'00' WHERE id = '" + one + "'");
  EXPECT_EQ(keys.secret_of(one).error().kind, ErrorKind::Corrupt);
}

TEST_F(AccessKeysTest, AnotherKeyringDoesNotOpenThem) {
  std::string id;
  {
    AccessKeys keys = open();
    id = keys.create(kTrainer, clock_.now())->key.id;
  }
  std::filesystem::remove(folder_ + "/keyring.db");
  keyring_ = keys::Keyring::create(folder_, unlock(), clock_).value();
  AccessKeys keys = open();
  EXPECT_EQ(keys.secret_of(id).error().kind, ErrorKind::Corrupt);
}

}  // namespace
}  // namespace sealane::identity
