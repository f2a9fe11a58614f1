// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace sealane::store {

// One datum as it was received.  Text and payload are views into the block it came from.
struct Record {
  std::uint64_t sequence = 0;
  Time received;
  std::string_view thing;
  std::string_view topic;
  ByteSpan payload;
};

struct BlockLimits {
  std::uint32_t records_max = 65'536;
  std::size_t thing_bytes_max = 1024;
  std::size_t topic_bytes_max = 64u << 10;
  std::size_t payload_bytes_max = 16u << 20;
  std::size_t block_bytes_max = 32u << 20;
};

// Collects the records of one block, encoded as they come (docs/formats/journal.md, "Block").
//
// Bounds:  add() allocates only when the buffer grows; clear() keeps the buffer for the next block.
// Threads: one at a time.
class BlockBuilder {
 public:
  explicit BlockBuilder(const BlockLimits& limits = {});

  // Errors: Invalid – the record alone breaks a limit, and never fits; TooLarge – the block is
  //         full: seal it, clear, and add again.
  Status add(Time received, std::string_view thing, std::string_view topic, ByteSpan payload);
  std::uint32_t records() const { return records_; }
  bool empty() const { return records_ == 0; }
  std::size_t bytes() const { return buffer_.size(); }
  // The encoded block; a view until the next add() or clear().
  ByteSpan plaintext();
  void clear();

 private:
  void put_varint(std::uint64_t value);

  BlockLimits limits_;
  Bytes buffer_;
  std::uint32_t records_ = 0;
  std::int64_t last_micros_ = 0;
};

// Decodes a block whose first record has sequence number `first`.
//
// Input:   an authenticated plaintext, but held to the limits all the same.
// Result:  views into `plaintext`.
// Errors:  Corrupt – not a block, or over limits; Unsupported – a later format.
// Threads: pure.
Result<std::vector<Record>> decode_block(ByteSpan plaintext, std::uint64_t first,
                                         const BlockLimits& limits = {});

}  // namespace sealane::store
