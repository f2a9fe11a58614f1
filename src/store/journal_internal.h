// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/env.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "envelope/context.h"
#include "keys/opener.h"
#include "store/entry.h"
#include "store/recovery.h"
#include "store/segment.h"

namespace sealane::store {

// The pairs that place a block: pipeline, journal, its first sequence number, and the header tag of
// the entry before it.
envelope::EncryptionContext block_context(const JournalName& name, std::uint64_t first,
                                          const crypto::GcmTag& previous);

// An entry whose message is authentic and in its place.
struct OpenedEntry {
  EntryHeader header;
  crypto::GcmTag tag{};
  Bytes plaintext;
  std::size_t bytes = 0;  // of the whole entry
};

// Opens the entry at the front of `from`, which must have sequence number `expected` and follow
// the entry with tag `chain`.
// Errors: Corrupt – damaged or out of place; Denied, NotFound, Unavailable – the key is not there,
//         which says nothing about the entry.
Result<OpenedEntry> open_entry(keys::Opener& opener, const JournalName& name, ByteSpan from,
                               std::uint64_t expected, const crypto::GcmTag& chain,
                               const BlockLimits& limits);

// `segment` at `offset` (sequence number `sequence`): `what`
Error corrupt_at(std::string_view segment, std::uint64_t offset, std::uint64_t sequence,
                 std::string_view what);

// The table of segments from their headers.  The last one's trusted_bytes is its file size and its
// `last` is not known.
Result<std::vector<Segment>> load_segments(Env& env, const JournalName& name);

}  // namespace sealane::store
