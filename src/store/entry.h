// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace sealane::store {

// The frame around one sealed message in a segment file (docs/formats/journal.md, "Entry").
// The frame finds and delimits; the message inside authenticates.
struct EntryHeader {
  std::uint8_t flags = 0;           // kEntryIsMark
  std::uint32_t message_bytes = 0;  // of the sealed message that follows
  std::uint32_t count = 0;          // records in it; 0 for a mark
  std::uint64_t first = 0;          // sequence number of its first record
  std::uint64_t synced_offset = 0;  // bytes of this segment known to be on disk when it was written
  friend bool operator==(const EntryHeader&, const EntryHeader&) = default;
};

// A mark is an entry without records.  It is written when everything before it is on disk.
inline constexpr std::uint8_t kEntryIsMark = 1;
inline constexpr std::size_t kEntryHeaderBytes = 36;
inline constexpr std::uint32_t kMessageBytesMax = 64u << 20;

// Writes the header over the first kEntryHeaderBytes of `to`.
void store_entry_header(MutableByteSpan to, const EntryHeader& header);

// Reads a header off the front.  Errors: Corrupt – too short, wrong magic, checksum or length,
// a mark with records, or a block without.
Result<EntryHeader> load_entry_header(ByteSpan from);

// The offset of the next entry header with a right checksum at or after `from`; nothing if none.
std::optional<std::size_t> find_entry_header(ByteSpan bytes, std::size_t from);

// CRC-32C (Castagnoli), RFC 3720 §B.4.  Finds rot; authenticates nothing.
std::uint32_t crc32c(ByteSpan data);

}  // namespace sealane::store
