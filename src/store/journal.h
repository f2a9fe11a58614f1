// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "keys/opener.h"
#include "keys/sealer.h"
#include "store/record.h"
#include "store/recovery.h"
#include "store/segment.h"

namespace sealane::store {

struct JournalLimits {
  std::uint64_t segment_bytes_max = 64u << 20;    // a new segment begins after this many
  std::uint64_t journal_bytes_max = 4ull << 30;   // over it the journal refuses: delivery is behind
  std::uint64_t reserved_bytes_max = 256u << 20;  // sealed and not yet written
  BlockLimits block;
};

struct JournalOptions {
  JournalName name;
  JournalLimits limits;
  std::uint64_t durable_at_least = 0;  // see RecoveryOptions
};

// A block that is sealed, has its place in the chain, and is not written yet.
struct SealedBlock {
  std::uint64_t generation = 0;
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  Bytes entry;  // room for the entry header, then the message
  std::size_t plaintext_bytes = 0;
  crypto::GcmTag tag{};
  std::uint64_t last() const { return first + count - 1; }
};

// The embedded stream of one site: blocks of records, sealed, chained and synced to segment files
// (docs/formats/journal.md).
//
// Durability: a block is durable when sync() returned without error after write().
// Threads:    seal(), durable(), view() from any; write(), sync(), try_reopen() and
//             close() from one thread, the committer's; release_before() from one thread.
class Journal {
 public:
  // `sealer` is the committer's own and seals marks; `opener` is used for the start alone.
  // Errors: see recover_journal.
  static Result<std::unique_ptr<Journal>> open(Env& env, keys::Sealer& sealer, keys::Opener& opener,
                                               JournalOptions options);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // What the start found.
  const Recovered& recovered() const { return recovered_; }

  // Gives the block its sequence numbers and its place in the chain (under a short lock) and seals
  // it (outside).  Every block sealed must reach write(); one that is dropped blocks the chain.
  // Errors: Unavailable – the journal refuses: after a failed write or sync until try_reopen()
  //         succeeds, over journal_bytes_max until delivery catches up, over reserved_bytes_max;
  //         Invalid – an empty block; whatever the sealer returns.
  // `only_generation` keeps a producer's order across a failure: give the generation of its blocks
  // that are sealed and not yet completed, and a block is refused (Unavailable) rather than sealed
  // while those have failed and the producer does not know it yet.
  // Threads: any, each with a sealer of its own for the journal's key.
  Result<SealedBlock> seal(keys::Sealer& sealer, BlockBuilder& block,
                           std::optional<std::uint64_t> only_generation = std::nullopt);

  // First sequence number that the next write() must begin with.
  std::uint64_t next_to_write() const;
  // Whether a block was sealed before the last failure: it will never be written.
  bool is_stale(const SealedBlock& block) const;

  // A sealed block will never reach write(): everything sealed and not written fails, and the next
  // seal() continues after what is durable.  Threads: the committer's.
  void roll_back();
  // The same if a seal() failed after it had taken its place in the chain.
  void settle();

  // Appends blocks that follow next_to_write() without a gap, in any order, with one append.  When
  // it returns they survive a killed process, and not a power loss.
  // Errors: Unavailable – nothing of them will ever be read; they and everything sealed after them
  //         fail, and the journal refuses until try_reopen().  Invalid – a gap.
  Status write(std::span<SealedBlock> blocks);
  // One fdatasync for all that was written.  Errors: as write(), for all blocks since the last
  // sync.
  Status sync();
  // write() and sync().
  Status commit(std::span<SealedBlock> blocks);
  // Last sequence number that is on disk; 0 when there is none.
  std::uint64_t durable() const;

  // Whether seal() refuses because of a failure; then try_reopen() begins a new segment after the
  // last durable block.  Call it at most once a second.
  bool failed() const;
  Status try_reopen();

  // A snapshot for readers.
  JournalView view() const;
  std::uint64_t bytes() const;

  // Removes segments that hold nothing at or after `sequence`.  The last one always stays.
  Status release_before(std::uint64_t sequence);

  // Marks everything written as synced, so that rot in the last batch is told from a torn tail.
  // Without it the journal is as after a crash.
  Status close();

 private:
  Journal(Env& env, keys::Sealer& sealer, JournalOptions options, Recovered recovered);
  Status append_mark();
  Status roll();
  Status start_segment();
  void fall_back_locked();
  Status failed_with(Error error);
  std::string path(const std::string& name) const;

  Env& env_;
  keys::Sealer& sealer_;
  const JournalOptions options_;
  const Recovered recovered_;

  mutable std::mutex mutex_;
  // Under the lock.
  std::uint64_t generation_ = 1;
  std::uint64_t next_ = 1;  // next sequence number to give out
  crypto::GcmTag tail_{};   // header tag of the last block given out
  std::uint64_t reserved_bytes_ = 0;
  bool rollback_wanted_ = false;  // a block was given its place and could not be sealed
  bool failed_ = false;
  JournalView view_;
  crypto::GcmTag durable_tag_{};

  // The committer's own.
  std::unique_ptr<File> file_;
  std::uint64_t written_bytes_ = 0;  // of the open segment
  std::uint64_t written_last_ = 0;   // last sequence number appended
  crypto::GcmTag written_tag_{};
  bool closed_ = false;
};

}  // namespace sealane::store
