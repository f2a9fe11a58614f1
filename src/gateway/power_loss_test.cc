// SPDX-License-Identifier: Apache-2.0
//
// Power loss at random moments in the edge and in the lake, with producers that resend what was not
// acknowledged.  One process, no threads, decided by one seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>

#include "base/testing/fault_env.h"
#include "gateway/delivery.h"
#include "gateway/testing/read_lake.h"
#include "sinks/testing/store_sink.h"
#include "store/committer.h"
#include "store/journal.h"
#include "store/testing/test_keys.h"

namespace sealane::gateway {
namespace {

constexpr int kMoments = 200;
constexpr int kDevices = 4;

enum class Syncs { Honest, NoOp };

// A device numbers what it publishes and sends again, in order, what was not acknowledged.
struct Device {
  std::string name;
  std::uint64_t next = 0;
  std::deque<std::uint64_t> unacknowledged;
  std::set<std::uint64_t> acknowledged;
  bool in_flight = false;
};

class World {
 public:
  World(std::uint64_t seed, Syncs syncs)
      : random_(seed),
        manifest_key_(crypto::Ed25519PrivateKey::generate()),
        journal_sealer_(*keys_.keyring, "journal", keys_.clock),
        bundle_sealer_(*keys_.keyring, "training", keys_.clock),
        opener_(keys::Opener::with_keyring(*keys_.keyring)),
        sink_(keys_.clock) {
    edge_.set_no_op_sync(syncs == Syncs::NoOp);
    lake_.set_no_op_sync(syncs == Syncs::NoOp);
    for (int i = 0; i < kDevices; ++i) devices_.emplace_back().name = "device" + std::to_string(i);
  }

  // Result: what does not hold; empty when everything does.
  std::vector<std::string> run() {
    for (moment_ = 0; moment_ < kMoments && violations_.empty(); ++moment_) {
      const auto where = random_() % 3;
      if (where != 1) edge_.cut_power_after(random_() % 90);
      if (where != 0) lake_.cut_power_after(random_() % 50);
      for (int round = 0; violations_.empty() && round < 300; ++round) {
        if (edge_.power_is_off() || lake_.power_is_off()) break;
        turn();
      }
      if (edge_.power_is_off() || where == 2) lose_edge();
      if (lake_.power_is_off() || where == 2) lose_lake();
    }
    if (violations_.empty()) drain();
    if (violations_.empty()) check_lake();
    return violations_;
  }

  std::uint64_t losses() const { return losses_; }
  std::uint64_t bundles() const { return bundles_; }
  std::uint64_t torn_tails() const { return torn_tails_; }
  std::uint64_t acknowledged() const {
    std::uint64_t total = 0;
    for (const Device& device : devices_) total += device.acknowledged.size();
    return total;
  }

 private:
  void violation(const std::string& what) {
    violations_.push_back("moment " + std::to_string(moment_) + ": " + what);
  }

  void lose_edge() {
    delivery_.reset();
    committer_.reset();
    journal_.reset();
    for (Device& device : devices_) device.in_flight = false;
    edge_.crash(random_());
    ++losses_;
  }
  void lose_lake() {
    sink_.set_store(nullptr);
    objects_.reset();
    lake_.crash(random_());
    ++losses_;
  }

  Status start_edge() {
    SEALANE_TRY(edge_.make_folder("edge"));
    SEALANE_TRY(edge_.sync_folder("."));
    SEALANE_TRY(edge_.make_folder("edge/delivery"));
    SEALANE_ASSIGN(const DeliveryState state, load_delivery_state(edge_, "edge/delivery"));
    store::JournalOptions journal;
    journal.name = {"edge/journal", "weather", "edge"};
    journal.limits.segment_bytes_max = 6000;
    journal.durable_at_least = state.next_sequence - 1;
    SEALANE_ASSIGN(journal_, store::Journal::open(edge_, journal_sealer_, opener_, journal));
    if (journal_->recovered().torn_bytes > 0) ++torn_tails_;
    committer_ = std::make_unique<store::Committer>(*journal_, keys_.clock);
    DeliveryOptions options;
    options.pipeline = "weather";
    options.dataset = "training";
    options.spool_folder = "edge/spool";
    options.state_folder = "edge/delivery";
    options.journal = journal.name;
    options.limits.records_max = 9;
    options.limits.age_max = std::chrono::seconds(1);
    SEALANE_ASSIGN(delivery_, Delivery::open(edge_, *journal_, opener_, bundle_sealer_,
                                             manifest_key_, sink_, options));
    return {};
  }
  Status start_lake() {
    SEALANE_TRY(lake_.make_folder("objects"));
    SEALANE_TRY(lake_.sync_folder("."));
    SEALANE_ASSIGN(objects_, store::ObjectStore::open(lake_, "objects/weather"));
    sink_.set_store(objects_.get());
    return {};
  }

  void turn() {
    if (objects_ == nullptr) {
      Status started = start_lake();
      if (!started.ok() && !lake_.power_is_off())
        violation("the lake does not start: " + started.error().message);
      if (!started.ok()) return;
    }
    if (delivery_ == nullptr) {
      Status started = start_edge();
      if (!started.ok() && !edge_.power_is_off())
        violation("the edge does not start: " + started.error().message);
      if (!started.ok()) return;
    }
    const auto blocks = 1 + random_() % 3;
    for (std::uint64_t i = 0; i < blocks; ++i) publish();
    committer_->run_once();
    keys_.clock.advance(std::chrono::milliseconds(400));
    if (random_() % 2 == 0) deliver();
  }

  void publish() {
    store::BlockBuilder block;
    std::vector<std::pair<Device*, std::vector<std::uint64_t>>> sent;
    for (Device& device : devices_) {
      if (device.in_flight || random_() % 2 == 0) continue;
      for (auto fresh = 1 + random_() % 2; fresh > 0 && device.unacknowledged.size() < 4; --fresh)
        device.unacknowledged.push_back(device.next++);
      const std::vector<std::uint64_t> ids(device.unacknowledged.begin(),
                                           device.unacknowledged.end());
      for (std::uint64_t id : ids)
        ASSERT_TRUE(block
                        .add(keys_.clock.now(), device.name, "weather/" + device.name,
                             as_bytes(std::to_string(id)))
                        .ok());
      sent.emplace_back(&device, ids);
    }
    if (block.empty()) return;
    auto sealed = journal_->seal(journal_sealer_, block);
    if (!sealed.ok()) return;
    for (auto& [device, ids] : sent) device->in_flight = true;
    const Status submitted =
        committer_->submit(std::move(*sealed), store::Ack::Durable, [sent](const Status& status) {
          for (const auto& [device, ids] : sent) {
            device->in_flight = false;
            if (!status.ok()) continue;
            for (std::uint64_t id : ids) {
              device->acknowledged.insert(id);
              std::erase(device->unacknowledged, id);
            }
          }
        });
    ASSERT_TRUE(submitted.ok());
  }

  void deliver() {
    const DeliveryStep step = delivery_->step(keys_.clock.now());
    if (step.error && !edge_.power_is_off() && !lake_.power_is_off())
      violation("delivery fails: " + step.error->message);
  }

  bool all_acknowledged() const {
    return std::ranges::all_of(devices_, [](const Device& d) { return d.unacknowledged.empty(); });
  }

  // No more power losses: everything unacknowledged is sent again, everything is delivered.
  void drain() {
    for (int round = 0; violations_.empty(); ++round) {
      if (round > 500) return violation("it does not drain");
      turn();
      if (delivery_ == nullptr) continue;
      delivery_->flush();
      deliver();
      if (all_acknowledged()) break;
    }
    for (int round = 0; violations_.empty() && !delivery_->drained(); ++round) {
      if (round > 500) return violation("delivery does not drain");
      keys_.clock.advance(std::chrono::seconds(40));
      delivery_->flush();
      deliver();
    }
  }

  void check_lake() {
    auto lake = read_lake(*objects_, opener_, manifest_key_.public_key(), "weather", "training");
    if (!lake.ok()) return violation("the lake does not verify: " + lake.error().message);
    bundles_ = lake->entries.size();
    std::uint64_t expected = 1;
    for (const keys::ManifestEntry& entry : lake->entries) {
      if (entry.first != expected) violation("bundle " + entry.name + " does not follow");
      expected = entry.last + 1;
    }
    expected = 1;
    std::map<std::string, std::set<std::uint64_t>> seen;
    std::map<std::string, std::uint64_t> last_first_copy;
    for (const LakeRecord& record : lake->records) {
      if (record.sequence != expected)
        violation("sequence number " + std::to_string(record.sequence) + " instead of " +
                  std::to_string(expected));
      ++expected;
      std::uint64_t id = 0;
      for (char c : record.payload) id = id * 10 + static_cast<std::uint64_t>(c - '0');
      if (!seen[record.thing].insert(id).second) continue;
      auto last = last_first_copy.find(record.thing);
      if (last != last_first_copy.end() && id <= last->second)
        violation(record.thing + ": " + std::to_string(id) + " comes after a later one");
      last_first_copy[record.thing] = id;
    }
    if (expected != journal_->durable() + 1) violation("the lake ends before the journal");
    for (const Device& device : devices_)
      for (std::uint64_t id : device.acknowledged)
        if (!seen[device.name].contains(id))
          violation(device.name + ": " + std::to_string(id) + " was acknowledged and is lost");
  }

  std::mt19937_64 random_;
  FaultEnv edge_;
  FaultEnv lake_;
  store::TestKeys keys_;
  crypto::Ed25519PrivateKey manifest_key_;
  keys::Sealer journal_sealer_;
  keys::Sealer bundle_sealer_;
  keys::Opener opener_;
  sinks::StoreSink sink_;
  std::vector<Device> devices_;

  std::unique_ptr<store::ObjectStore> objects_;
  std::unique_ptr<store::Journal> journal_;
  std::unique_ptr<store::Committer> committer_;
  std::unique_ptr<Delivery> delivery_;

  std::vector<std::string> violations_;
  int moment_ = 0;
  std::uint64_t losses_ = 0;
  std::uint64_t bundles_ = 0;
  std::uint64_t torn_tails_ = 0;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

class PowerLoss : public testing::TestWithParam<std::uint64_t> {};

TEST_P(PowerLoss, KeepsWhatWasAcknowledgedOnceAndInOrder) {
  World world(GetParam(), Syncs::Honest);
  const auto violations = world.run();
  EXPECT_TRUE(violations.empty()) << joined(violations);
  // The run was worth something.
  EXPECT_GE(world.losses(), 200u);
  EXPECT_GT(world.acknowledged(), 1000u);
  EXPECT_GT(world.bundles(), 100u);
  EXPECT_GT(world.torn_tails(), 2u);
}

// The permanent twin: a disk whose syncs do nothing breaks the claims, and the test sees it.
TEST_P(PowerLoss, TheSameRunOnADiskWhoseSyncsLieBreaksTheClaims) {
  World world(GetParam(), Syncs::NoOp);
  EXPECT_FALSE(world.run().empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, PowerLoss, testing::Values(20261123u, 2u, 3u));

}  // namespace
}  // namespace sealane::gateway
