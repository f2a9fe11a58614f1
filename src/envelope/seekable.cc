// SPDX-License-Identifier: Apache-2.0
#include "envelope/seekable.h"

#include <algorithm>
#include <utility>

#include "envelope/footer.h"

namespace sealane::envelope {
namespace {

constexpr std::uint64_t kFirstReadBytes = 4u << 10;
constexpr std::uint64_t kReadBytesMax = 8u << 20;  // ciphertext fetched at once

}  // namespace

// Most headers fit the first read; a longer one doubles it up to the limit.
Result<FetchedHeader> fetch_header(const ReadAt& read_at, std::uint64_t message_bytes,
                                   const Limits& limits) {
  FetchedHeader out;
  for (std::uint64_t want = kFirstReadBytes;; want *= 2) {
    const std::size_t have = out.bytes.size();
    if (have == message_bytes)
      return fail(ErrorKind::Corrupt, "the message is cut short in its header");
    out.bytes.resize(static_cast<std::size_t>(
        std::min({want, message_bytes, std::uint64_t{limits.header_bytes_max}})));
    SEALANE_TRY(read_at(have, MutableByteSpan(out.bytes).subspan(have)));
    SEALANE_ASSIGN(auto decoded, decode_header(out.bytes, limits));
    if (!decoded) continue;
    out.decoded = std::move(*decoded);
    return out;
  }
}

Status SeekableReader::fetch(std::uint64_t offset, MutableByteSpan to) {
  ++counts_.reads;
  counts_.bytes += to.size();
  return read_at_(offset, to);
}

Status SeekableReader::open_header_and_layout(std::uint64_t message_bytes,
                                              const DataKeyFor& data_key_for, const Limits& limits,
                                              const EncryptionContext& caller_context) {
  const ReadAt counted = [this](std::uint64_t offset, MutableByteSpan to) {
    return fetch(offset, to);
  };
  SEALANE_ASSIGN(FetchedHeader fetched, fetch_header(counted, message_bytes, limits));
  DecodedHeader* const decoded = &fetched.decoded;
  const Bytes& bytes = fetched.bytes;
  SEALANE_TRY(bring_context(decoded->header, caller_context));
  if (decoded->header.framing == Framing::Unframed)
    return fail(ErrorKind::Unsupported,
                "a range of a message that is not framed: it can only be opened as a whole");
  SEALANE_ASSIGN(const Secret data_key, data_key_for(decoded->header));
  Cipher cipher;
  SEALANE_ASSIGN(const Secret content_key, open_header(cipher, *decoded, bytes, data_key));
  header_ = std::move(decoded->header);
  body_offset_ = decoded->size;
  std::uint64_t body_bytes = message_bytes - body_offset_;
  if (suite_of(header_.suite).is_signed()) {
    Bytes tail(static_cast<std::size_t>(std::min<std::uint64_t>(kFooterBytesMax, body_bytes)));
    SEALANE_TRY(fetch(message_bytes - tail.size(), tail));
    SEALANE_ASSIGN(const std::size_t footer_bytes, footer_bytes_at_end(tail));
    body_bytes -= footer_bytes;
  }
  SEALANE_ASSIGN(layout_, layout_for_body(body_bytes, header_.frame_length));
  gcm_.set_key(content_key.reveal());
  return {};
}

// The size says how long the plaintext is; only the final frame's tag makes that true.
Status SeekableReader::open_final_frame() {
  buffer_.resize(static_cast<std::size_t>(layout_.frame_bytes(layout_.frames)));
  SEALANE_TRY(fetch(body_offset_ + layout_.frame_offset(layout_.frames), buffer_));
  copy_bytes(final_tag_, ByteSpan(buffer_).last(final_tag_.size()));
  return open_frame_at(layout_.frames, 0);
}

Result<SeekableReader> SeekableReader::open(ReadAt read_at, std::uint64_t message_bytes,
                                            const DataKeyFor& data_key_for, const Limits& limits,
                                            const EncryptionContext& caller_context) {
  SeekableReader out;
  out.read_at_ = std::move(read_at);
  out.length_max_ = limits.message_bytes_max;
  SEALANE_TRY(out.open_header_and_layout(message_bytes, data_key_for, limits, caller_context));
  out.frame_ivs_ = frame_ivs_of(out.header_, limits);
  SEALANE_TRY(out.open_final_frame());
  return out;
}

// The content of the frame that begins at `begin` of the buffer.
MutableByteSpan SeekableReader::frame_content_at(std::uint64_t sequence, std::size_t begin) {
  const bool is_final = sequence == layout_.frames;
  return frame_content(is_final ? FrameKind::Final : FrameKind::Regular,
                       MutableByteSpan(buffer_).subspan(
                           begin, static_cast<std::size_t>(layout_.frame_bytes(sequence))));
}

// INVARIANT: what opened_ names has authenticated.
Status SeekableReader::open_frame_at(std::uint64_t sequence, std::size_t begin) {
  opened_ = 0;
  const ByteSpan frame =
      ByteSpan(buffer_).subspan(begin, static_cast<std::size_t>(layout_.frame_bytes(sequence)));
  SEALANE_TRY(open_frame(
      gcm_, header_.id(), sequence == layout_.frames ? FrameKind::Final : FrameKind::Regular,
      static_cast<std::uint32_t>(sequence), frame, frame_content_at(sequence, begin), frame_ivs_));
  opened_ = sequence;
  opened_at_ = begin;
  return {};
}

Result<Bytes> SeekableReader::read(std::uint64_t offset, std::uint64_t length) {
  if (offset > size() || length > size() - offset)
    return fail(ErrorKind::Invalid, "the range leaves the message");
  if (length > length_max_) return fail(ErrorKind::TooLarge, "the range is too long");
  Bytes out;
  if (length == 0) return out;
  out.reserve(static_cast<std::size_t>(length));
  const std::uint64_t step = std::uint64_t{layout_.frame_length} + kFrameOverheadBytes;
  const std::uint64_t at_once = std::max<std::uint64_t>(1, kReadBytesMax / step);
  const std::uint64_t last = (offset + length - 1) / layout_.frame_length + 1;
  const auto copy_out = [&](std::uint64_t sequence) {
    const ByteSpan plaintext = frame_content_at(sequence, opened_at_);
    const std::uint64_t frame_at = (sequence - 1) * layout_.frame_length;
    const std::uint64_t from = std::max(offset, frame_at) - frame_at;
    const std::uint64_t to = std::min<std::uint64_t>(offset + length - frame_at, plaintext.size());
    append(out,
           plaintext.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)));
  };
  std::uint64_t first = offset / layout_.frame_length + 1;
  if (first == opened_) copy_out(first++);
  while (first <= last) {
    const std::uint64_t until = std::min(last, first + at_once - 1);
    const std::uint64_t begin = layout_.frame_offset(first);
    opened_ = 0;
    buffer_.resize(
        static_cast<std::size_t>(layout_.frame_offset(until) + layout_.frame_bytes(until) - begin));
    SEALANE_TRY(fetch(body_offset_ + begin, buffer_));
    for (std::uint64_t sequence = first; sequence <= until; ++sequence) {
      SEALANE_TRY(open_frame_at(sequence,
                                static_cast<std::size_t>(layout_.frame_offset(sequence) - begin)));
      copy_out(sequence);
    }
    first = until + 1;
  }
  return out;
}

}  // namespace sealane::envelope
