// SPDX-License-Identifier: Apache-2.0
#include "store/record.h"

#include <optional>
#include <string>

namespace sealane::store {
namespace {

constexpr std::byte kFormat{1};
constexpr std::size_t kBlockHeaderBytes = 5;  // format, count
constexpr std::size_t kVarintBytesMax = 10;

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

std::optional<std::uint64_t> take_varint(ByteReader& reader) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kVarintBytesMax; ++i) {
    auto byte = reader.be<std::uint8_t>();
    if (!byte) return std::nullopt;
    if (i == kVarintBytesMax - 1 && *byte > 1) return std::nullopt;  // more than 64 bits
    value |= static_cast<std::uint64_t>(*byte & 0x7f) << (7 * i);
    // One value, one form: no zero byte at the end of a longer one.
    if ((*byte & 0x80) == 0) return (i > 0 && *byte == 0) ? std::nullopt : std::optional(value);
  }
  return std::nullopt;
}

std::optional<ByteSpan> take_field(ByteReader& reader, std::size_t bytes_max) {
  auto size = take_varint(reader);
  if (!size || *size > bytes_max) return std::nullopt;
  return reader.take(static_cast<std::size_t>(*size));
}

}  // namespace

BlockBuilder::BlockBuilder(const BlockLimits& limits) : limits_(limits) { clear(); }

void BlockBuilder::put_varint(std::uint64_t value) {
  while (value >= 0x80) {
    buffer_.push_back(static_cast<std::byte>(value | 0x80));
    value >>= 7;
  }
  buffer_.push_back(static_cast<std::byte>(value));
}

Status BlockBuilder::add(Time received, std::string_view thing, std::string_view topic,
                         ByteSpan payload) {
  if (thing.size() > limits_.thing_bytes_max)
    return fail(ErrorKind::Invalid, "the thing's name has more than " +
                                        std::to_string(limits_.thing_bytes_max) + " bytes");
  if (topic.size() > limits_.topic_bytes_max)
    return fail(ErrorKind::Invalid,
                "the topic has more than " + std::to_string(limits_.topic_bytes_max) + " bytes");
  const std::size_t record_bytes =
      thing.size() + topic.size() + payload.size() + 4 * kVarintBytesMax;
  if (payload.size() > limits_.payload_bytes_max ||
      record_bytes + kBlockHeaderBytes > limits_.block_bytes_max)
    return fail(ErrorKind::Invalid, "the payload has more than " +
                                        std::to_string(limits_.payload_bytes_max) + " bytes");
  if (records_ >= limits_.records_max || buffer_.size() + record_bytes > limits_.block_bytes_max)
    return fail(ErrorKind::TooLarge, "the block is full");

  const std::int64_t micros = received.time_since_epoch().count();
  put_varint(zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(micros) -
                                              static_cast<std::uint64_t>(last_micros_))));
  last_micros_ = micros;
  put_varint(thing.size());
  append(buffer_, thing);
  put_varint(topic.size());
  append(buffer_, topic);
  put_varint(payload.size());
  append(buffer_, payload);
  ++records_;
  return {};
}

ByteSpan BlockBuilder::plaintext() {
  store_be(MutableByteSpan(buffer_).subspan(1), records_);
  return buffer_;
}

void BlockBuilder::clear() {
  buffer_.assign(kBlockHeaderBytes, std::byte{0});
  buffer_[0] = kFormat;
  records_ = 0;
  last_micros_ = 0;
}

Result<std::vector<Record>> decode_block(ByteSpan plaintext, std::uint64_t first,
                                         const BlockLimits& limits) {
  const Error damaged = fail(ErrorKind::Corrupt, "not a block of records");
  ByteReader reader(plaintext);
  auto format = reader.take(1);
  auto count = reader.be<std::uint32_t>();
  if (!format || !count || plaintext.size() > limits.block_bytes_max) return damaged;
  if ((*format)[0] != kFormat)
    return fail(ErrorKind::Unsupported, "a block of a format that this version does not know");
  // A record has at least four bytes.
  if (*count > limits.records_max || *count > reader.left() / 4) return damaged;

  std::vector<Record> records;
  records.reserve(*count);
  std::uint64_t micros = 0;
  for (std::uint32_t i = 0; i < *count; ++i) {
    auto delta = take_varint(reader);
    auto thing = take_field(reader, limits.thing_bytes_max);
    auto topic = thing ? take_field(reader, limits.topic_bytes_max) : std::nullopt;
    auto payload = topic ? take_field(reader, limits.payload_bytes_max) : std::nullopt;
    if (!delta || !payload) return damaged;
    micros += static_cast<std::uint64_t>(unzigzag(*delta));
    records.push_back({first + i, Time(Duration(static_cast<std::int64_t>(micros))),
                       as_text(*thing), as_text(*topic), *payload});
  }
  if (!reader.empty()) return damaged;
  return records;
}

}  // namespace sealane::store
