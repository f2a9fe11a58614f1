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

// Random access to a sealed message.  The length is known only after the final frame was
// authenticated, which open() does; read() touches the frames of the range and no others, and
// returns nothing of a frame that does not fit.
//
// Source:  data-format/message-body; the frame of byte p is p / frame_length + 1.
// Threads: one at a time.
// Secrets: holds the content key, wiped when it goes.
class SeekableReader {
 public:
  // `message_bytes` is the size of the whole message.
  // Errors: those of decode_header and open_header, of `read_at`, and Corrupt – the size or the
  //         final frame does not fit.
  static Result<SeekableReader> open(ReadAt read_at, std::uint64_t message_bytes,
                                     const DataKeyFor& data_key_for, const Limits& limits = {});

  const Header& header() const { return header_; }
  std::uint64_t size() const { return layout_.plaintext_bytes; }
  crypto::GcmTag final_tag() const { return final_tag_; }
  // Errors: Invalid – the range leaves the plaintext; Corrupt; TooLarge – longer than
  //         limits.message_bytes_max; whatever `read_at` returns.
  Result<Bytes> read(std::uint64_t offset, std::uint64_t length);

 private:
  SeekableReader() = default;

  ReadAt read_at_;
  Header header_;
  BodyLayout layout_;
  std::uint64_t body_offset_ = 0;
  std::uint64_t length_max_ = 0;
  FrameIvs frame_ivs_ = FrameIvs::Sequence;
  crypto::GcmTag final_tag_{};
  crypto::Aes256Gcm gcm_;
  Bytes frame_;
};

}  // namespace sealane::envelope
