// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "keys/opener.h"
#include "store/recovery.h"
#include "store/segment.h"

namespace sealane::store {

// One block as it was read: the sealed message as it stands in the journal, and its records.
struct ReadBlock {
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  Bytes message;
  Bytes plaintext;
  std::vector<Record> records;  // views into `plaintext`
};

// Reads a journal in order, verifying each block's authentication and its place in the chain.
// Threads: one at a time; beside a Journal that is being written.
class JournalReader {
 public:
  // `from` is the first sequence number wanted; it may stand inside a block.
  JournalReader(Env& env, keys::Opener& opener, JournalName name, std::uint64_t from,
                const BlockLimits& limits = {});

  // The block with the next sequence number, if `view` has it.  Its records begin at the sequence
  // number wanted, even if the block begins before.
  // Result: nothing when everything durable was read.
  // Errors: Corrupt – names segment, offset and sequence number; NotFound – the sequence number
  //         was released already; Unavailable.
  Result<std::optional<ReadBlock>> next(const JournalView& view);
  std::uint64_t position() const { return next_; }

 private:
  struct Entry {
    Bytes whole;
    Bytes plaintext;
    std::uint32_t count = 0;
  };
  Result<Entry> read_entry(std::uint64_t trusted_bytes);
  Status enter(const Segment& segment);

  Env& env_;
  keys::Opener& opener_;
  JournalName name_;
  BlockLimits limits_;
  std::uint64_t next_;   // next sequence number wanted
  std::string segment_;  // name of the open segment
  std::unique_ptr<File> file_;
  std::uint64_t offset_ = 0;
  std::uint64_t expected_ = 0;  // sequence number of the entry at `offset_`
  crypto::GcmTag chain_{};
};

}  // namespace sealane::store
