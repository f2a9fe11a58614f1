// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "store/entry.h"
#include "store/record.h"
#include "store/segment.h"

// Property: what the readers of entry headers, blocks and segment headers accept is what their
// writers write, byte for byte; a header that is found is one that loads; nothing leaves the input.
//
// Input: the first byte chooses the reader, the rest is what it reads.
namespace sealane::store {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_entries(ByteSpan input) {
  std::size_t at = 0;
  while (auto found = find_entry_header(input, at)) {
    require(*found >= at && *found + kEntryHeaderBytes <= input.size());
    auto header = load_entry_header(input.subspan(*found));
    require(header.ok());
    Bytes again(kEntryHeaderBytes);
    store_entry_header(again, *header);
    require(std::ranges::equal(again, input.subspan(*found, kEntryHeaderBytes)));
    at = *found + 1;
  }
}

void check_block(ByteSpan input) {
  const BlockLimits limits;
  auto records = decode_block(input, 1, limits);
  if (!records.ok()) return;
  BlockBuilder block(limits);
  for (const Record& record : *records) {
    Time received = record.received;
#ifdef SEALANE_PLANTED_DEFECT
    // A time before 1970 is written as if times had no sign.
    received = std::max(received, Time{});
#endif
    require(block.add(received, record.thing, record.topic, record.payload).ok());
  }
  require(std::ranges::equal(block.plaintext(), input));
}

void check_segment(ByteSpan input) {
  auto decoded = decode_segment_header(input);
  if (!decoded.ok()) return;
  require(decoded->bytes <= input.size());
  require(std::ranges::equal(encode_segment_header(decoded->header), input.first(decoded->bytes)));
}

}  // namespace
}  // namespace sealane::store

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealane;
  if (size == 0) return 0;
  const ByteSpan input = std::as_bytes(std::span(data, size));
  switch (data[0] % 3) {
    case 0: store::check_entries(input.subspan(1)); break;
    case 1: store::check_block(input.subspan(1)); break;
    default: store::check_segment(input.subspan(1)); break;
  }
  return 0;
}
