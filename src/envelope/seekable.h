// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "envelope/message.h"

namespace sealane::envelope {

// Fills all of `to` from `offset` of the message.
using ReadAt = std::function<Status(std::uint64_t offset, MutableByteSpan to)>;

// A header fetched from the front of a message.
struct FetchedHeader {
  Bytes bytes;  // at least the whole header
  DecodedHeader decoded;
};
// Errors: those of decode_header and `read_at`; Corrupt – the message ends in its header.
Result<FetchedHeader> fetch_header(const ReadAt& read_at, std::uint64_t message_bytes,
                                   const Limits& limits);

// What a reader has asked its message for.
struct ReadCounts {
  std::uint64_t reads = 0;  // calls of ReadAt
  std::uint64_t bytes = 0;  // of the message
};

// Random access to a sealed message that is framed.  The length is known only after the final frame
// was authenticated, which open() does; read() touches the frames of the range and no others, and
// returns nothing of a frame that does not fit.  The frame read last is kept, so that small reads
// one after the other open it once.
//
// A signature covers the whole message and is not checked here: each frame authenticates by its tag
// under the data key, which everybody who can open the message has.
//
// Source:  data-format/message-body; the frame of byte p is p / frame_length + 1.
// Threads: one at a time.
// Secrets: holds the content key, wiped when it goes.
class SeekableReader {
 public:
  // `message_bytes` is the size of the whole message.
  // Errors: those of decode_header and open_header, of `read_at`; Corrupt – the size or the final
  //         frame does not fit; Unsupported – the body is not framed and has but one tag.
  static Result<SeekableReader> open(ReadAt read_at, std::uint64_t message_bytes,
                                     const DataKeyFor& data_key_for, const Limits& limits = {},
                                     const EncryptionContext& caller_context = {});

  // For a message that is in memory, or mapped: nothing is copied but plaintext.  `message`
  // outlives the reader.
  static Result<SeekableReader> open(ByteSpan message, const DataKeyFor& data_key_for,
                                     const Limits& limits = {},
                                     const EncryptionContext& caller_context = {});

  const Header& header() const { return header_; }
  std::uint64_t size() const { return layout_.plaintext_bytes; }
  crypto::GcmTag final_tag() const { return final_tag_; }
  const ReadCounts& counts() const { return counts_; }

  // Errors: Invalid – the range leaves the plaintext; Corrupt; TooLarge – longer than
  //         limits.message_bytes_max; whatever `read_at` returns.
  // Bounds: reads the frames of the range, once, at most 8 MiB (or one frame) at a time.
  Result<Bytes> read(std::uint64_t offset, std::uint64_t length);

 private:
  SeekableReader() = default;
  Status fetch(std::uint64_t offset, MutableByteSpan to);
  Status open_header_and_layout(std::uint64_t message_bytes, const DataKeyFor& data_key_for,
                                const Limits& limits, const EncryptionContext& caller_context);
  Status open_final_frame();
  FrameKind kind_of(std::uint64_t sequence) const;
  Status open_frame_at(std::uint64_t sequence, ByteSpan frame, MutableByteSpan plaintext);
  Status open_mapped(std::uint64_t sequence);
  void copy_out(Bytes& to, std::uint64_t offset, std::uint64_t length) const;
  Status read_frames(std::uint64_t first, std::uint64_t last, std::uint64_t offset,
                     std::uint64_t length, Bytes& out);

  ReadAt read_at_;
  Header header_;
  BodyLayout layout_;
  std::uint64_t body_offset_ = 0;
  std::uint64_t length_max_ = 0;
  FrameIvs frame_ivs_ = FrameIvs::Sequence;
  crypto::GcmTag final_tag_{};
  crypto::AesGcm gcm_;
  ByteSpan mapped_;           // the whole message, when it is in memory
  Bytes buffer_;              // frames as they were read, opened where they stand
  std::uint64_t opened_ = 0;  // the frame whose plaintext is known; 0 for none
  ByteSpan plaintext_;        // of that frame, in buffer_
  ReadCounts counts_;
};

}  // namespace sealane::envelope
