// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/testing/fake_clock.h"
#include "db/database.h"
#include "envelope/raw_aes.h"
#include "envelope/raw_rsa.h"
#include "keys/keyring.h"
#include "keys/opener.h"
#include "keys/sealer.h"

namespace sealane::keys {
namespace {

constexpr Duration kDay = std::chrono::hours(24);

class KeyLifeTest : public testing::Test {
 protected:
  KeyLifeTest() {
    std::string pattern = testing::TempDir() + "sealane-life-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~KeyLifeTest() override { std::filesystem::remove_all(folder_); }

  static Unlock unlock() { return UnlockKey{Secret(as_bytes(std::string(32, 'k')))}; }
  std::unique_ptr<Keyring> create(const KeyringLimits& limits = {}) {
    auto keyring = Keyring::create(folder_, unlock(), clock_, limits);
    EXPECT_TRUE(keyring.ok());
    EXPECT_TRUE((*keyring)->create_key("k").ok());
    return std::move(keyring).value();
  }
  Result<std::unique_ptr<Keyring>> open(const KeyringLimits& limits = {}, KeyringParts parts = {}) {
    return Keyring::open(folder_, unlock(), clock_, limits, std::move(parts));
  }
  std::string path() const { return folder_ + "/keyring.db"; }
  std::string content() const {
    std::ifstream file(path(), std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }
  std::vector<std::string> wrapped(const std::string& name) const {
    auto database = db::Database::open(path()).value();
    auto select = database->prepare("SELECT wrapped FROM epochs WHERE name = '" + name + "'");
    std::vector<std::string> out;
    while (select->step().value()) out.push_back(select->text(0));
    return out;
  }
  static Result<Bytes> seal(Sealer& sealer, const std::string& context = "c") {
    SEALANE_ASSIGN(auto prepared, sealer.prepare({{"n", context}}));
    return std::move(prepared).finish(as_bytes("payload"));
  }

  std::string folder_;
  FakeClock clock_;
};

TEST_F(KeyLifeTest, ADisabledKeyNeitherSealsNorOpensUntilItIsEnabled) {
  auto keyring = create();
  Sealer sealer(*keyring, "k", clock_);
  Opener opener = Opener::with_keyring(*keyring);
  const Bytes before = seal(sealer).value();
  ASSERT_TRUE(opener.open(before, {}).ok());
  ASSERT_TRUE(keyring->disable("k").ok());
  EXPECT_EQ(seal(sealer).error().kind, ErrorKind::Denied);
  EXPECT_EQ(seal(sealer).error().message, "key `k` is disabled");
  EXPECT_EQ(opener.open(before, {}).error().message, "key `k` is disabled");
  EXPECT_EQ(keyring->rotate("k").error().kind, ErrorKind::Denied);
  EXPECT_EQ(keyring->export_key("k", 1).error().kind, ErrorKind::Denied);
  ASSERT_TRUE(keyring->enable("k").ok());
  EXPECT_TRUE(opener.open(before, {}).ok());
  EXPECT_TRUE(opener.open(seal(sealer).value(), {}).ok());
}

TEST_F(KeyLifeTest, ARunningSealerMeetsAnotherProcessesChangeWithinALook) {
  auto running = create();
  Sealer sealer(*running, "k", clock_);
  Opener opener = Opener::with_keyring(*running);
  const Bytes message = seal(sealer).value();
  {
    auto other = open().value();
    ASSERT_TRUE(other->disable("k").ok());
  }
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(seal(sealer).error().message, "key `k` is disabled");
  EXPECT_FALSE(opener.open(message, {}).ok());
  {
    auto other = open().value();
    ASSERT_TRUE(other->enable("k").ok());
    ASSERT_TRUE(other->rotate("k").ok());
  }
  clock_.advance(std::chrono::seconds(1));
  const Bytes after = seal(sealer).value();
  EXPECT_EQ(envelope::wrapping_key_name(envelope::decode_header(after).value()->header.data_keys[0],
                                        kKeyNamespace),
            "k/2");
  EXPECT_TRUE(opener.open(message, {}).ok());
  EXPECT_TRUE(opener.open(after, {}).ok());
}

TEST_F(KeyLifeTest, DestructionWaitsCanBeCancelledAndLeavesNoWrappedKeyInTheFile) {
  auto keyring = create();
  ASSERT_TRUE(keyring->create_key("other").ok());
  ASSERT_TRUE(keyring->rotate("k").ok());
  Sealer sealer(*keyring, "k", clock_);
  const Bytes message = seal(sealer).value();
  const std::vector<std::string> secrets = wrapped("k");
  ASSERT_EQ(secrets.size(), 2u);
  EXPECT_EQ(keyring->destroy("k", kDay - Duration(1)).error().kind, ErrorKind::Invalid);
  ASSERT_TRUE(keyring->destroy("k", 7 * kDay).ok());
  EXPECT_EQ(keyring->find("k")->state, KeyState::PendingDestruction);
  EXPECT_EQ(seal(sealer).error().kind, ErrorKind::Denied);
  EXPECT_EQ(keyring->enable("k").error().kind, ErrorKind::Conflict);
  ASSERT_TRUE(keyring->cancel_destroy("k").ok());
  EXPECT_EQ(keyring->find("k")->state, KeyState::Disabled);
  ASSERT_TRUE(keyring->enable("k").ok());
  EXPECT_TRUE(Opener::with_keyring(*keyring).open(message, {}).ok());

  ASSERT_TRUE(keyring->destroy("k", 7 * kDay).ok());
  clock_.advance(7 * kDay - Duration(1));
  keyring->look(clock_.now());
  for (const std::string& secret : secrets) EXPECT_NE(content().find(secret), std::string::npos);
  clock_.advance(std::chrono::seconds(1));
  keyring->look(clock_.now());
  EXPECT_EQ(keyring->find("k")->state, KeyState::Destroyed);
  for (const std::string& secret : secrets) EXPECT_EQ(content().find(secret), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path() + "-journal"));
  EXPECT_FALSE(Opener::with_keyring(*keyring).open(message, {}).ok());
  EXPECT_EQ(keyring->cancel_destroy("k").error().kind, ErrorKind::Conflict);
  EXPECT_EQ(keyring->create_key("k").error().kind, ErrorKind::Conflict);
  EXPECT_TRUE(keyring->export_key("other", 1).ok());
  EXPECT_TRUE(open().ok());
}

TEST_F(KeyLifeTest, WhoeverOpensTheKeyringNextWipesWhatIsDue) {
  create()->destroy("k", 7 * kDay).value();
  const std::string secret = wrapped("k").at(0);
  clock_.advance(7 * kDay);
  EXPECT_NE(content().find(secret), std::string::npos);
  EXPECT_EQ(open().value()->find("k")->state, KeyState::Destroyed);
  EXPECT_EQ(content().find(secret), std::string::npos);
}

TEST_F(KeyLifeTest, AnOlderKeyringPutBackIsNoticedByItsAnchors) {
  KeyringParts parts;
  std::filesystem::create_directory(folder_ + "/delivery");
  parts.anchors = {folder_ + "/delivery/keyring.anchor"};
  create();
  {
    auto keyring = open({}, parts).value();
    std::filesystem::copy_file(path(), path() + ".old");
    ASSERT_TRUE(keyring->rotate("k").ok());
    ASSERT_TRUE(keyring->grant_wraps("k", 1).ok());
    // Under a running process.
    std::filesystem::copy_file(path(), path() + ".new");
    std::filesystem::rename(path() + ".old", path());
    std::filesystem::copy_file(path(), path() + ".old");
    clock_.advance(std::chrono::seconds(1));
    keyring->look(clock_.now());
    EXPECT_EQ(keyring->grant_wraps("k", 1).error().kind, ErrorKind::Corrupt);
    std::filesystem::rename(path() + ".new", path());
    clock_.advance(std::chrono::seconds(1));
    keyring->look(clock_.now());
    EXPECT_TRUE(keyring->grant_wraps("k", 1).ok());
  }
  std::filesystem::rename(path() + ".old", path());
  EXPECT_EQ(open({}, parts).error().kind, ErrorKind::Corrupt);
  // One anchor is enough.
  std::filesystem::remove(folder_ + "/keyring.anchor");
  EXPECT_EQ(open({}, parts).error().kind, ErrorKind::Corrupt);
  // Taken into use knowingly, its next epoch has a number that was never used.
  parts.accept_older = true;
  EXPECT_EQ(open({}, parts).value()->find("k")->epochs.back().number, 3u);
  EXPECT_TRUE(open().ok());
}

TEST_F(KeyLifeTest, WithoutAnAnchorNobodyKnowsAndSomebodyElsesIsRefused) {
  create();
  EXPECT_TRUE(open().value()->anchored());
  std::filesystem::remove(folder_ + "/keyring.anchor");
  EXPECT_FALSE(open().value()->anchored());
  std::ofstream(folder_ + "/keyring.anchor")
      << "sealane keyring anchor v1\ngeneration 0\nhmac 00\n";
  EXPECT_EQ(open().error().kind, ErrorKind::Corrupt);
}

TEST_F(KeyLifeTest, SmallBudgetsRollEpochsAndOldDataStillOpens) {
  auto keyring = create({.wraps_max = 8, .reservation = 3});
  Sealer sealer(*keyring, "k", clock_,
                {.messages_max = 2,
                 .bytes_max = 100,
                 .age_max = std::chrono::seconds(5),
                 .wraps_at_once = 2});
  std::vector<Bytes> messages;
  for (int i = 0; i < 100; ++i) {
    auto message = seal(sealer, std::to_string(i));
    ASSERT_TRUE(message.ok()) << message.error().message;
    messages.push_back(std::move(*message));
    clock_.advance(std::chrono::milliseconds(300));
  }
  std::map<std::string, int> wraps;
  Opener opener = Opener::with_keyring(*keyring);
  for (const Bytes& message : messages) {
    EXPECT_TRUE(opener.open(message, {}).ok());
    ++wraps[std::string(envelope::wrapping_key_name(
        envelope::decode_header(message).value()->header.data_keys[0], kKeyNamespace))];
  }
  EXPECT_GE(wraps.size(), 13u);
  for (const auto& [name, count] : wraps) EXPECT_LE(count, 8) << name;
}

// The file as it is after each change is what a power loss may leave: whoever goes on from it must
// not hand out a wrap of the same epoch that was handed out before.
TEST_F(KeyLifeTest, NoWrapIsHandedOutTwiceWhicheverCommitAPowerLossLeaves) {
  const KeyringLimits limits = {.wraps_max = 8, .reservation = 3};
  auto keyring = create(limits);
  std::map<std::uint32_t, std::uint64_t> used;
  for (int i = 0; i < 20; ++i) {
    const WrapGrant grant = keyring->grant_wraps("k", 1).value();
    ++used[grant.epoch];
    const std::string copy = folder_ + "/copy";
    std::filesystem::create_directory(copy);
    for (const char* file : {"/keyring.db", "/keyring.anchor"})
      std::filesystem::copy_file(folder_ + file, copy + file);
    {
      auto after = Keyring::open(copy, unlock(), clock_, limits).value();
      const KeyInfo info = after->find("k").value();
      EXPECT_GE(info.epochs.back().wraps_reserved, used[info.epochs.back().number]);
      std::map<std::uint32_t, std::uint64_t> more;
      for (int j = 0; j < 10; ++j) ++more[after->grant_wraps("k", 1)->epoch];
      for (const auto& [epoch, count] : more) EXPECT_LE(used[epoch] + count, 8u) << epoch;
    }
    std::filesystem::remove_all(copy);
  }
}

TEST_F(KeyLifeTest, ARecoveryKeyOpensEveryFurtherMessage) {
  auto keyring = create();
  const auto recovery = crypto::RsaPrivateKey::generate(2048).value();
  Sealer sealer(*keyring, "k", clock_);
  EXPECT_EQ(envelope::decode_header(seal(sealer).value()).value()->header.data_keys.size(), 1u);
  ASSERT_TRUE(keyring->set_recovery("k", recovery.public_key().pem()).ok());
  const Bytes message = seal(sealer).value();
  EXPECT_TRUE(Opener::with_keyring(*keyring).open(message, {}).ok());
  envelope::Cipher cipher;
  auto opened = envelope::decrypt_message(cipher, message, [&](const envelope::Header& header) {
    return envelope::unwrap_data_key(
        recovery, crypto::RsaPadding::OaepSha256,
        {.key_namespace = std::string(kRecoveryNamespace), .name = "k"}, header.data_keys.at(1),
        32);
  });
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(as_text(opened->plaintext), "payload");
  ASSERT_TRUE(keyring->set_recovery("k", "").ok());
  EXPECT_EQ(envelope::decode_header(seal(sealer).value()).value()->header.data_keys.size(), 1u);
}

// A reader of the lake has the data set's key, and no more.
TEST_F(KeyLifeTest, TheLakesKeyNeitherOpensNorForgesJournalBlocks) {
  auto keyring = create();
  ASSERT_TRUE(keyring->create_key("journal").ok());
  ASSERT_TRUE(keyring->create_key("training").ok());
  Sealer journal(*keyring, "journal", clock_);
  const Bytes block = seal(journal).value();
  std::vector<ExportedKey> lake;
  lake.push_back({"training", 1, keyring->export_key("training", 1).value()});
  EXPECT_EQ(Opener::with_keys(std::move(lake)).open(block, {}).error().kind, ErrorKind::Denied);
  // A block that the reader wraps with its key under the journal's name.
  const Secret key = keyring->export_key("training", 1).value();
  envelope::Cipher cipher;
  envelope::HeaderPlan plan;
  plan.context = {{"n", "c"}};
  crypto::AesGcm wrapping;
  wrapping.set_key(key.reveal());
  const Secret data_key = Secret::zeros(32);
  plan.data_keys = {envelope::wrap_data_key(
      wrapping, {.key_namespace = std::string(kKeyNamespace), .name = "journal/1"}, {},
      data_key.reveal(), envelope::encode_context(plan.context).value())};
  const Bytes forged =
      envelope::encrypt_message(cipher, plan, data_key, as_bytes("forged")).value();
  EXPECT_EQ(Opener::with_keyring(*keyring).open(forged, {}).error().kind, ErrorKind::Corrupt);
  // One under its own key's name, with a journal's context: whoever reads the journal takes no
  // other key than the journal's.
  Sealer reader(*keyring, "training", clock_);
  const Bytes foreign = seal(reader).value();
  Opener of_journal = Opener::with_key(*keyring, "journal");
  EXPECT_TRUE(of_journal.open(block, {}).ok());
  const auto refused = of_journal.open(foreign, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::Denied);
}

TEST_F(KeyLifeTest, ACredentialOfSystemdOpensAKeyring) {
  PosixEnv env;
  const std::string credentials = folder_ + "/credentials";
  std::filesystem::create_directory(credentials);
  EXPECT_FALSE(has_unlock(env, folder_));
  use_credentials_of(credentials);
  EXPECT_EQ(read_unlock(env, folder_, "").error().kind, ErrorKind::NotFound);
  std::ofstream(credentials + "/sealane-passphrase") << "correct horse\n";
  EXPECT_TRUE(std::holds_alternative<Passphrase>(read_unlock(env, folder_, "").value()));
  ASSERT_TRUE(create_unlock_key(env, credentials + "/sealane-unlock-key").ok());
  EXPECT_TRUE(std::holds_alternative<UnlockKey>(read_unlock(env, folder_, "").value()));
  use_credentials_of("");
}

}  // namespace
}  // namespace sealane::keys
