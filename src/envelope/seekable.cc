// SPDX-License-Identifier: Apache-2.0
#include "envelope/seekable.h"

#include <algorithm>
#include <utility>

namespace sealane::envelope {
namespace {

constexpr std::uint64_t kFirstReadBytes = 4u << 10;
constexpr std::uint64_t kReadBytesMax = 8u << 20;  // ciphertext fetched at once

struct FetchedHeader {
  Bytes bytes;
  DecodedHeader decoded;
};

// Most headers fit the first read; a longer one doubles it up to the limit.
Result<FetchedHeader> fetch_header(const ReadAt& read_at, std::uint64_t message_bytes,
                                   const Limits& limits) {
  FetchedHeader out;
  std::uint64_t want = kFirstReadBytes;
  for (;;) {
    const std::uint64_t have = out.bytes.size();
    const std::uint64_t size =
        std::min({want, message_bytes, std::uint64_t{limits.header_bytes_max}});
    out.bytes.resize(static_cast<std::size_t>(size));
    SEALANE_TRY(read_at(have, MutableByteSpan(out.bytes).subspan(static_cast<std::size_t>(have))));
    SEALANE_ASSIGN(auto decoded, decode_header(out.bytes, limits));
    if (decoded) {
      out.decoded = std::move(*decoded);
      return out;
    }
    if (size == message_bytes)
      return fail(ErrorKind::Corrupt, "the message is cut short in its header");
    want = size * 2;
  }
}

}  // namespace

Result<SeekableReader> SeekableReader::open(ReadAt read_at, std::uint64_t message_bytes,
                                            const DataKeyFor& data_key_for, const Limits& limits) {
  SEALANE_ASSIGN(FetchedHeader header, fetch_header(read_at, message_bytes, limits));
  SEALANE_ASSIGN(const Secret data_key, data_key_for(header.decoded.header));
  Cipher cipher;
  SEALANE_ASSIGN(const Secret content_key,
                 open_header(cipher, header.decoded, header.bytes, data_key));
  SeekableReader out;
  out.body_offset_ = header.decoded.size;
  SEALANE_ASSIGN(out.layout_, layout_for_body(message_bytes - header.decoded.size,
                                              header.decoded.header.frame_length));
  out.gcm_.set_key(content_key.reveal());
  out.header_ = std::move(header.decoded.header);
  out.length_max_ = limits.message_bytes_max;
  out.frame_ivs_ = limits.frame_ivs;
  out.read_at_ = std::move(read_at);
  // The size says how long the plaintext is; only the final frame's tag makes that true.
  Bytes frame(static_cast<std::size_t>(out.layout_.frame_bytes(out.layout_.frames)));
  Bytes plaintext(out.layout_.final_bytes);
  SEALANE_TRY(out.read_at_(out.body_offset_ + out.layout_.frame_offset(out.layout_.frames), frame));
  SEALANE_TRY(open_frame(out.gcm_, out.header_.message_id, FrameKind::Final,
                         static_cast<std::uint32_t>(out.layout_.frames), frame, plaintext,
                         limits.frame_ivs));
  copy_bytes(out.final_tag_, ByteSpan(frame).last(out.final_tag_.size()));
  return out;
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
  std::uint64_t first = offset / layout_.frame_length + 1;
  Bytes plaintext;
  while (first <= last) {
    const std::uint64_t until = std::min(last, first + at_once - 1);
    const std::uint64_t begin = layout_.frame_offset(first);
    frame_.resize(
        static_cast<std::size_t>(layout_.frame_offset(until) + layout_.frame_bytes(until) - begin));
    SEALANE_TRY(read_at_(body_offset_ + begin, frame_));
    for (std::uint64_t sequence = first; sequence <= until; ++sequence) {
      const bool is_final = sequence == layout_.frames;
      plaintext.resize(is_final ? layout_.final_bytes : layout_.frame_length);
      SEALANE_TRY(open_frame(
          gcm_, header_.message_id, is_final ? FrameKind::Final : FrameKind::Regular,
          static_cast<std::uint32_t>(sequence),
          ByteSpan(frame_).subspan(static_cast<std::size_t>(layout_.frame_offset(sequence) - begin),
                                   static_cast<std::size_t>(layout_.frame_bytes(sequence))),
          plaintext, frame_ivs_));
      const std::uint64_t frame_at = (sequence - 1) * layout_.frame_length;
      const std::uint64_t from = std::max(offset, frame_at) - frame_at;
      const std::uint64_t to =
          std::min<std::uint64_t>(offset + length - frame_at, plaintext.size());
      append(out, ByteSpan(plaintext).subspan(static_cast<std::size_t>(from),
                                              static_cast<std::size_t>(to - from)));
    }
    first = until + 1;
  }
  return out;
}

}  // namespace sealane::envelope
