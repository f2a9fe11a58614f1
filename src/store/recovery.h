// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "keys/opener.h"
#include "store/record.h"
#include "store/segment.h"

namespace sealane::store {

// Which journal, and where.
struct JournalName {
  std::string folder;
  std::string pipeline;
  std::string journal;
};

// What a start found.
struct Recovered {
  JournalView view;
  crypto::GcmTag chain{};        // header tag of the last entry
  std::uint64_t torn_bytes = 0;  // cut off the end of the last segment
  std::string torn_segment;
  std::uint64_t torn_offset = 0;
  bool clean_close = false;  // the last entry is a mark
};

struct RecoveryOptions {
  // Sequence numbers up to this one are known to have been durable (delivery's state); a journal
  // that ends before it has lost data.
  std::uint64_t durable_at_least = 0;
  std::uint64_t segment_bytes_max = 256u << 20;
  BlockLimits block;
  // Read only: a torn tail is left where it is and not part of the view.
  bool cut_torn_tail = true;
};

// Reads the table of segments and scans the last one.
//
// A bad entry in it is a torn tail if no valid entry follows it and it begins at or after the last
// synced offset that any entry header behind or before it states.  Everything else stops.
//
// Errors:     Corrupt – names segment, offset and sequence number; needs repair_journal.
//             Unavailable – the file system.
// Durability: a torn tail is cut, and everything in the view is synced, when it returns.
Result<Recovered> recover_journal(Env& env, keys::Opener& opener, const JournalName& name,
                                  const RecoveryOptions& options = {});

// One thing that repair did.
struct RepairStep {
  std::string segment;
  std::uint64_t offset = 0;
  std::string quarantined;       // file that keeps the bytes taken out; empty when none were
  std::uint64_t lost_first = 0;  // sequence numbers that are gone; 0 when none is known to be
  std::uint64_t lost_last = 0;
  std::uint64_t kept_records = 0;  // valid records after the damage, kept in a new segment
};
struct RepairReport {
  std::vector<RepairStep> steps;  // empty: nothing was wrong
};

// Makes a journal whose last segment is damaged start again: everything before the damage stays
// where it is, valid entries after it move to a new segment that states the gap, and the damaged
// bytes are kept in `<segment>.<offset>.quarantine`.  A journal that ends before
// options.durable_at_least goes on after it: what was delivered is in the lake.
// Errors: Corrupt – the damage is outside the last segment; Unavailable.
Result<RepairReport> repair_journal(Env& env, keys::Opener& opener, const JournalName& name,
                                    const RecoveryOptions& options = {});

}  // namespace sealane::store
