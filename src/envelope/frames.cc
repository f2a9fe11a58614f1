// SPDX-License-Identifier: Apache-2.0
#include "envelope/frames.h"

#include <string_view>

#include "crypto/compare.h"

namespace sealane::envelope {
namespace {

constexpr std::uint32_t kFinalMarker = 0xffffffff;
constexpr std::uint64_t kFramesMax = 0xffffffff;
constexpr std::string_view kRegularContent = "AWSKMSEncryptionClient Frame";
constexpr std::string_view kFinalContent = "AWSKMSEncryptionClient Final Frame";
constexpr std::string_view kUnframedContent = "AWSKMSEncryptionClient Single Block";
constexpr std::size_t kContentBytesMax = kUnframedContent.size();
// GCM encrypts at most 2^36 - 32 bytes under one IV.
constexpr std::uint64_t kUnframedBytesMax = (1ull << 36) - 32;

// The fields of a frame, as views of it.
template <class Span>
struct Parts {
  Span head;
  Span iv;
  Span content;
  Span tag;
};

template <class Span>
Parts<Span> split(FrameKind kind, Span frame) {
  const bool last = kind == FrameKind::Final;
  const std::size_t head = last ? kFinalFrameHeadBytes : kFrameHeadBytes;
  const std::size_t iv = last ? 8 : 4;
  return {.head = frame.first(head),
          .iv = frame.subspan(iv, crypto::kAesGcmIvBytes),
          .content = frame.subspan(head, frame.size() - head - crypto::kAesGcmTagBytes),
          .tag = frame.last(crypto::kAesGcmTagBytes)};
}

// The head that a frame must have.  Its IV is the sequence number; the header's is 0, so the two
// never meet.
struct Head {
  std::array<std::byte, kFinalFrameHeadBytes> bytes{};
  std::size_t size = 0;
};
Head make_head(FrameKind kind, std::uint32_t sequence, std::size_t content_bytes) {
  Head out;
  const MutableByteSpan to(out.bytes);
  if (kind == FrameKind::Final) {
    store_be(to, kFinalMarker);
    store_be(to.subspan(4), sequence);
    store_be(to.subspan(16), sequence);
    store_be(to.subspan(20), checked_cast<std::uint32_t>(content_bytes));
    out.size = kFinalFrameHeadBytes;
  } else {
    store_be(to, sequence);
    store_be(to.subspan(12), sequence);
    out.size = kFrameHeadBytes;
  }
  return out;
}

// message id (16 or 32 bytes), content string, sequence number, content length.
struct Aad {
  std::array<std::byte, 32 + kContentBytesMax + 12> bytes{};
  std::size_t size = 0;
  ByteSpan span() const { return ByteSpan(bytes).first(size); }
};
Aad make_aad(ByteSpan id, std::string_view content, std::uint32_t sequence,
             std::size_t content_bytes) {
  Aad out;
  const MutableByteSpan to(out.bytes);
  copy_bytes(to, id);
  copy_bytes(to.subspan(id.size()), as_bytes(content));
  const std::size_t at = id.size() + content.size();
  store_be(to.subspan(at), sequence);
  store_be(to.subspan(at + 4), static_cast<std::uint64_t>(content_bytes));
  out.size = at + 12;
  return out;
}

std::string_view content_of(FrameKind kind) {
  return kind == FrameKind::Final ? kFinalContent : kRegularContent;
}

std::size_t overhead(FrameKind kind) {
  return kind == FrameKind::Final ? kFinalFrameOverheadBytes : kFrameOverheadBytes;
}

Error frame_error(std::uint32_t sequence, std::string_view what) {
  return fail(ErrorKind::Corrupt, "frame " + std::to_string(sequence) + " " + std::string(what));
}

}  // namespace

std::uint64_t BodyLayout::frame_offset(std::uint64_t sequence) const {
  return (sequence - 1) * (frame_length + kFrameOverheadBytes);
}
std::uint64_t BodyLayout::frame_bytes(std::uint64_t sequence) const {
  return sequence == frames ? final_bytes + kFinalFrameOverheadBytes
                            : frame_length + kFrameOverheadBytes;
}

Result<BodyLayout> layout_for_plaintext(std::uint64_t plaintext_bytes, std::uint32_t frame_length) {
  if (frame_length == 0) return fail(ErrorKind::Invalid, "the message's frame length is 0");
  const std::uint64_t full = plaintext_bytes == 0 ? 0 : (plaintext_bytes - 1) / frame_length;
  if (full >= kFramesMax) return fail(ErrorKind::TooLarge, "a message has at most 2^32 - 1 frames");
  BodyLayout out;
  out.frames = full + 1;
  out.plaintext_bytes = plaintext_bytes;
  out.frame_length = frame_length;
  out.final_bytes = checked_cast<std::uint32_t>(plaintext_bytes - full * frame_length);
  out.body_bytes = plaintext_bytes + full * kFrameOverheadBytes + kFinalFrameOverheadBytes;
  return out;
}

Result<BodyLayout> layout_for_body(std::uint64_t body_bytes, std::uint32_t frame_length) {
  if (frame_length == 0) return fail(ErrorKind::Invalid, "the message's frame length is 0");
  const Error wrong = fail(ErrorKind::Corrupt, "the message has a size that no whole message has",
                           "it was cut short, or something was added to it");
  if (body_bytes < kFinalFrameOverheadBytes) return wrong;
  const std::uint64_t step = std::uint64_t{frame_length} + kFrameOverheadBytes;
  const std::uint64_t full = (body_bytes - kFinalFrameOverheadBytes) / step;
  const std::uint64_t rest = (body_bytes - kFinalFrameOverheadBytes) % step;
  if (rest > frame_length || full >= kFramesMax) return wrong;
  BodyLayout out;
  out.frames = full + 1;
  out.plaintext_bytes = full * frame_length + rest;
  out.frame_length = frame_length;
  out.final_bytes = checked_cast<std::uint32_t>(rest);
  out.body_bytes = body_bytes;
  return out;
}

void seal_frame(crypto::AesGcm& cipher, ByteSpan id, FrameKind kind, std::uint32_t sequence,
                ByteSpan plaintext, MutableByteSpan frame) {
  SEALANE_CHECK(sequence > 0 && frame.size() == plaintext.size() + overhead(kind));
  const Parts<MutableByteSpan> parts = split(kind, frame);
  const Head head = make_head(kind, sequence, parts.content.size());
  copy_bytes(parts.head, ByteSpan(head.bytes).first(head.size));
  const Aad aad = make_aad(id, content_of(kind), sequence, parts.content.size());
  cipher.seal(parts.iv, aad.span(), plaintext, parts.content, parts.tag);
}

MutableByteSpan frame_content(FrameKind kind, MutableByteSpan frame) {
  SEALANE_CHECK(frame.size() >= overhead(kind));
  return split(kind, frame).content;
}

Status open_frame(crypto::AesGcm& cipher, ByteSpan id, FrameKind kind, std::uint32_t sequence,
                  ByteSpan frame, MutableByteSpan plaintext, FrameIvs ivs) {
  if (frame.size() != plaintext.size() + overhead(kind))
    return frame_error(sequence, "has another length");
  const Parts<ByteSpan> parts = split(kind, frame);
  // Marker, sequence number, IV and length are all known; any difference is refused before the key
  // is used.
  Head head = make_head(kind, sequence, plaintext.size());
  if (ivs == FrameIvs::AsWritten) {
    const std::size_t at = kind == FrameKind::Final ? 8 : 4;
    copy_bytes(MutableByteSpan(head.bytes).subspan(at), parts.iv);
  }
  if (!crypto::equal_constant_time(parts.head, ByteSpan(head.bytes).first(head.size)))
    return frame_error(sequence, "is not where it belongs");
  const Aad aad = make_aad(id, content_of(kind), sequence, plaintext.size());
  if (!cipher.open(parts.iv, aad.span(), parts.content, parts.tag, plaintext))
    return frame_error(sequence, "does not authenticate");
  return {};
}

Result<std::uint64_t> unframed_content_bytes(ByteSpan head) {
  const auto length = load_be<std::uint64_t>(head.subspan(crypto::kAesGcmIvBytes));
  if (length > kUnframedBytesMax)
    return fail(ErrorKind::Corrupt, "the message's body has a length that no body has");
  return length;
}

Status open_unframed(crypto::AesGcm& cipher, ByteSpan id, ByteSpan body,
                     MutableByteSpan plaintext) {
  SEALANE_CHECK(body.size() == plaintext.size() + kUnframedOverheadBytes);
  const Aad aad = make_aad(id, kUnframedContent, 1, plaintext.size());
  if (!cipher.open(body.first(crypto::kAesGcmIvBytes), aad.span(),
                   body.subspan(kUnframedHeadBytes, plaintext.size()),
                   body.last(crypto::kAesGcmTagBytes), plaintext))
    return fail(ErrorKind::Corrupt, "the message's body does not authenticate");
  return {};
}

}  // namespace sealane::envelope
