// SPDX-License-Identifier: Apache-2.0
#include "envelope/message.h"

#include <algorithm>
#include <utility>

#include "envelope/footer.h"

namespace sealane::envelope {
namespace {

constexpr std::uint32_t kFinalMarker = 0xffffffff;

Error cut_short() { return fail(ErrorKind::Corrupt, "the message is cut short"); }

// Where the final frame begins, found by the frames' own marks.  Bytes may follow it.
Result<BodyLayout> walk_frames(ByteSpan body, std::uint32_t frame_length) {
  std::size_t at = 0;
  std::uint64_t full = 0;
  for (;;) {
    const ByteSpan rest = body.subspan(at);
    if (rest.size() < kFinalFrameOverheadBytes && rest.size() < kFrameOverheadBytes + frame_length)
      return cut_short();
    if (load_be<std::uint32_t>(rest) != kFinalMarker) {
      if (rest.size() < kFrameOverheadBytes + frame_length) return cut_short();
      at += kFrameOverheadBytes + frame_length;
      ++full;
      continue;
    }
    if (rest.size() < kFinalFrameOverheadBytes) return cut_short();
    const auto final_bytes = load_be<std::uint32_t>(rest.subspan(20));
    if (final_bytes > frame_length)
      return fail(ErrorKind::Corrupt, "the final frame is longer than a frame");
    if (rest.size() - kFinalFrameOverheadBytes < final_bytes) return cut_short();
    return BodyLayout{.frames = full + 1,
                      .plaintext_bytes = full * frame_length + final_bytes,
                      .body_bytes = at + kFinalFrameOverheadBytes + final_bytes,
                      .frame_length = frame_length,
                      .final_bytes = final_bytes};
  }
}

Result<BodyLayout> unframed_layout(ByteSpan body) {
  if (body.size() < kUnframedOverheadBytes) return cut_short();
  SEALANE_ASSIGN(const std::uint64_t content,
                 unframed_content_bytes(body.first(kUnframedHeadBytes)));
  if (body.size() - kUnframedOverheadBytes < content) return cut_short();
  return BodyLayout{.plaintext_bytes = content, .body_bytes = content + kUnframedOverheadBytes};
}

// What follows the body is the footer of a signed message, whose signature covers all before it.
Status check_end(const Header& header, ByteSpan covered, ByteSpan rest) {
  if (suite_of(header.suite).is_signed()) {
    SEALANE_ASSIGN(const auto footer, decode_footer(rest));
    if (!footer) return cut_short();
    rest = rest.subspan(footer->size);
    if (rest.empty()) {
      SEALANE_ASSIGN(crypto::EcdsaVerifier verifier, verifier_of(header));
      verifier.update(covered);
      if (!verifier.finish(footer->signature))
        return fail(ErrorKind::Corrupt, "the message's signature does not verify");
    }
  }
  if (!rest.empty()) return fail(ErrorKind::Corrupt, "bytes follow the message's end");
  return {};
}

Result<Bytes> open_frames(crypto::AesGcm& gcm, const Header& header, ByteSpan body,
                          const BodyLayout& layout, const Limits& limits) {
  Bytes out;
  out.reserve(static_cast<std::size_t>(layout.plaintext_bytes));
  for (std::uint64_t sequence = 1; sequence <= layout.frames; ++sequence) {
    const bool last = sequence == layout.frames;
    const ByteSpan frame = body.subspan(static_cast<std::size_t>(layout.frame_offset(sequence)),
                                        static_cast<std::size_t>(layout.frame_bytes(sequence)));
    const std::size_t content = last ? layout.final_bytes : layout.frame_length;
    const std::size_t begin = out.size();
    // Makes room by a copy of the ciphertext, which open_frame then overwrites: zeroing the whole
    // room beforehand would pass over memory once more.
    append(out, frame.subspan(last ? kFinalFrameHeadBytes : kFrameHeadBytes, content));
    SEALANE_TRY(open_frame(gcm, header.id(), last ? FrameKind::Final : FrameKind::Regular,
                           static_cast<std::uint32_t>(sequence), frame,
                           MutableByteSpan(out).subspan(begin), frame_ivs_of(header, limits)));
  }
  return out;
}

}  // namespace

Result<Bytes> seal_body(Cipher& cipher, SealedHeader header, ByteSpan plaintext,
                        const Limits& limits) {
  SEALANE_ASSIGN(const BodyLayout layout,
                 layout_for_plaintext(plaintext.size(), header.frame_length));
  if (header.bytes.size() + layout.body_bytes > limits.message_bytes_max)
    return fail(ErrorKind::TooLarge, "the message is too long");
  cipher.gcm.set_key(header.content_key.reveal());
  Bytes out;
  // INVARIANT: everything fits, so that nothing is moved (and left behind in clear) by growth.
  out.reserve(header.bytes.size() + static_cast<std::size_t>(layout.body_bytes) +
              (header.signer ? kFooterBytesMax : 0));
  append(out, header.bytes);
  for (std::uint64_t sequence = 1; sequence <= layout.frames; ++sequence) {
    const bool last = sequence == layout.frames;
    const FrameKind kind = last ? FrameKind::Final : FrameKind::Regular;
    const std::size_t head = last ? kFinalFrameHeadBytes : kFrameHeadBytes;
    const std::size_t content = last ? layout.final_bytes : layout.frame_length;
    const std::size_t begin = out.size();
    out.resize(begin + head);
    append(out, plaintext.first(content));
    out.resize(out.size() + crypto::kAesGcmTagBytes);
    const MutableByteSpan frame = MutableByteSpan(out).subspan(begin);
    seal_frame(cipher.gcm, header.message_id, kind, static_cast<std::uint32_t>(sequence),
               frame_content(kind, frame), frame);
    plaintext = plaintext.subspan(content);
  }
  if (header.signer) {
    header.signer->update(ByteSpan(out).subspan(header.bytes.size()));
    append(out, encode_footer(header.signer->finish()));
  }
  return out;
}

Result<Bytes> encrypt_message(Cipher& cipher, const HeaderPlan& plan, const Secret& data_key,
                              ByteSpan plaintext, const Limits& limits) {
  SEALANE_ASSIGN(SealedHeader header, seal_header(cipher, plan, data_key, limits));
  return seal_body(cipher, std::move(header), plaintext, limits);
}

Result<OpenedMessage> decrypt_message(Cipher& cipher, ByteSpan message,
                                      const DataKeyFor& data_key_for, const Limits& limits,
                                      const EncryptionContext& caller_context) {
  if (message.size() > limits.message_bytes_max)
    return fail(ErrorKind::TooLarge, "the message is too long");
  SEALANE_ASSIGN(std::optional<DecodedHeader> decoded, decode_header(message, limits));
  if (!decoded) return fail(ErrorKind::Corrupt, "the message is cut short in its header");
  Header& header = decoded->header;
  SEALANE_TRY(bring_context(header, caller_context));
  SEALANE_ASSIGN(const Secret data_key, data_key_for(header));
  SEALANE_ASSIGN(const Secret content_key, open_header(cipher, *decoded, message, data_key));
  const ByteSpan rest = message.subspan(decoded->size);
  const bool framed = header.framing == Framing::Framed;
  SEALANE_ASSIGN(const BodyLayout layout,
                 framed ? walk_frames(rest, header.frame_length) : unframed_layout(rest));
  const auto body_bytes = static_cast<std::size_t>(layout.body_bytes);
  SEALANE_TRY(
      check_end(header, message.first(decoded->size + body_bytes), rest.subspan(body_bytes)));
  cipher.gcm.set_key(content_key.reveal());
  OpenedMessage out;
  if (framed) {
    SEALANE_ASSIGN(out.plaintext, open_frames(cipher.gcm, header, rest, layout, limits));
  } else {
    out.plaintext.resize(static_cast<std::size_t>(layout.plaintext_bytes));
    SEALANE_TRY(open_unframed(cipher.gcm, header.id(), rest.first(body_bytes), out.plaintext));
  }
  out.header = std::move(header);
  return out;
}

std::optional<crypto::GcmTag> final_frame_tag(ByteSpan message) {
  crypto::GcmTag tag{};
  if (message.size() < tag.size()) return std::nullopt;
  copy_bytes(tag, message.last(tag.size()));
  return tag;
}

}  // namespace sealane::envelope
