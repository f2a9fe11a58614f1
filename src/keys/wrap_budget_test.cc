// SPDX-License-Identifier: Apache-2.0
// The counters of wraps under power losses and killed processes: what was handed out once is never
// handed out again.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <random>

#include "base/testing/fake_clock.h"
#include "base/testing/fault_env.h"
#include "db/testing/power_vfs.h"
#include "envelope/raw_aes.h"
#include "keys/keyring.h"
#include "keys/opener.h"
#include "keys/sealer.h"

namespace sealane::keys {
namespace {

constexpr std::uint64_t kBudget = 8;
constexpr KeyringLimits kSmall = {.wraps_max = kBudget, .reservation = 3};

Unlock unlock() { return UnlockKey{Secret(as_bytes(std::string(32, 'k')))}; }

enum class Syncs { Honest, NoOp };

// A keyring on a machine whose power goes at any moment; its database and its anchors are on disks
// that keep what was synced.
class Machine {
 public:
  Machine(std::uint64_t seed, Syncs syncs) : random_(seed), disk_(seed) {
    std::string pattern = testing::TempDir() + "sealane-budget-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    files_.set_no_op_sync(syncs == Syncs::NoOp);
    disk_.lie_about_sync(syncs == Syncs::NoOp);
    std::string path;
    for (const char c : folder_ + "/") {
      if (c == '/' && !path.empty()) static_cast<void>(files_.make_folder(path).ok());
      path += c;
    }
    auto made = Keyring::create(folder_, unlock(), clock_, kSmall, parts());
    SEALANE_CHECK(made.ok());
    SEALANE_CHECK((*made)->create_key("k").ok());
  }
  ~Machine() { std::filesystem::remove_all(folder_); }

  // Wraps and seals until the power has gone `losses` times.  Result: what does not hold.
  std::string run(int losses) {
    for (int loss = 0; loss < losses; ++loss) {
      disk_.cut_after(random_() % 400);
      if (random_() % 3 == 0) files_.cut_power_after(random_() % 60);
      std::string wrong = until_it_fails();
      if (!wrong.empty()) return wrong;
      disk_.restore();
      files_.crash(random_());
      wrong = look_after();
      if (!wrong.empty()) return "after loss " + std::to_string(loss) + ": " + wrong;
    }
    return {};
  }
  std::size_t epochs() const { return used_.size(); }

 private:
  KeyringParts parts() {
    KeyringParts out;
    out.env = &files_;
    return out;
  }

  std::string until_it_fails() {
    auto keyring = Keyring::open(folder_, unlock(), clock_, kSmall, parts());
    if (!keyring.ok()) return {};
    Sealer sealer(**keyring, "k", clock_, {.messages_max = 2, .wraps_at_once = 2});
    for (int i = 0; i < 400; ++i) {
      if (random_() % 2 == 0) {
        auto grant = (*keyring)->grant_wraps("k", 1 + random_() % 3);
        if (!grant.ok()) break;
        const std::string wrong = use(grant->epoch, grant->key, grant->wraps);
        if (!wrong.empty()) return wrong;
      } else {
        auto prepared = sealer.prepare({{"n", "c"}});
        if (!prepared.ok()) break;
        messages_.push_back(std::move(*prepared).finish(as_bytes("payload")).value());
      }
      if (random_() % 12 == 0) static_cast<void>((*keyring)->rotate("k").ok());
    }
    disk_.cut();
    return {};
  }

  std::string use(std::uint32_t epoch, const Secret& key, std::uint64_t wraps) {
    auto [known, fresh] = keys_.try_emplace(epoch, to_bytes(key.reveal()));
    if (!fresh && as_text(known->second) != as_text(key.reveal()))
      return "epoch " + std::to_string(epoch) + " has two keys";
    used_[epoch] += wraps;
    if (used_[epoch] > kBudget)
      return std::to_string(used_[epoch]) + " wraps of epoch " + std::to_string(epoch);
    return {};
  }

  // With the power on again: what was handed out is counted, and what was sealed opens.
  std::string look_after() {
    auto keyring = Keyring::open(folder_, unlock(), clock_, kSmall, parts());
    if (!keyring.ok()) return "the keyring does not open: " + keyring.error().message;
    const KeyInfo info = (*keyring)->find("k").value();
    for (const auto& [epoch, used] : used_) {
      const auto found = std::ranges::find(info.epochs, epoch, &EpochInfo::number);
      if (found == info.epochs.end()) return "epoch " + std::to_string(epoch) + " is lost";
      if (found->wraps_reserved < used)
        return "epoch " + std::to_string(epoch) + " counts " +
               std::to_string(found->wraps_reserved) + " of " + std::to_string(used) + " wraps";
    }
    Opener opener = Opener::with_keyring(**keyring);
    for (const Bytes& message : messages_)
      if (auto opened = opener.open(message, {}); !opened.ok())
        return "a message does not open: " + opened.error().message;
    return {};
  }

  std::mt19937_64 random_;
  FakeClock clock_;
  FaultEnv files_;
  db::PowerVfs disk_;
  std::string folder_;
  std::map<std::uint32_t, std::uint64_t> used_;
  std::map<std::uint32_t, Bytes> keys_;
  std::vector<Bytes> messages_;
};

TEST(WrapBudget, NoWrapIsHandedOutTwiceWhereverThePowerGoes) {
  std::size_t epochs = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Machine machine(seed, Syncs::Honest);
    EXPECT_EQ(machine.run(15), "") << "seed " << seed;
    epochs += machine.epochs();
  }
  EXPECT_GT(epochs, 100u);  // the test wraps
}

// What the test before relies on: with disks that do not sync it fails.
TEST(WrapBudget, ADiskThatDoesNotSyncIsFoundOut) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed)
    if (!Machine(seed, Syncs::NoOp).run(15).empty()) ++found;
  EXPECT_EQ(found, 6);
}

// What a change that failed would have made is not in use: here a key that is to be enabled.
TEST(WrapBudget, AChangeThatFailedIsNotInMemoryEither) {
  int failed = 0;
  for (std::uint64_t after = 1; after < 60; ++after) {
    db::PowerVfs disk(after);
    FakeClock clock;
    std::string pattern = testing::TempDir() + "sealane-change-XXXXXX";
    const std::string folder = ::mkdtemp(pattern.data());
    {
      auto keyring = Keyring::create(folder, unlock(), clock, kSmall).value();
      ASSERT_TRUE(keyring->create_key("k").ok());
      ASSERT_TRUE(keyring->disable("k").ok());
      disk.cut_after(after);
      const bool enabled = keyring->enable("k").ok();
      if (!enabled) {
        ++failed;
        EXPECT_FALSE(keyring->export_key("k", 1).ok()) << after;
        EXPECT_FALSE(keyring->grant_wraps("k", 1).ok()) << after;
      }
      disk.cut();
    }
    disk.restore();
    std::filesystem::remove_all(folder);
  }
  EXPECT_GT(failed, 5);
}

// The child says each wrap before it uses the next; the parent kills it at any moment.
TEST(WrapBudget, AKilledProcessLosesWrapsAndReusesNone) {
  std::string pattern = testing::TempDir() + "sealane-killed-XXXXXX";
  const std::string folder = ::mkdtemp(pattern.data());
  FakeClock clock;
  {
    auto made = Keyring::create(folder, unlock(), clock, kSmall).value();
    ASSERT_TRUE(made->create_key("k").ok());
  }
  std::mt19937_64 random(20);
  std::map<std::uint32_t, std::uint64_t> used;
  for (int round = 0; round < 20; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe[0]);
      auto keyring = Keyring::open(folder, unlock(), clock, kSmall);
      if (!keyring.ok()) ::_exit(3);
      for (;;) {
        auto grant = (*keyring)->grant_wraps("k", 1);
        if (!grant.ok()) ::_exit(4);
        const std::uint32_t epoch = grant->epoch;
        if (::write(pipe[1], &epoch, sizeof(epoch)) != sizeof(epoch)) ::_exit(0);
      }
    }
    ::close(pipe[1]);
    std::uint64_t wanted = random() % 30;
    std::uint32_t epoch = 0;
    // After the kill: what the child had said before it died.
    for (bool killed = false; ::read(pipe[0], &epoch, sizeof(epoch)) == sizeof(epoch);) {
      ++used[epoch];
      if (wanted-- > 0 || killed) continue;
      ASSERT_EQ(::kill(child, SIGKILL), 0);
      killed = true;
    }
    ::close(pipe[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "round " << round << ", exit " << WEXITSTATUS(status);
  }
  EXPECT_GT(used.size(), 20u);
  const KeyInfo info = Keyring::open(folder, unlock(), clock, kSmall).value()->find("k").value();
  for (const auto& [epoch, count] : used) {
    EXPECT_LE(count, kBudget) << epoch;
    ASSERT_LE(epoch, info.epochs.size());
    EXPECT_GE(info.epochs[epoch - 1].wraps_reserved, count) << epoch;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sealane::keys
