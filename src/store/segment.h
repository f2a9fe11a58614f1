// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/env.h"
#include "base/result.h"
#include "crypto/aead.h"

namespace sealane::store {

// What a segment file says about itself and the one before it (docs/formats/journal.md, "Segment").
struct SegmentHeader {
  std::string journal;
  std::uint64_t first = 1;           // sequence number of its first record; also its name
  std::string previous;              // file name of the segment before; empty for the first
  std::uint64_t previous_bytes = 0;  // how much of that file may be trusted
  std::uint64_t previous_last = 0;   // last sequence number before this segment
  bool after_gap = false;            // repair left out what lies between previous_last and first
  crypto::GcmTag chain{};            // header tag of the last entry before this segment
  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

Bytes encode_segment_header(const SegmentHeader& header);
struct DecodedSegmentHeader {
  SegmentHeader header;
  std::size_t bytes = 0;
};
// Errors: Corrupt; Unsupported – a later format.
Result<DecodedSegmentHeader> decode_segment_header(ByteSpan from);

// `<20 digits>.journal`, and back.
std::string segment_name(std::uint64_t first);
std::optional<std::uint64_t> segment_first(std::string_view name);
inline constexpr std::size_t kSegmentHeaderBytesMax = 4096;

// One segment as a reader may see it: nothing at or after `trusted_bytes` exists.
struct Segment {
  std::string name;
  SegmentHeader header;
  std::uint64_t header_bytes = 0;
  std::uint64_t trusted_bytes = 0;
  std::uint64_t last = 0;  // last durable sequence number in it; first - 1 when it has none
  std::uint64_t file_bytes = 0;
};

// The durable part of a journal at one moment.
struct JournalView {
  std::vector<Segment> segments;  // oldest first
  std::uint64_t durable = 0;      // last durable sequence number; 0 when there is none
};

}  // namespace sealane::store
