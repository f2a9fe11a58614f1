// SPDX-License-Identifier: Apache-2.0
#include "store/journal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "base/testing/fault_env.h"
#include "store/committer.h"
#include "store/entry.h"
#include "store/reader.h"
#include "store/testing/test_keys.h"

namespace sealane::store {
namespace {

class JournalTest : public testing::Test {
 protected:
  JournalTest()
      : sealer_(*keys_.keyring, "journal", keys_.clock),
        opener_(keys::Opener::with_key(*keys_.keyring, "journal")) {
    options_.name = {"journal", "weather", "edge"};
  }
  Status try_open(std::uint64_t durable_at_least = 0) {
    journal_.reset();
    JournalOptions options = options_;
    options.durable_at_least = durable_at_least;
    SEALANE_ASSIGN(journal_, Journal::open(env_, sealer_, opener_, options));
    return {};
  }
  void open() {
    Status opened = try_open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
  }
  Result<SealedBlock> seal(std::initializer_list<std::string_view> payloads) {
    BlockBuilder block;
    for (std::string_view payload : payloads)
      SEALANE_TRY(block.add(keys_.clock.now(), "thing", "topic", as_bytes(payload)));
    return journal_->seal(sealer_, block);
  }
  Status commit(std::initializer_list<std::string_view> payloads) {
    SEALANE_ASSIGN(SealedBlock block, seal(payloads));
    return journal_->commit(std::span(&block, 1));
  }
  Result<std::vector<std::string>> read_all(std::uint64_t from = 1) {
    JournalReader reader(env_, opener_, options_.name, from);
    std::vector<std::string> out;
    for (;;) {
      SEALANE_ASSIGN(auto block, reader.next(journal_->view()));
      if (!block) return out;
      for (const Record& record : block->records)
        out.push_back(std::to_string(record.sequence) + ":" + to_text(record.payload));
    }
  }
  std::string segment(std::uint64_t first) const { return "journal/" + segment_name(first); }
  std::uint64_t size_of(const std::string& path) {
    return *(*env_.open(path, OpenMode::Read))->size();
  }
  // Where the entry with sequence number `sequence` begins in a segment file.
  std::uint64_t entry_offset(const std::string& path, std::uint64_t sequence) {
    const Bytes bytes = *read_file(env_, path, 1u << 24);
    for (std::size_t at = 0; auto found = find_entry_header(bytes, at); at = *found + 1)
      if (load_entry_header(ByteSpan(bytes).subspan(*found))->first == sequence) return *found;
    ADD_FAILURE() << "no entry " << sequence;
    return 0;
  }

  using Strings = std::vector<std::string>;
  FaultEnv env_;
  TestKeys keys_;
  keys::Sealer sealer_;
  keys::Opener opener_;
  JournalOptions options_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, CommittedRecordsAreReadInOrderFromAnySequenceNumber) {
  open();
  ASSERT_TRUE(commit({"a", "b"}).ok());
  ASSERT_TRUE(commit({"c", "d", "e"}).ok());
  EXPECT_EQ(journal_->durable(), 5u);
  EXPECT_EQ(*read_all(), (Strings{"1:a", "2:b", "3:c", "4:d", "5:e"}));
  EXPECT_EQ(*read_all(4), (Strings{"4:d", "5:e"}));
  EXPECT_EQ(*read_all(6), Strings{});
}

TEST_F(JournalTest, BlocksSealedInAnyOrderOfFinishingAreWrittenInTheirOwn) {
  open();
  std::vector<SealedBlock> blocks;
  for (const char* payload : {"a", "b", "c"}) blocks.push_back(std::move(seal({payload})).value());
  std::swap(blocks[0], blocks[2]);
  ASSERT_TRUE(journal_->commit(blocks).ok());
  EXPECT_EQ(*read_all(), (Strings{"1:a", "2:b", "3:c"}));
}

TEST_F(JournalTest, AGapBetweenBlocksIsRefusedAndNothingIsWritten) {
  open();
  SealedBlock first = std::move(seal({"a"})).value();
  SealedBlock second = std::move(seal({"b"})).value();
  EXPECT_EQ(journal_->write(std::span(&second, 1)).error().kind, ErrorKind::Invalid);
  EXPECT_TRUE(journal_->commit(std::span(&first, 1)).ok());
  EXPECT_TRUE(journal_->commit(std::span(&second, 1)).ok());
  EXPECT_EQ(*read_all(), (Strings{"1:a", "2:b"}));
}

TEST_F(JournalTest, NothingIsReadBeforeItIsSynced) {
  open();
  SealedBlock block = std::move(seal({"a"})).value();
  ASSERT_TRUE(journal_->write(std::span(&block, 1)).ok());
  EXPECT_EQ(*read_all(), Strings{});
  ASSERT_TRUE(journal_->sync().ok());
  EXPECT_EQ(*read_all(), Strings{"1:a"});
}

TEST_F(JournalTest, AnEmptyBlockIsInvalid) {
  open();
  EXPECT_EQ(commit({}).error().kind, ErrorKind::Invalid);
}

TEST_F(JournalTest, ACleanCloseIsSeenAndTheChainGoesOn) {
  open();
  ASSERT_TRUE(commit({"a"}).ok());
  ASSERT_TRUE(journal_->close().ok());
  EXPECT_EQ(seal({"late"}).error().kind, ErrorKind::Unavailable);
  open();
  EXPECT_TRUE(journal_->recovered().clean_close);
  ASSERT_TRUE(commit({"b"}).ok());
  EXPECT_EQ(*read_all(), (Strings{"1:a", "2:b"}));
  open();
  EXPECT_FALSE(journal_->recovered().clean_close);
  EXPECT_EQ(journal_->durable(), 2u);
}

TEST_F(JournalTest, EveryCommittedBlockSurvivesAPowerLoss) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    open();
    const std::uint64_t before = journal_->durable();
    ASSERT_TRUE(commit({"a", "b"}).ok());
    SealedBlock lost = std::move(seal({"c", "d"})).value();
    ASSERT_TRUE(journal_->write(std::span(&lost, 1)).ok());
    env_.crash(seed);
    open();
    EXPECT_GE(journal_->durable(), before + 2);
    EXPECT_EQ(read_all()->size(), journal_->durable());
  }
}

TEST_F(JournalTest, SegmentsRollAndAreReadAcrossAndReleasedWhole) {
  options_.limits.segment_bytes_max = 1500;
  open();
  Strings want;
  for (int i = 1; i <= 20; ++i) {
    ASSERT_TRUE(commit({"x"}).ok());
    want.push_back(std::to_string(i) + ":x");
  }
  const auto segments = journal_->view().segments;
  ASSERT_GT(segments.size(), 3u);
  EXPECT_EQ(*read_all(), want);
  const std::uint64_t third = segments[2].header.first;
  ASSERT_TRUE(journal_->release_before(third).ok());
  EXPECT_EQ(journal_->view().segments.front().header.first, third);
  EXPECT_EQ(read_all(1).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(read_all(third)->size(), 21 - third);
  env_.crash(3);
  open();
  EXPECT_EQ(read_all(third)->size(), 21 - third);
  ASSERT_TRUE(journal_->release_before(1000).ok());
  EXPECT_EQ(journal_->view().segments.size(), 1u);
}

TEST_F(JournalTest, AReaderThatWaitsAtTheEndGoesOnInTheNextSegment) {
  options_.limits.segment_bytes_max = 600;
  open();
  JournalReader reader(env_, opener_, options_.name, 1);
  for (std::uint64_t i = 1; i <= 12; ++i) {
    if (i % 4 == 0) {  // marks stand between the records of one segment and the next
      ASSERT_TRUE(journal_->close().ok());
      open();
    }
    ASSERT_TRUE(commit({"x"}).ok());
    auto block = reader.next(journal_->view());
    ASSERT_TRUE(block.ok()) << block.error().message;
    ASSERT_TRUE(block->has_value());
    EXPECT_EQ((*block)->first, i);
    EXPECT_FALSE(reader.next(journal_->view())->has_value());
  }
}

TEST_F(JournalTest, ATornTailIsCutAndReported) {
  open();
  ASSERT_TRUE(commit({"a"}).ok());
  const std::uint64_t whole = size_of(segment(1));
  ASSERT_TRUE(commit({"b"}).ok());
  const Bytes bytes = *read_file(env_, segment(1), 1u << 20);
  for (std::size_t size = whole + 1; size < bytes.size(); ++size) {
    ASSERT_TRUE(env_.overwrite(segment(1), ByteSpan(bytes).first(size)).ok());
    open();
    EXPECT_EQ(journal_->durable(), 1u);
    EXPECT_EQ(journal_->recovered().torn_bytes, size - whole);
    EXPECT_EQ(journal_->recovered().torn_offset, whole);
    EXPECT_EQ(journal_->recovered().torn_segment, segment_name(1));
    EXPECT_EQ(size_of(segment(1)), whole);
  }
  ASSERT_TRUE(commit({"c"}).ok());
  open();
  EXPECT_EQ(*read_all(), (Strings{"1:a", "2:c"}));
}

TEST_F(JournalTest, ARottenByteAnywhereBeforeAValidEntryStopsTheStartAndNamesTheEntry) {
  open();
  for (const char* payload : {"a", "b", "c"}) ASSERT_TRUE(commit({payload}).ok());
  const Bytes bytes = *read_file(env_, segment(1), 1u << 20);
  const std::uint64_t begin = entry_offset(segment(1), 2);
  const std::uint64_t end = entry_offset(segment(1), 3);
  for (std::uint64_t at = begin; at < end; ++at) {
    Bytes rotten = bytes;
    rotten[at] ^= std::byte{1};
    ASSERT_TRUE(env_.overwrite(segment(1), rotten).ok());
    const Status opened = try_open();
    ASSERT_FALSE(opened.ok()) << at;
    EXPECT_EQ(opened.error().kind, ErrorKind::Corrupt) << at;
    EXPECT_NE(opened.error().message.find(segment_name(1)), std::string::npos);
    EXPECT_NE(opened.error().message.find("offset " + std::to_string(begin)), std::string::npos);
    EXPECT_NE(opened.error().message.find("sequence number 2"), std::string::npos);
    EXPECT_EQ(*read_file(env_, segment(1), 1u << 20), rotten) << "a stopped start changes nothing";
  }
}

TEST_F(JournalTest, ARottenByteInTheSegmentHeaderStopsTheStart) {
  open();
  ASSERT_TRUE(commit({"a"}).ok());
  ASSERT_TRUE(env_.rot(segment(1), 20).ok());
  EXPECT_EQ(try_open().error().kind, ErrorKind::Corrupt);
}

TEST_F(JournalTest, ARottenLastBatchIsNotATornTailAfterACleanClose) {
  open();
  ASSERT_TRUE(commit({"a"}).ok());
  ASSERT_TRUE(commit({"b"}).ok());
  const std::uint64_t last = entry_offset(segment(1), 2);
  ASSERT_TRUE(journal_->close().ok());
  ASSERT_TRUE(env_.rot(segment(1), last + 60).ok());
  EXPECT_EQ(try_open().error().kind, ErrorKind::Corrupt);
}

TEST_F(JournalTest, ABadEntryBeforeASyncedOffsetIsNoTornTailThoughNoValidEntryFollows) {
  open();
  for (const char* payload : {"a", "b", "c"}) ASSERT_TRUE(commit({payload}).ok());
  // The last entry's body is torn, its header stands: it says that entry 2 was on disk.
  ASSERT_TRUE(env_.rot(segment(1), entry_offset(segment(1), 2) + 60).ok());
  ASSERT_TRUE(env_.rot(segment(1), size_of(segment(1)) - 1).ok());
  const Status opened = try_open();
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("on disk already"), std::string::npos);
}

TEST_F(JournalTest, AMissingSegmentStopsTheStart) {
  options_.limits.segment_bytes_max = 600;
  open();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(commit({"x"}).ok());
  const auto segments = journal_->view().segments;
  ASSERT_GT(segments.size(), 2u);
  ASSERT_TRUE(env_.remove("journal/" + segments[1].name).ok());
  EXPECT_EQ(try_open().error().kind, ErrorKind::Corrupt);
}

TEST_F(JournalTest, AJournalThatEndsBeforeWhatWasDeliveredStopsTheStart) {
  open();
  ASSERT_TRUE(commit({"a", "b"}).ok());
  EXPECT_TRUE(try_open(2).ok());
  EXPECT_EQ(try_open(3).error().kind, ErrorKind::Corrupt);
}

TEST_F(JournalTest, AMissingKeyStopsTheStartAndCutsNothing) {
  open();
  for (const char* payload : {"a", "b"}) ASSERT_TRUE(commit({payload}).ok());
  journal_.reset();
  const Bytes before = *read_file(env_, segment(1), 1u << 20);
  keys::Opener stranger = keys::Opener::with_keys({});
  auto opened = Journal::open(env_, sealer_, stranger, options_);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().kind, ErrorKind::Corrupt);
  EXPECT_EQ(*read_file(env_, segment(1), 1u << 20), before);
}

// Whoever reads the lake has its key, and may have got hold of the journal's files.
TEST_F(JournalTest, ABlockSealedUnderTheLakesKeyIsRefusedAndTheLakesKeyOpensNone) {
  open();
  ASSERT_TRUE(commit({"a"}).ok());
  const Bytes honest = *read_file(env_, segment(1), 1u << 20);
  // Pipeline, journal, number and the tag of the block before are as they should be.
  keys::Sealer forger(*keys_.keyring, "training", keys_.clock);
  BlockBuilder block;
  ASSERT_TRUE(block.add(keys_.clock.now(), "thing", "topic", as_bytes("forged")).ok());
  auto forged = journal_->seal(forger, block);
  ASSERT_TRUE(forged.ok()) << forged.error().message;
  ASSERT_TRUE(journal_->commit(std::span(&*forged, 1)).ok());
  EXPECT_EQ(read_all().error().kind, ErrorKind::Denied);
  const Bytes before = *read_file(env_, segment(1), 1u << 20);
  EXPECT_EQ(try_open().error().kind, ErrorKind::Denied);
  EXPECT_EQ(*read_file(env_, segment(1), 1u << 20), before) << "cut as if it were a torn tail";
  // The other way round: a reader with that key, and the journal as it was.
  ASSERT_TRUE(env_.overwrite(segment(1), honest).ok());
  opener_ = keys::Opener::with_key(*keys_.keyring, "training");
  EXPECT_EQ(try_open().error().kind, ErrorKind::Denied);
}

TEST_F(JournalTest, EntriesOfAnotherJournalOrExchangedOnesDoNotFit) {
  open();
  for (const char* payload : {"a", "b", "c"}) ASSERT_TRUE(commit({payload}).ok());
  options_.name.pipeline = "other";
  EXPECT_EQ(try_open().error().kind, ErrorKind::Corrupt);
  options_.name.pipeline = "weather";
  // Entries of the same length changed places.
  Bytes bytes = *read_file(env_, segment(1), 1u << 20);
  const std::size_t two = entry_offset(segment(1), 2);
  const std::size_t three = entry_offset(segment(1), 3);
  ASSERT_EQ(three - two, bytes.size() - three);
  std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(two),
                   bytes.begin() + static_cast<std::ptrdiff_t>(three),
                   bytes.begin() + static_cast<std::ptrdiff_t>(three));
  ASSERT_TRUE(env_.overwrite(segment(1), bytes).ok());
  EXPECT_EQ(try_open().error().kind, ErrorKind::Corrupt);
}

TEST_F(JournalTest, AFullDiskRefusesKeepsWhatWasAcknowledgedAndClearsByItself) {
  open();
  ASSERT_TRUE(commit({"a"}).ok());
  env_.set_space_left(100);
  EXPECT_EQ(commit({"b"}).error().kind, ErrorKind::Unavailable);
  EXPECT_TRUE(journal_->failed());
  EXPECT_EQ(commit({"c"}).error().kind, ErrorKind::Unavailable);
  EXPECT_EQ(journal_->try_reopen().error().kind, ErrorKind::Unavailable);
  EXPECT_EQ(*read_all(), Strings{"1:a"});
  env_.set_space_unlimited();
  ASSERT_TRUE(journal_->try_reopen().ok());
  ASSERT_TRUE(commit({"d"}).ok());
  EXPECT_EQ(*read_all(), (Strings{"1:a", "2:d"}));
  env_.crash(5);
  open();
  EXPECT_EQ(*read_all(), (Strings{"1:a", "2:d"}));
}

TEST_F(JournalTest, AfterAFailedSyncTheSegmentIsNeverTrustedAgain) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    open();
    const std::uint64_t before = journal_->durable();
    ASSERT_TRUE(commit({"a"}).ok());
    SealedBlock after = std::move(seal({"lost"})).value();
    SealedBlock reserved = std::move(seal({"never written"})).value();
    env_.fail_syncs(1);
    EXPECT_EQ(journal_->commit(std::span(&after, 1)).error().kind, ErrorKind::Unavailable);
    EXPECT_TRUE(journal_->is_stale(reserved));
    EXPECT_EQ(journal_->write(std::span(&reserved, 1)).error().kind, ErrorKind::Unavailable);
    EXPECT_EQ(journal_->durable(), before + 1);
    ASSERT_TRUE(journal_->try_reopen().ok());
    EXPECT_EQ(journal_->write(std::span(&reserved, 1)).error().kind, ErrorKind::Unavailable);
    ASSERT_TRUE(commit({"b"}).ok());
    env_.crash(seed);
    open();
    EXPECT_EQ(journal_->durable(), before + 2);
    const Strings all = *read_all();
    EXPECT_EQ(all.size(), before + 2);
    EXPECT_EQ(all[before], std::to_string(before + 1) + ":a");
    EXPECT_EQ(all[before + 1], std::to_string(before + 2) + ":b");
  }
}

TEST_F(JournalTest, AProducerThatDoesNotKnowOfAFailureYetIsRefused) {
  open();
  SealedBlock lost = std::move(seal({"a"})).value();
  journal_->roll_back();
  BlockBuilder next;
  ASSERT_TRUE(next.add(keys_.clock.now(), "thing", "topic", as_bytes("b")).ok());
  EXPECT_EQ(journal_->seal(sealer_, next, lost.generation).error().kind, ErrorKind::Unavailable);
  EXPECT_TRUE(journal_->seal(sealer_, next).ok());
}

TEST_F(JournalTest, ASegmentThatFailsBeforeItsFirstRecordIsReplaced) {
  open();
  env_.fail_syncs(1);
  EXPECT_FALSE(commit({"a"}).ok());
  ASSERT_TRUE(journal_->try_reopen().ok());
  ASSERT_TRUE(commit({"b"}).ok());
  ASSERT_TRUE(journal_->close().ok());
  open();
  env_.fail_syncs(1);
  EXPECT_FALSE(commit({"c"}).ok());
  ASSERT_TRUE(journal_->try_reopen().ok());
  env_.fail_syncs(1);
  EXPECT_FALSE(commit({"d"}).ok());
  ASSERT_TRUE(journal_->try_reopen().ok());
  ASSERT_TRUE(commit({"e"}).ok());
  EXPECT_EQ(*read_all(), (Strings{"1:b", "2:e"}));
  open();
  EXPECT_EQ(*read_all(), (Strings{"1:b", "2:e"}));
}

TEST_F(JournalTest, OverItsSizeItRefusesUntilSegmentsAreReleased) {
  options_.limits.segment_bytes_max = 1000;
  options_.limits.journal_bytes_max = 4000;
  open();
  Status last;
  while ((last = commit({"x"})).ok()) ASSERT_LT(journal_->durable(), 100u);
  EXPECT_EQ(last.error().kind, ErrorKind::Unavailable);
  EXPECT_FALSE(journal_->failed());
  ASSERT_TRUE(journal_->release_before(journal_->durable()).ok());
  EXPECT_TRUE(commit({"y"}).ok());
}

// Once per operation of a script: the power goes there; every commit that returned is kept.
TEST_F(JournalTest, PowerLossAtEveryOperationKeepsEveryCommit) {
  options_.limits.segment_bytes_max = 900;
  std::map<std::uint64_t, std::string> kept;  // what a commit that returned put where
  int serial = 0;
  for (std::uint64_t step = 0; step < 60; ++step) {
    open();
    const Strings all = *read_all();
    ASSERT_EQ(all.size(), journal_->durable());
    for (const auto& [sequence, payload] : kept) {
      ASSERT_LE(sequence, all.size());
      ASSERT_EQ(all[sequence - 1], std::to_string(sequence) + ":" + payload);
    }
    env_.cut_power_after(step % 20);
    for (;;) {
      const std::string payload = std::to_string(serial++);
      auto block = seal({payload});
      if (!block.ok()) break;
      const std::uint64_t sequence = block->first;
      if (!journal_->commit(std::span(&*block, 1)).ok()) break;
      kept[sequence] = payload;
    }
    env_.crash(step + 100);
  }
  EXPECT_GT(kept.size(), 100u);
}

// Once per operation: it fails, the journal reopens and goes on.
TEST_F(JournalTest, AnErrorAtEveryOperationLosesNoCommit) {
  options_.limits.segment_bytes_max = 900;
  open();
  Strings kept;
  for (std::uint64_t step = 0; step < 200; ++step) {
    env_.fail_after(step % 9, step % 2 == 0 ? FaultEnv::Fault::Eio : FaultEnv::Fault::DiskFull);
    for (int i = 0; i < 6; ++i) {
      const std::string payload = std::to_string(step) + "." + std::to_string(i);
      if (commit({payload}).ok()) {
        kept.push_back(std::to_string(journal_->durable()) + ":" + payload);
      } else {
        static_cast<void>(journal_->try_reopen().ok());
      }
    }
    ASSERT_TRUE(journal_->try_reopen().ok());
  }
  EXPECT_EQ(*read_all(), kept);
  env_.crash(9);
  open();
  EXPECT_EQ(*read_all(), kept);
}

TEST_F(JournalTest, RepairKeepsEveryEntryThatIsStillValid) {
  open();
  for (const char* payload : {"a", "b", "c", "d"}) ASSERT_TRUE(commit({payload}).ok());
  const std::uint64_t begin = entry_offset(segment(1), 2);
  ASSERT_TRUE(env_.rot(segment(1), begin + 50).ok());
  ASSERT_FALSE(try_open().ok());
  auto report = repair_journal(env_, opener_, options_.name);
  ASSERT_TRUE(report.ok()) << report.error().message;
  ASSERT_EQ(report->steps.size(), 1u);
  EXPECT_EQ(report->steps[0].offset, begin);
  EXPECT_EQ(report->steps[0].lost_first, 2u);
  EXPECT_EQ(report->steps[0].lost_last, 2u);
  EXPECT_EQ(report->steps[0].kept_records, 2u);
  EXPECT_TRUE(env_.open("journal/" + report->steps[0].quarantined, OpenMode::Read).ok());
  open();
  EXPECT_EQ(*read_all(), (Strings{"1:a", "3:c", "4:d"}));
  ASSERT_TRUE(commit({"e"}).ok());
  EXPECT_EQ(read_all()->back(), "5:e");
  EXPECT_TRUE(repair_journal(env_, opener_, options_.name)->steps.empty());
}

TEST_F(JournalTest, RepairOfTwoDamagedPlacesTakesTwoSteps) {
  open();
  for (const char* payload : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(commit({payload}).ok());
  ASSERT_TRUE(env_.rot(segment(1), entry_offset(segment(1), 1) + 50).ok());
  ASSERT_TRUE(env_.rot(segment(1), entry_offset(segment(1), 4) + 50).ok());
  auto report = repair_journal(env_, opener_, options_.name);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->steps.size(), 2u);
  open();
  EXPECT_EQ(*read_all(), (Strings{"2:b", "3:c", "5:e"}));
}

TEST_F(JournalTest, RepairOfAJournalThatEndsBeforeWhatWasDeliveredGoesOnAfterIt) {
  open();
  for (const char* payload : {"a", "b", "c"}) ASSERT_TRUE(commit({payload}).ok());
  // No valid entry follows, but this part was on disk: the tail goes to quarantine.
  ASSERT_TRUE(env_.rot(segment(1), entry_offset(segment(1), 2) + 60).ok());
  ASSERT_TRUE(env_.rot(segment(1), size_of(segment(1)) - 1).ok());
  RecoveryOptions options;
  options.durable_at_least = 3;
  auto report = repair_journal(env_, opener_, options_.name, options);
  ASSERT_TRUE(report.ok()) << report.error().message;
  ASSERT_EQ(report->steps.size(), 2u);
  EXPECT_EQ(report->steps[0].lost_last, 3u);
  ASSERT_TRUE(try_open(3).ok());
  EXPECT_EQ(*read_all(1), Strings{"1:a"});
  ASSERT_TRUE(commit({"d"}).ok());
  EXPECT_EQ(*read_all(4), Strings{"4:d"});
  EXPECT_EQ(*read_all(1), (Strings{"1:a", "4:d"}));
  ASSERT_TRUE(try_open(4).ok());
}

TEST_F(JournalTest, RepairOfAJournalThatStartsChangesNothing) {
  open();
  ASSERT_TRUE(commit({"a"}).ok());
  EXPECT_TRUE(repair_journal(env_, opener_, options_.name)->steps.empty());
  open();
  EXPECT_EQ(*read_all(), Strings{"1:a"});
}

class CommitterTest : public JournalTest {
 protected:
  void submit(Committer& committer, std::string_view payload, Ack ack = Ack::Durable) {
    auto block = seal({payload});
    ASSERT_TRUE(block.ok());
    submit_block(committer, std::move(*block), std::string(payload), ack);
  }
  void submit_block(Committer& committer, SealedBlock block, std::string name, Ack ack) {
    ASSERT_TRUE(committer
                    .submit(std::move(block), ack,
                            [this, name](const Status& status) {
                              done_.push_back(name + (status.ok() ? "+" : "-"));
                              durable_when_done_.push_back(journal_->durable());
                            })
                    .ok());
  }
  Strings done_;
  std::vector<std::uint64_t> durable_when_done_;
};

TEST_F(CommitterTest, AllThatWaitsIsSyncedOnce) {
  open();
  Committer committer(*journal_, keys_.clock);
  for (const char* payload : {"a", "b", "c"}) submit(committer, payload);
  const std::uint64_t before = env_.operations();
  EXPECT_EQ(committer.run_once(), 3u);
  EXPECT_EQ(env_.operations() - before, 2u) << "one append, one sync";
  EXPECT_EQ(done_, (Strings{"a+", "b+", "c+"}));
  EXPECT_EQ(durable_when_done_, (std::vector<std::uint64_t>{3, 3, 3}));
}

TEST_F(CommitterTest, ABlockWaitsForTheOneBeforeIt) {
  open();
  Committer committer(*journal_, keys_.clock);
  SealedBlock first = std::move(seal({"a"})).value();
  SealedBlock second = std::move(seal({"b"})).value();
  submit_block(committer, std::move(second), "b", Ack::Durable);
  EXPECT_EQ(committer.run_once(), 0u);
  submit_block(committer, std::move(first), "a", Ack::Durable);
  EXPECT_EQ(committer.run_once(), 2u);
  EXPECT_EQ(done_, (Strings{"a+", "b+"}));
}

TEST_F(CommitterTest, AcceptedIsToldAfterTheWriteAndBeforeTheSync) {
  open();
  Committer committer(*journal_, keys_.clock);
  submit(committer, "a", Ack::Accepted);
  submit(committer, "b", Ack::Durable);
  env_.fail_syncs(1);
  committer.run_once();
  EXPECT_EQ(done_, (Strings{"a+", "b-"}));
  EXPECT_EQ(durable_when_done_[0], 0u);
}

TEST_F(CommitterTest, AFailureFailsEverythingSealedBeforeItAndClearsAtMostOnceASecond) {
  open();
  Committer committer(*journal_, keys_.clock);
  submit(committer, "a");
  SealedBlock reserved = std::move(seal({"b"})).value();
  env_.set_space_left(10);
  committer.run_once();
  EXPECT_EQ(done_, Strings{"a-"});
  submit_block(committer, std::move(reserved), "b", Ack::Durable);
  committer.run_once();
  EXPECT_EQ(done_, (Strings{"a-", "b-"}));
  EXPECT_EQ(seal({"c"}).error().kind, ErrorKind::Unavailable);
  env_.set_space_unlimited();
  committer.run_once();
  EXPECT_TRUE(journal_->failed()) << "a second has not passed";
  keys_.clock.advance(std::chrono::seconds(1));
  committer.run_once();
  EXPECT_FALSE(journal_->failed());
  submit(committer, "d");
  committer.run_once();
  EXPECT_EQ(*read_all(), Strings{"1:d"});
}

TEST_F(CommitterTest, ABlockThatTheFullQueueRefusesTakesItsSuccessorsWithIt) {
  open();
  Committer committer(*journal_, keys_.clock, {.queued_bytes_max = 1000});
  submit(committer, "a");
  SealedBlock refused = std::move(seal({std::string(2000, 'b')})).value();
  EXPECT_EQ(committer.submit(std::move(refused), Ack::Durable, [](const Status&) {}).error().kind,
            ErrorKind::Unavailable);
  submit(committer, "c");
  committer.run_once();
  EXPECT_EQ(done_, (Strings{"a+", "c-"}));
  submit(committer, "d");
  committer.run_once();
  EXPECT_EQ(*read_all(), (Strings{"1:a", "2:d"}));
}

TEST_F(CommitterTest, ThreadsShareOneJournal) {
  open();
  SystemClock clock;
  Committer committer(*journal_, clock);
  committer.start();
  constexpr int kThreads = 3;
  constexpr int kBlocks = 60;
  std::atomic<int> durable{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      keys::Sealer sealer(*keys_.keyring, "journal", clock);
      for (int i = 0; i < kBlocks; ++i) {
        BlockBuilder block;
        const std::string payload = std::to_string(t) + "." + std::to_string(i);
        SEALANE_CHECK(block.add(clock.now(), "thing", "topic", as_bytes(payload)).ok());
        auto sealed = journal_->seal(sealer, block);
        SEALANE_CHECK(sealed.ok());
        SEALANE_CHECK(committer
                          .submit(std::move(*sealed), Ack::Durable,
                                  [&](const Status& status) { durable += status.ok() ? 1 : 0; })
                          .ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  committer.stop();
  EXPECT_EQ(durable.load(), kThreads * kBlocks);
  EXPECT_EQ(journal_->durable(), static_cast<std::uint64_t>(kThreads * kBlocks));
  std::map<std::string, int> last;
  for (const std::string& record : *read_all()) {
    const std::string payload = record.substr(record.find(':') + 1);
    const std::string thread = payload.substr(0, payload.find('.'));
    const int number = last.contains(thread) ? last[thread] + 1 : 0;
    EXPECT_EQ(payload, thread + "." + std::to_string(number)) << "order of one thread";
    last[thread] = number;
  }
}

}  // namespace
}  // namespace sealane::store
