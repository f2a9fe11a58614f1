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

// Seals one frame of the message `id` (16 or 32 bytes): `frame` is the whole frame, `plaintext` its
// content, which may stand in it already.  `cipher` holds the message's content key. Source:
// data-format/message-body, framed data.
void seal_frame(crypto::AesGcm& cipher, ByteSpan id, FrameKind kind, std::uint32_t sequence,
                ByteSpan plaintext, MutableByteSpan frame);
// The content of a whole frame.
MutableByteSpan frame_content(FrameKind kind, MutableByteSpan frame);

// Opens one whole frame, which must be exactly `kind` and `sequence`, into `plaintext`, which has
// the length of its content.
// Errors: Corrupt – another marker, sequence number, IV or length, or the tag does not fit.
Status open_frame(crypto::AesGcm& cipher, ByteSpan id, FrameKind kind, std::uint32_t sequence,
                  ByteSpan frame, MutableByteSpan plaintext, FrameIvs ivs = FrameIvs::Sequence);

// Bodies that are not framed are read, never written.
inline constexpr std::size_t kUnframedHeadBytes = 20;  // IV, length
inline constexpr std::size_t kUnframedOverheadBytes = 36;

// The length of the content of an unframed body, from its first kUnframedHeadBytes.
// Errors: Corrupt – longer than the format allows.
Result<std::uint64_t> unframed_content_bytes(ByteSpan head);

// Opens a whole unframed body into `plaintext`, which has the length of its content and may be
// where its content stands.  Errors: Corrupt.
Status open_unframed(crypto::AesGcm& cipher, ByteSpan id, ByteSpan body, MutableByteSpan plaintext);

}  // namespace sealane::envelope
