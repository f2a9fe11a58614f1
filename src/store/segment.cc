// SPDX-License-Identifier: Apache-2.0
#include "store/segment.h"

#include <algorithm>
#include <array>

#include "store/entry.h"

namespace sealane::store {
namespace {

constexpr std::string_view kMagic = "SLJSEG\r\n";
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kSequenceDigits = 20;
constexpr std::string_view kSuffix = ".journal";
constexpr std::uint8_t kAfterGap = 1;

}  // namespace

// magic(8) format(4) header bytes(4) first(8) previous bytes(8) previous last(8) flags(1)
// chain(16) journal(2 + n) previous(2 + n) crc32c(4)
Bytes encode_segment_header(const SegmentHeader& header) {
  Bytes out;
  append(out, kMagic);
  put_be(out, kFormat);
  put_be(out, std::uint32_t{0});
  put_be(out, header.first);
  put_be(out, header.previous_bytes);
  put_be(out, header.previous_last);
  put_be(out, static_cast<std::uint8_t>(header.after_gap ? kAfterGap : 0));
  append(out, header.chain);
  put_be(out, checked_cast<std::uint16_t>(header.journal.size()));
  append(out, header.journal);
  put_be(out, checked_cast<std::uint16_t>(header.previous.size()));
  append(out, header.previous);
  store_be(MutableByteSpan(out).subspan(12), checked_cast<std::uint32_t>(out.size() + 4));
  put_be(out, crc32c(out));
  return out;
}

Result<DecodedSegmentHeader> decode_segment_header(ByteSpan from) {
  const Error damaged = fail(ErrorKind::Corrupt, "the segment header is damaged");
  ByteReader reader(from);
  auto magic = reader.take(kMagic.size());
  auto format = reader.be<std::uint32_t>();
  auto bytes = reader.be<std::uint32_t>();
  if (!bytes || as_text(*magic) != kMagic) return damaged;
  if (*bytes > from.size() || *bytes > kSegmentHeaderBytesMax || *bytes < reader.position() + 4)
    return damaged;
  const ByteSpan whole = from.first(*bytes);
  if (load_be<std::uint32_t>(whole.last(4)) != crc32c(whole.first(whole.size() - 4)))
    return damaged;
  if (*format != kFormat)
    return fail(ErrorKind::Unsupported, "a segment of a format that this version does not know");

  DecodedSegmentHeader out;
  out.bytes = *bytes;
  SegmentHeader& header = out.header;
  ByteReader fields(whole.first(whole.size() - 4).subspan(reader.position()));
  auto first = fields.be<std::uint64_t>();
  auto previous_bytes = fields.be<std::uint64_t>();
  auto previous_last = fields.be<std::uint64_t>();
  auto flags = fields.be<std::uint8_t>();
  auto chain = fields.take(header.chain.size());
  auto journal_size = fields.be<std::uint16_t>();
  auto journal = journal_size ? fields.take(*journal_size) : std::nullopt;
  auto previous_size = fields.be<std::uint16_t>();
  auto previous = previous_size ? fields.take(*previous_size) : std::nullopt;
  if (!previous || !journal || !fields.empty() || *first == 0) return damaged;
  header.first = *first;
  header.previous_bytes = *previous_bytes;
  header.previous_last = *previous_last;
  header.after_gap = *flags == kAfterGap;
  copy_bytes(header.chain, *chain);
  header.journal = to_text(*journal);
  header.previous = to_text(*previous);
  const bool follows = header.first == header.previous_last + 1;
  if (*flags > kAfterGap ||
      (!follows && !(header.after_gap && header.first > header.previous_last)))
    return damaged;
  return out;
}

std::string segment_name(std::uint64_t first) {
  return twenty_digits(first) + std::string(kSuffix);
}

std::optional<std::uint64_t> segment_first(std::string_view name) {
  if (name.size() != kSequenceDigits + kSuffix.size() || !name.ends_with(kSuffix))
    return std::nullopt;
  std::uint64_t value = 0;
  for (char c : name.substr(0, kSequenceDigits)) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value == 0 ? std::nullopt : std::optional(value);
}

}  // namespace sealane::store
