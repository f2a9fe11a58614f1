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

FrameKind SeekableReader::kind_of(std::uint64_t sequence) const {
  return sequence == layout_.frames ? FrameKind::Final : FrameKind::Regular;
}

// INVARIANT: what opened_ names has authenticated.  `plaintext` is in buffer_.
Status SeekableReader::open_frame_at(std::uint64_t sequence, ByteSpan frame,
                                     MutableByteSpan plaintext) {
  opened_ = 0;
  SEALANE_TRY(open_frame(gcm_, header_.id(), kind_of(sequence),
                         static_cast<std::uint32_t>(sequence), frame, plaintext, frame_ivs_));
  opened_ = sequence;
  plaintext_ = plaintext;
  return {};
}

Status SeekableReader::open_mapped(std::uint64_t sequence) {
  const auto frame_bytes = static_cast<std::size_t>(layout_.frame_bytes(sequence));
  const std::uint64_t begin = body_offset_ + layout_.frame_offset(sequence);
  if (begin + frame_bytes > mapped_.size())
    return fail(ErrorKind::Internal, "a frame outside the message");
  ++counts_.reads;
  counts_.bytes += frame_bytes;
  const std::size_t content =
      sequence == layout_.frames ? layout_.final_bytes : layout_.frame_length;
  if (buffer_.size() < content) buffer_.resize(layout_.frame_length);
  return open_frame_at(sequence, mapped_.subspan(static_cast<std::size_t>(begin), frame_bytes),
                       MutableByteSpan(buffer_).first(content));
}

// The size says how long the plaintext is; only the final frame's tag makes that true.
Status SeekableReader::open_final_frame() {
  buffer_.resize(static_cast<std::size_t>(layout_.frame_bytes(layout_.frames)));
  SEALANE_TRY(fetch(body_offset_ + layout_.frame_offset(layout_.frames), buffer_));
  copy_bytes(final_tag_, ByteSpan(buffer_).last(final_tag_.size()));
  return open_frame_at(layout_.frames, buffer_, frame_content(FrameKind::Final, buffer_));
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

Result<SeekableReader> SeekableReader::open(ByteSpan message, const DataKeyFor& data_key_for,
                                            const Limits& limits,
                                            const EncryptionContext& caller_context) {
  const ReadAt read_at = [message](std::uint64_t offset, MutableByteSpan to) -> Status {
    if (offset > message.size() || to.size() > message.size() - offset)
      return fail(ErrorKind::Internal, "a frame outside the message");
    copy_bytes(to, message.subspan(static_cast<std::size_t>(offset), to.size()));
    return {};
  };
  SEALANE_ASSIGN(SeekableReader out,
                 open(read_at, message.size(), data_key_for, limits, caller_context));
  out.mapped_ = message;
  return out;
}

// Of the opened frame what is in the range.
void SeekableReader::copy_out(Bytes& to, std::uint64_t offset, std::uint64_t length) const {
  const std::uint64_t frame_at = (opened_ - 1) * layout_.frame_length;
  const std::uint64_t from = std::max(offset, frame_at) - frame_at;
  const std::uint64_t until =
      std::min<std::uint64_t>(offset + length - frame_at, plaintext_.size());
  append(to, plaintext_.subspan(static_cast<std::size_t>(from),
                                static_cast<std::size_t>(until - from)));
}

Status SeekableReader::read_frames(std::uint64_t first, std::uint64_t last, std::uint64_t offset,
                                   std::uint64_t length, Bytes& out) {
  const std::uint64_t begin = layout_.frame_offset(first);
  opened_ = 0;
  buffer_.resize(
      static_cast<std::size_t>(layout_.frame_offset(last) + layout_.frame_bytes(last) - begin));
  SEALANE_TRY(fetch(body_offset_ + begin, buffer_));
  for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
    const MutableByteSpan frame = MutableByteSpan(buffer_).subspan(
        static_cast<std::size_t>(layout_.frame_offset(sequence) - begin),
        static_cast<std::size_t>(layout_.frame_bytes(sequence)));
    SEALANE_TRY(open_frame_at(sequence, frame, frame_content(kind_of(sequence), frame)));
    copy_out(out, offset, length);
  }
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
  const std::uint64_t at_once =
      mapped_.empty() ? std::max<std::uint64_t>(1, kReadBytesMax / step) : 1;
  const std::uint64_t last = (offset + length - 1) / layout_.frame_length + 1;
  std::uint64_t first = offset / layout_.frame_length + 1;
  if (first == opened_) {
    copy_out(out, offset, length);
    ++first;
  }
  for (; first <= last; first += at_once) {
    if (!mapped_.empty()) {
      SEALANE_TRY(open_mapped(first));
      copy_out(out, offset, length);
    } else {
      SEALANE_TRY(read_frames(first, std::min(last, first + at_once - 1), offset, length, out));
    }
  }
  return out;
}

}  // namespace sealane::envelope
