// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "envelope/header.h"

namespace sealane::envelope {

inline constexpr std::size_t kFrameHeadBytes = 16;       // sequence number, IV
inline constexpr std::size_t kFinalFrameHeadBytes = 24;  // marker, sequence number, IV, length
inline constexpr std::size_t kFrameOverheadBytes = 32;
inline constexpr std::size_t kFinalFrameOverheadBytes = 40;

// Where the frames of a body stand.
struct BodyLayout {
  std::uint64_t frames = 0;  // the final one included
  std::uint64_t plaintext_bytes = 0;
  std::uint64_t body_bytes = 0;
  std::uint32_t frame_length = 0;
  std::uint32_t final_bytes = 0;  // plaintext in the final frame

  // `sequence` counts from 1.
  std::uint64_t frame_offset(std::uint64_t sequence) const;
  std::uint64_t frame_bytes(std::uint64_t sequence) const;
};

// The layout that this writer gives a plaintext.  Errors: TooLarge – over 2^32 - 1 frames.
Result<BodyLayout> layout_for_plaintext(std::uint64_t plaintext_bytes, std::uint32_t frame_length);
// The layout that a body of that size must have, not authenticated before its final frame is.
// Errors: Corrupt – no body has that size.
Result<BodyLayout> layout_for_body(std::uint64_t body_bytes, std::uint32_t frame_length);

enum class FrameKind { Regular, Final };

// Seals one frame: `frame` is the whole frame, `plaintext` its content, which may stand in it
// already.  `cipher` holds the message's content key.
// Source: data-format/message-body, framed data.
void seal_frame(crypto::Aes256Gcm& cipher, const MessageId& id, FrameKind kind,
                std::uint32_t sequence, ByteSpan plaintext, MutableByteSpan frame);
// The content of a whole frame.
MutableByteSpan frame_content(FrameKind kind, MutableByteSpan frame);

// Opens one whole frame, which must be exactly `kind` and `sequence`, into `plaintext`, which has
// the length of its content.
// Errors: Corrupt – another marker, sequence number, IV or length, or the tag does not fit.
Status open_frame(crypto::Aes256Gcm& cipher, const MessageId& id, FrameKind kind,
                  std::uint32_t sequence, ByteSpan frame, MutableByteSpan plaintext,
                  FrameIvs ivs = FrameIvs::Sequence);

}  // namespace sealane::envelope
