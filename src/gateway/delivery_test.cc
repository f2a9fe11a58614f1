// SPDX-License-Identifier: Apache-2.0
#include "gateway/delivery.h"

#include <gtest/gtest.h>

#include "base/testing/fault_env.h"
#include "gateway/testing/read_lake.h"
#include "sinks/testing/store_sink.h"
#include "store/entry.h"
#include "store/testing/test_keys.h"

namespace sealane::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DeliveryTest : public testing::Test {
 protected:
  DeliveryTest()
      : key_(crypto::Ed25519PrivateKey::generate()),
        journal_sealer_(*keys_.keyring, "journal", keys_.clock),
        bundle_sealer_(*keys_.keyring, "training", keys_.clock),
        opener_(keys::Opener::with_keyring(*keys_.keyring)),
        sink_(keys_.clock) {
    options_.pipeline = "weather";
    options_.dataset = "training";
    options_.spool_folder = "./spool";
    options_.state_folder = "./delivery";
    options_.journal = {"./journal", "weather", "edge"};
    options_.limits.records_max = 3;
  }
  void SetUp() override {
    objects_ = std::move(store::ObjectStore::open(lake_, "./weather")).value();
    sink_.set_store(objects_.get());
    open();
  }
  void open() {
    delivery_.reset();
    journal_.reset();
    store::JournalOptions options;
    options.name = options_.journal;
    options.limits.segment_bytes_max = 1500;
    auto journal = store::Journal::open(edge_, journal_sealer_, opener_, options);
    ASSERT_TRUE(journal.ok()) << journal.error().message;
    journal_ = std::move(*journal);
    auto delivery =
        Delivery::open(edge_, *journal_, opener_, bundle_sealer_, key_, sink_, options_);
    ASSERT_TRUE(delivery.ok()) << delivery.error().message;
    delivery_ = std::move(*delivery);
  }
  void append(int records) {
    store::BlockBuilder block;
    for (int i = 0; i < records; ++i)
      ASSERT_TRUE(block
                      .add(keys_.clock.now(), "kjfk", "weather/kjfk",
                           as_bytes("payload " + std::to_string(++appended_)))
                      .ok());
    auto sealed = journal_->seal(journal_sealer_, block);
    ASSERT_TRUE(sealed.ok());
    ASSERT_TRUE(journal_->commit(std::span(&*sealed, 1)).ok());
  }
  DeliveryStep step() { return delivery_->step(keys_.clock.now()); }
  LakeContents lake() {
    auto contents = read_lake(*objects_, opener_, key_.public_key(), "weather", "training");
    EXPECT_TRUE(contents.ok()) << contents.error().message;
    return contents.ok() ? std::move(*contents) : LakeContents{};
  }

  FaultEnv edge_;
  FaultEnv lake_;
  store::TestKeys keys_;
  crypto::Ed25519PrivateKey key_;
  keys::Sealer journal_sealer_;
  keys::Sealer bundle_sealer_;
  keys::Opener opener_;
  sinks::StoreSink sink_;
  DeliveryOptions options_;
  std::unique_ptr<store::ObjectStore> objects_;
  std::unique_ptr<store::Journal> journal_;
  std::unique_ptr<Delivery> delivery_;
  int appended_ = 0;
};

TEST_F(DeliveryTest, ABundleClosesWhenItHasItsRecords) {
  append(2);
  DeliveryStep waiting = step();
  EXPECT_FALSE(waiting.stored);
  EXPECT_EQ(waiting.next_attempt, keys_.clock.now() + options_.limits.age_max);
  append(2);
  const DeliveryStep stored = step();
  ASSERT_TRUE(stored.stored);
  EXPECT_TRUE(stored.progressed);
  EXPECT_EQ(stored.stored->name,
            "training/bundles/00000000000000000001-00000000000000000003.tar.esdk");
  const LakeContents contents = lake();
  ASSERT_EQ(contents.records.size(), 3u);
  EXPECT_EQ(contents.records[2].sequence, 3u);
  EXPECT_EQ(contents.records[2].thing, "kjfk");
  EXPECT_EQ(contents.records[2].payload, "payload 3");
  EXPECT_FALSE(delivery_->drained());
}

TEST_F(DeliveryTest, ABundleClosesWhenItIsOldOrWhenTold) {
  append(1);
  EXPECT_FALSE(step().stored);
  keys_.clock.advance(options_.limits.age_max);
  EXPECT_TRUE(step().stored);
  append(1);
  delivery_->flush();
  EXPECT_TRUE(step().stored);
  EXPECT_TRUE(delivery_->drained());
  EXPECT_EQ(lake().entries.size(), 2u);
}

TEST_F(DeliveryTest, AClockThatIsSetBackHoldsNothingUp) {
  append(1);
  EXPECT_FALSE(step().stored);
  keys_.clock.advance(-std::chrono::hours(24));
  EXPECT_FALSE(step().stored);
  keys_.clock.advance(options_.limits.age_max);
  EXPECT_TRUE(step().stored);
  sink_.set_store(nullptr);
  append(3);
  EXPECT_TRUE(step().error);
  sink_.set_store(objects_.get());
  keys_.clock.advance(-std::chrono::hours(24));
  EXPECT_FALSE(step().stored);
  keys_.clock.advance(options_.limits.backoff_max);
  EXPECT_TRUE(step().stored);
}

TEST_F(DeliveryTest, ABundleIsNeverLargerThanTold) {
  options_.limits.bytes_max = 80u << 10;
  options_.limits.records_max = 1000;
  open();
  for (int i = 0; i < 40; ++i) append(2);
  delivery_->flush();
  while (!delivery_->drained()) {
    delivery_->flush();
    ASSERT_FALSE(step().error);
  }
  const LakeContents contents = lake();
  EXPECT_GT(contents.entries.size(), 3u);
  for (const keys::ManifestEntry& entry : contents.entries) EXPECT_LT(entry.size, 82u << 10);
  EXPECT_EQ(contents.records.size(), 80u);
}

TEST_F(DeliveryTest, ALakeThatIsDownIsTriedAgainLaterEachTime) {
  append(3);
  sink_.set_store(nullptr);
  DeliveryStep failed = step();
  ASSERT_TRUE(failed.error);
  EXPECT_EQ(failed.next_attempt, keys_.clock.now() + milliseconds(200));
  EXPECT_FALSE(step().error) << "it is not time yet";
  keys_.clock.advance(milliseconds(200));
  EXPECT_EQ(step().next_attempt, keys_.clock.now() + milliseconds(400));
  for (int i = 0; i < 20; ++i) {
    keys_.clock.advance(seconds(30));
    EXPECT_LE(step().next_attempt, keys_.clock.now() + seconds(30));
  }
  sink_.set_store(objects_.get());
  keys_.clock.advance(seconds(30));
  EXPECT_TRUE(step().stored);
  EXPECT_EQ(lake().records.size(), 3u);
}

TEST_F(DeliveryTest, DeliveredSegmentsAreReleased) {
  for (int i = 0; i < 20; ++i) append(3);
  const auto before = journal_->view().segments.size();
  while (!delivery_->drained()) ASSERT_FALSE(step().error);
  EXPECT_GT(before, 3u);
  EXPECT_EQ(journal_->view().segments.size(), 1u);
  EXPECT_TRUE(edge_.list("./spool")->empty());
}

TEST_F(DeliveryTest, AGapThatRepairLeftEndsABundle) {
  for (int i = 0; i < 4; ++i) append(1);
  const std::string path = "./journal/" + store::segment_name(1);
  const Bytes bytes = *read_file(edge_, path, 1u << 20);
  std::size_t second = *store::find_entry_header(bytes, 0) + 1;
  second = *store::find_entry_header(bytes, second);
  ASSERT_TRUE(edge_.rot(path, second + 100).ok());
  ASSERT_TRUE(store::repair_journal(edge_, opener_, options_.journal).ok());
  open();
  while (!delivery_->drained()) {
    delivery_->flush();
    ASSERT_FALSE(step().error);
  }
  const LakeContents contents = lake();
  ASSERT_EQ(contents.entries.size(), 2u);
  EXPECT_EQ(contents.entries[0].last, 1u);
  EXPECT_EQ(contents.entries[1].first, 3u);
  EXPECT_EQ(contents.records.size(), 3u);
}

TEST_F(DeliveryTest, AnotherObjectUnderTheBundlesNameStopsDelivery) {
  ASSERT_TRUE(objects_
                  ->put("training/bundles/00000000000000000001-00000000000000000003.tar.esdk",
                        as_bytes("other"), keys_.clock.now())
                  .ok());
  append(3);
  const DeliveryStep failed = step();
  ASSERT_TRUE(failed.error);
  EXPECT_EQ(failed.error->kind, ErrorKind::Conflict);
  EXPECT_EQ(delivery_->state().next_sequence, 1u);
}

// Once per operation of the edge: the power goes there; what was sent is sent again, the same
// bytes.
TEST_F(DeliveryTest, PowerLossAtAnyOperationEndsWithEachRecordInOneBundle) {
  for (std::uint64_t at = 0; at < 60; ++at) {
    append(3);
    edge_.cut_power_after(at % 30);
    for (int i = 0; i < 50 && !edge_.power_is_off() && !delivery_->drained(); ++i)
      static_cast<void>(step());
    edge_.crash(at);
    open();
    if (HasFatalFailure()) return;
  }
  while (!delivery_->drained()) ASSERT_FALSE(step().error);
  const LakeContents contents = lake();
  ASSERT_EQ(contents.records.size(), 180u);
  for (std::size_t i = 0; i < contents.records.size(); ++i)
    EXPECT_EQ(contents.records[i].payload, "payload " + std::to_string(i + 1));
}

// The same for the lake.
TEST_F(DeliveryTest, PowerLossOfTheLakeAtAnyOperationLosesNothing) {
  for (std::uint64_t at = 0; at < 40; ++at) {
    append(3);
    lake_.cut_power_after(at);
    static_cast<void>(step());
    lake_.crash(at);
    objects_ = std::move(store::ObjectStore::open(lake_, "./weather")).value();
    sink_.set_store(objects_.get());
    keys_.clock.advance(seconds(40));
  }
  while (!delivery_->drained()) ASSERT_FALSE(step().error);
  EXPECT_EQ(lake().records.size(), 120u);
}

TEST_F(DeliveryTest, ASpooledBundleThatDoesNotFollowTheStateStopsTheStart) {
  append(3);
  sink_.set_store(nullptr);
  ASSERT_TRUE(step().error);
  delivery_.reset();
  ASSERT_TRUE(edge_
                  .overwrite("./delivery/state.json",
                             as_bytes(R"({"next_sequence":2,"next_index":1,"previous":")" +
                                      std::string(64, '0') + "\"}"))
                  .ok());
  auto opened = Delivery::open(edge_, *journal_, opener_, bundle_sealer_, key_, sink_, options_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::Corrupt);
}

TEST_F(DeliveryTest, AStateThatIsNotOneIsCorrupt) {
  ASSERT_TRUE(edge_.overwrite("./delivery/state.json", as_bytes("{}")).ok());
  EXPECT_EQ(load_delivery_state(edge_, "./delivery").error().kind, ErrorKind::Corrupt);
}

}  // namespace
}  // namespace sealane::gateway
