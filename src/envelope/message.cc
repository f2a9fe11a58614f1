// SPDX-License-Identifier: Apache-2.0
#include "envelope/message.h"

#include <algorithm>

#include "crypto/compare.h"

namespace sealane::envelope {
namespace {

constexpr std::size_t kDataKeyBytes = 32;
constexpr std::uint32_t kFinalMarker = 0xffffffff;
constexpr std::string_view kReservedPrefix = "aws-crypto-";
// Suite id and label; the label of the commitment has no suite id before it.
constexpr std::string_view kDeriveKeyInfo =
    "\x04\x78"
    "DERIVEKEY";
constexpr std::string_view kCommitKeyInfo = "COMMITKEY";

struct DerivedKeys {
  Secret content_key;
  Commitment commitment{};
};

DerivedKeys derive(Cipher& cipher, const MessageId& id, const Secret& data_key) {
  SEALANE_CHECK(data_key.size() == kDataKeyBytes);
  DerivedKeys out;
  out.content_key = Secret::zeros(crypto::kAes256KeyBytes);
  cipher.hkdf.extract(id, data_key.reveal());
  cipher.hkdf.expand(as_bytes(kDeriveKeyInfo), out.content_key.reveal_mutable());
  cipher.hkdf.expand(as_bytes(kCommitKeyInfo), out.commitment);
  return out;
}

Status check_plan(const HeaderPlan& plan) {
  // Stock readers want whole cipher blocks.
  if (plan.frame_length == 0 || plan.frame_length % 16 != 0)
    return fail(ErrorKind::Invalid, "a frame length is a multiple of 16");
  for (const auto& [key, value] : plan.context)
    if (key.empty() || key.starts_with(kReservedPrefix))
      return fail(ErrorKind::Invalid, "`" + key + "` cannot be a key of an encryption context");
  return {};
}

std::size_t whole_size(const SealedHeader& header, const BodyLayout& layout) {
  return header.bytes.size() + static_cast<std::size_t>(layout.body_bytes);
}

// Where the final frame begins, found by the frames' own marks.
Result<BodyLayout> walk_frames(ByteSpan body, std::uint32_t frame_length) {
  const Error short_body = fail(ErrorKind::Corrupt, "the message is cut short");
  std::size_t at = 0;
  std::uint64_t full = 0;
  for (;;) {
    const ByteSpan rest = body.subspan(at);
    if (rest.size() < kFinalFrameOverheadBytes && rest.size() < kFrameOverheadBytes + frame_length)
      return short_body;
    if (load_be<std::uint32_t>(rest) != kFinalMarker) {
      if (rest.size() < kFrameOverheadBytes + frame_length) return short_body;
      at += kFrameOverheadBytes + frame_length;
      ++full;
      continue;
    }
    if (rest.size() < kFinalFrameOverheadBytes) return short_body;
    const auto final_bytes = load_be<std::uint32_t>(rest.subspan(20));
    if (final_bytes > frame_length)
      return fail(ErrorKind::Corrupt, "the final frame is longer than a frame");
    if (rest.size() - kFinalFrameOverheadBytes < final_bytes) return short_body;
    if (rest.size() - kFinalFrameOverheadBytes > final_bytes)
      return fail(ErrorKind::Corrupt, "bytes follow the message's final frame");
    return BodyLayout{.frames = full + 1,
                      .plaintext_bytes = full * frame_length + final_bytes,
                      .body_bytes = body.size(),
                      .frame_length = frame_length,
                      .final_bytes = final_bytes};
  }
}

}  // namespace

Result<SealedHeader> seal_header(Cipher& cipher, const HeaderPlan& plan, const Secret& data_key,
                                 const Limits& limits) {
  SEALANE_TRY(check_plan(plan));
  DerivedKeys keys = derive(cipher, plan.message_id, data_key);
  SealedHeader out;
  SEALANE_ASSIGN(out.bytes, encode_header({.message_id = plan.message_id,
                                           .context = plan.context,
                                           .data_keys = plan.data_keys,
                                           .frame_length = plan.frame_length,
                                           .commitment = keys.commitment},
                                          limits));
  cipher.gcm.set_key(keys.content_key.reveal());
  const crypto::GcmIv zero_iv{};
  cipher.gcm.seal(zero_iv, out.bytes, {}, {}, out.tag);
  append(out.bytes, out.tag);
  out.message_id = plan.message_id;
  out.frame_length = plan.frame_length;
  out.content_key = std::move(keys.content_key);
  return out;
}

Result<Bytes> seal_body(Cipher& cipher, SealedHeader header, ByteSpan plaintext,
                        const Limits& limits) {
  SEALANE_ASSIGN(const BodyLayout layout,
                 layout_for_plaintext(plaintext.size(), header.frame_length));
  if (header.bytes.size() + layout.body_bytes > limits.message_bytes_max)
    return fail(ErrorKind::TooLarge, "the message is too long");
  cipher.gcm.set_key(header.content_key.reveal());
  Bytes out;
  // INVARIANT: everything fits, so that nothing is moved (and left behind in clear) by growth.
  out.reserve(whole_size(header, layout));
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
  return out;
}

Result<Bytes> encrypt_message(Cipher& cipher, const HeaderPlan& plan, const Secret& data_key,
                              ByteSpan plaintext, const Limits& limits) {
  SEALANE_ASSIGN(SealedHeader header, seal_header(cipher, plan, data_key, limits));
  return seal_body(cipher, std::move(header), plaintext, limits);
}

BodySealer::BodySealer(Cipher& cipher, SealedHeader header, Sink sink)
    : cipher_(cipher), header_(std::move(header)), sink_(std::move(sink)) {
  frame_.resize(kFinalFrameOverheadBytes + header_.frame_length);
}

Status BodySealer::give(ByteSpan bytes) {
  if (auto status = sink_(bytes); !status.ok()) {
    failed_ = true;
    return status;
  }
  bytes_written_ += bytes.size();
  return {};
}

// The plaintext of the frame being filled always stands where the final frame has its content; a
// regular frame's head is 8 bytes shorter and begins that much later.
Status BodySealer::flush(FrameKind kind, ByteSpan plaintext) {
  if (!header_given_) {
    header_given_ = true;
    SEALANE_TRY(give(header_.bytes));
  }
  if (sequence_ > 0xffffffff) {
    failed_ = true;
    return fail(ErrorKind::TooLarge, "a message has at most 2^32 - 1 frames");
  }
  const std::size_t head = kind == FrameKind::Final ? kFinalFrameHeadBytes : kFrameHeadBytes;
  const MutableByteSpan frame = MutableByteSpan(frame_).subspan(
      kFinalFrameHeadBytes - head, head + plaintext.size() + crypto::kAesGcmTagBytes);
  cipher_.gcm.set_key(header_.content_key.reveal());
  seal_frame(cipher_.gcm, header_.message_id, kind, static_cast<std::uint32_t>(sequence_),
             plaintext, frame);
  ++sequence_;
  filled_ = 0;
  return give(frame);
}

ByteSpan BodySealer::filled() const {
  return ByteSpan(frame_).subspan(kFinalFrameHeadBytes, filled_);
}

Status BodySealer::write(ByteSpan plaintext) {
  if (failed_) return fail(ErrorKind::Internal, "a message that failed cannot be continued");
  while (!plaintext.empty()) {
    // A full frame waits until more comes: it may be the final one.
    if (filled_ == header_.frame_length) SEALANE_TRY(flush(FrameKind::Regular, filled()));
    if (filled_ == 0 && plaintext.size() > header_.frame_length) {  // no copy on the way
      SEALANE_TRY(flush(FrameKind::Regular, plaintext.first(header_.frame_length)));
      plaintext = plaintext.subspan(header_.frame_length);
      continue;
    }
    const std::size_t count =
        std::min<std::size_t>(header_.frame_length - filled_, plaintext.size());
    copy_bytes(MutableByteSpan(frame_).subspan(kFinalFrameHeadBytes + filled_),
               plaintext.first(count));
    filled_ += count;
    plaintext = plaintext.subspan(count);
  }
  return {};
}

Result<crypto::GcmTag> BodySealer::finish() {
  if (failed_) return fail(ErrorKind::Internal, "a message that failed cannot be continued");
  const std::size_t end = kFinalFrameHeadBytes + filled_;
  SEALANE_TRY(flush(FrameKind::Final, filled()));
  failed_ = true;  // nothing may follow
  crypto::GcmTag tag{};
  copy_bytes(tag, ByteSpan(frame_).subspan(end, tag.size()));
  return tag;
}

Result<Secret> open_header(Cipher& cipher, const DecodedHeader& decoded, ByteSpan header_bytes,
                           const Secret& data_key) {
  SEALANE_CHECK(header_bytes.size() >= decoded.size);
  if (data_key.size() != kDataKeyBytes)
    return fail(ErrorKind::Corrupt, "the data key is not of this suite's length");
  DerivedKeys keys = derive(cipher, decoded.header.message_id, data_key);
  if (!crypto::equal_constant_time(keys.commitment, decoded.header.commitment))
    return fail(ErrorKind::Corrupt, std::string(kCommitmentMismatch));
  cipher.gcm.set_key(keys.content_key.reveal());
  const crypto::GcmIv zero_iv{};
  if (!cipher.gcm.open(zero_iv, header_bytes.first(decoded.authenticated_bytes), {},
                       decoded.header.tag, {}))
    return fail(ErrorKind::Corrupt, "the message's header does not authenticate");
  return std::move(keys.content_key);
}

Result<OpenedMessage> decrypt_message(Cipher& cipher, ByteSpan message,
                                      const DataKeyFor& data_key_for, const Limits& limits) {
  if (message.size() > limits.message_bytes_max)
    return fail(ErrorKind::TooLarge, "the message is too long");
  SEALANE_ASSIGN(std::optional<DecodedHeader> decoded, decode_header(message, limits));
  if (!decoded) return fail(ErrorKind::Corrupt, "the message is cut short in its header");
  SEALANE_ASSIGN(const Secret data_key, data_key_for(decoded->header));
  SEALANE_ASSIGN(const Secret content_key, open_header(cipher, *decoded, message, data_key));
  const ByteSpan body = message.subspan(decoded->size);
  SEALANE_ASSIGN(const BodyLayout layout, walk_frames(body, decoded->header.frame_length));
  cipher.gcm.set_key(content_key.reveal());
  OpenedMessage out;
  out.plaintext.reserve(static_cast<std::size_t>(layout.plaintext_bytes));
  for (std::uint64_t sequence = 1; sequence <= layout.frames; ++sequence) {
    const bool last = sequence == layout.frames;
    const ByteSpan frame = body.subspan(static_cast<std::size_t>(layout.frame_offset(sequence)),
                                        static_cast<std::size_t>(layout.frame_bytes(sequence)));
    const std::size_t content = last ? layout.final_bytes : layout.frame_length;
    const std::size_t begin = out.plaintext.size();
    // Makes room by a copy of the ciphertext, which open_frame then overwrites: zeroing the whole
    // room beforehand would pass over memory once more.
    append(out.plaintext, frame.subspan(last ? kFinalFrameHeadBytes : kFrameHeadBytes, content));
    SEALANE_TRY(open_frame(cipher.gcm, decoded->header.message_id,
                           last ? FrameKind::Final : FrameKind::Regular,
                           static_cast<std::uint32_t>(sequence), frame,
                           MutableByteSpan(out.plaintext).subspan(begin), limits.frame_ivs));
  }
  out.header = std::move(decoded->header);
  return out;
}

std::optional<crypto::GcmTag> final_frame_tag(ByteSpan message) {
  crypto::GcmTag tag{};
  if (message.size() < tag.size()) return std::nullopt;
  copy_bytes(tag, message.last(tag.size()));
  return tag;
}

}  // namespace sealane::envelope
