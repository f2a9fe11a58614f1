// SPDX-License-Identifier: Apache-2.0
#include "envelope/stream_opener.h"

#include <algorithm>
#include <utility>

#include "envelope/footer.h"

namespace sealane::envelope {
namespace {

constexpr std::uint32_t kFinalMarker = 0xffffffff;
constexpr std::uint64_t kFramesMax = 0xffffffff;
constexpr std::size_t kMarkerBytes = 4;
constexpr std::size_t kSuiteBytes = 4;  // enough to see what is no message
constexpr std::size_t kFirstHeaderBytes = 256;

}  // namespace

StreamOpener::StreamOpener(Cipher& cipher, DataKeyFor data_key_for, Sink sink,
                           StreamOpenerOptions options)
    : cipher_(cipher),
      data_key_for_(std::move(data_key_for)),
      sink_(std::move(sink)),
      options_(std::move(options)) {
  expect(Expect::Header, kSuiteBytes);
}

Status StreamOpener::write(ByteSpan piece) {
  if (failed_) return *failed_;
  auto status = take_pieces(piece);
  if (!status.ok()) failed_ = status.error();
  return status;
}

Status StreamOpener::finish() {
  if (failed_) return *failed_;
  auto status = check_complete();
  if (status.ok() && !held_.empty()) status = sink_(held_);
  failed_ = status.ok() ? fail(ErrorKind::Internal, "the message is finished") : status.error();
  return status;
}

Status StreamOpener::check_complete() {
  // A header shorter than what was waited for, and with it perhaps the whole message.
  if (expect_ == Expect::Header && !pending_.empty()) {
    want_ = pending_.size();
    SEALANE_TRY(take_pieces({}));
  }
  if (expect_ == Expect::Header)
    return fail(ErrorKind::Corrupt, "the message is cut short in its header");
  if (expect_ != Expect::End) return fail(ErrorKind::Corrupt, "the message is cut short");
  return {};
}

void StreamOpener::expect(Expect next, std::size_t bytes) {
  expect_ = next;
  want_ = bytes;
}

// For a taker that needs more input: nothing is taken.
std::size_t StreamOpener::wait_for(std::size_t bytes) {
  want_ = bytes;
  return 0;
}

Status StreamOpener::take_pieces(ByteSpan input) {
  Bytes rest;  // what came with the header and is not of it
  while (!input.empty() || pending_.size() >= want_) {
    if (pending_.empty() && input.size() >= want_) {
      SEALANE_ASSIGN(const std::size_t taken, take_unit(input));
      input = input.subspan(taken);
      continue;
    }
    if (pending_.size() < want_) {
      const ByteSpan more = input.first(std::min(input.size(), want_ - pending_.size()));
      append(pending_, more);
      input = input.subspan(more.size());
      if (pending_.size() < want_) return {};
    }
    SEALANE_ASSIGN(const std::size_t taken, take_unit(pending_));
    if (taken == 0) continue;
    if (taken == pending_.size()) {
      pending_.clear();
      continue;
    }
    // Only a header's length is not known beforehand, so this happens once.
    rest.assign(pending_.begin() + static_cast<std::ptrdiff_t>(taken), pending_.end());
    pending_.clear();
    append(rest, input);
    input = rest;
  }
  return {};
}

// How many bytes of `input` were used up; 0 after want_ was raised.
Result<std::size_t> StreamOpener::take_unit(ByteSpan input) {
  switch (expect_) {
    case Expect::Header: return take_header(input);
    case Expect::Frame: return take_frame(input);
    case Expect::Body: return take_body(input);
    case Expect::Footer: return take_footer(input);
    case Expect::End: break;
  }
  return fail(ErrorKind::Corrupt, "bytes follow the message's end");
}

Result<std::size_t> StreamOpener::take_header(ByteSpan input) {
  const Limits& limits = options_.limits;
  SEALANE_ASSIGN(std::optional<DecodedHeader> decoded, decode_header(input, limits));
  // Looking again only when a quarter more is there keeps the work linear.
  if (!decoded) return wait_for(input.size() + std::max(kFirstHeaderBytes, input.size() / 4));
  SEALANE_TRY(bring_context(decoded->header, options_.caller_context));
  SEALANE_ASSIGN(const Secret data_key, data_key_for_(decoded->header));
  SEALANE_ASSIGN(content_key_, open_header(cipher_, *decoded, input, data_key));
  if (suite_of(decoded->header.suite).is_signed()) {
    SEALANE_ASSIGN(verifier_, verifier_of(decoded->header));
    verifier_->update(input.first(decoded->size));
  }
  header_ = std::move(decoded->header);
  if (header_->framing == Framing::Framed)
    expect(Expect::Frame, kMarkerBytes);
  else
    expect(Expect::Body, kUnframedHeadBytes);
  return decoded->size;
}

Result<std::size_t> StreamOpener::take_frame(ByteSpan input) {
  const bool last = load_be<std::uint32_t>(input) == kFinalMarker;
  std::size_t content = header_->frame_length;
  std::size_t size = content + kFrameOverheadBytes;
  if (last) {
    if (input.size() < kFinalFrameHeadBytes) return wait_for(kFinalFrameHeadBytes);
    content = load_be<std::uint32_t>(input.subspan(20));
    if (content > header_->frame_length)
      return fail(ErrorKind::Corrupt, "the final frame is longer than a frame");
    size = content + kFinalFrameOverheadBytes;
  }
  if (input.size() < size) return wait_for(size);
  if (sequence_ > kFramesMax)
    return fail(ErrorKind::Corrupt, "the message has more than 2^32 - 1 frames");
  const ByteSpan frame = input.first(size);
  plaintext_.resize(content);
  // Another message may have been opened with the same cipher since.
  cipher_.gcm.set_key(content_key_.reveal());
  SEALANE_TRY(open_frame(cipher_.gcm, header_->id(), last ? FrameKind::Final : FrameKind::Regular,
                         static_cast<std::uint32_t>(sequence_), frame, plaintext_,
                         frame_ivs_of(*header_, options_.limits)));
  ++sequence_;
  if (verifier_) verifier_->update(frame);
  SEALANE_TRY(release(plaintext_, last));
  if (!last)
    expect(Expect::Frame, kMarkerBytes);
  else if (verifier_)
    expect(Expect::Footer, 2);
  else
    expect(Expect::End, 1);
  return size;
}

Result<std::size_t> StreamOpener::take_body(ByteSpan input) {
  SEALANE_ASSIGN(const std::uint64_t content,
                 unframed_content_bytes(input.first(kUnframedHeadBytes)));
  if (content > options_.limits.message_bytes_max)
    return fail(ErrorKind::TooLarge, "the message is too long to be opened as a whole");
  const auto size = static_cast<std::size_t>(content) + kUnframedOverheadBytes;
  if (input.size() < size) return wait_for(size);
  const ByteSpan body = input.first(size);
  plaintext_.resize(static_cast<std::size_t>(content));
  cipher_.gcm.set_key(content_key_.reveal());
  SEALANE_TRY(open_unframed(cipher_.gcm, header_->id(), body, plaintext_));
  if (verifier_) verifier_->update(body);
  SEALANE_TRY(release(plaintext_, true));
  if (verifier_)
    expect(Expect::Footer, 2);
  else
    expect(Expect::End, 1);
  return size;
}

Result<std::size_t> StreamOpener::take_footer(ByteSpan input) {
  SEALANE_ASSIGN(const auto footer, decode_footer(input));
  if (!footer) {
    const auto signature_bytes = load_be<std::uint16_t>(input);
    return wait_for(2u + signature_bytes);
  }
  if (!verifier_->finish(footer->signature))
    return fail(ErrorKind::Corrupt, "the message's signature does not verify");
  const std::size_t size = footer->size;
  expect(Expect::End, 1);
  return size;
}

Status StreamOpener::release(ByteSpan plaintext, bool last) {
  plaintext_bytes_ += plaintext.size();
  if (options_.release == Release::AsAuthenticated && !(last && verifier_)) return sink_(plaintext);
  if (plaintext.size() > options_.limits.message_bytes_max - held_.size())
    return fail(ErrorKind::TooLarge, "the message is too long to be opened as a whole");
  append(held_, plaintext);
  return {};
}

}  // namespace sealane::envelope
