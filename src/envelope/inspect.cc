// SPDX-License-Identifier: Apache-2.0
#include "envelope/inspect.h"

#include <algorithm>
#include <array>

#include "envelope/footer.h"

namespace sealane::envelope {
namespace {

constexpr std::uint32_t kFinalMarker = 0xffffffff;
constexpr std::uint64_t kFramesMax = 0xffffffff;
constexpr std::size_t kProblemsMax = 16;

// A frame's IV that is its number is 8 zero bytes and the number.
bool is_iv_of(ByteSpan iv, std::uint64_t sequence) {
  return load_be<std::uint64_t>(iv) == 0 && load_be<std::uint32_t>(iv.subspan(8)) == sequence;
}

class Inspector {
 public:
  Inspector(const ReadAt& read_at, std::uint64_t message_bytes, const Limits& limits)
      : read_at_(read_at), limits_(limits) {
    out_.message_bytes = message_bytes;
  }

  Result<Inspection> run() {
    SEALANE_ASSIGN(FetchedHeader fetched, fetch_header(read_at_, out_.message_bytes, limits_));
    out_.header = std::move(fetched.decoded.header);
    out_.header_bytes = fetched.decoded.size;
    at_ = out_.header_bytes;
    judge_header();
    bool whole = false;
    if (out_.header.framing == Framing::Framed) {
      SEALANE_ASSIGN(whole, walk_frames());
    } else {
      SEALANE_ASSIGN(whole, unframed_body());
    }
    out_.body_bytes = at_ - out_.header_bytes;
    if (whole && suite().is_signed()) {
      SEALANE_ASSIGN(whole, footer());
    }
    if (!whole)
      problem("cut short");
    else if (left() > 0)
      problem(std::to_string(left()) + " bytes follow the message's end");
    return std::move(out_);
  }

 private:
  const Suite& suite() const { return suite_of(out_.header.suite); }
  std::uint64_t left() const { return out_.message_bytes - at_; }

  void problem(std::string text) {
    if (out_.problems.size() < kProblemsMax) out_.problems.push_back(std::move(text));
  }

  void judge_header() {
    const Header& header = out_.header;
    if (!suite().commits())
      problem("does not commit to its key: it may open to two plaintexts under two keys");
    if (suite().is_signed()) {
      if (auto verifier = verifier_of(header); !verifier.ok()) problem(verifier.error().message);
    }
    if (header.framing == Framing::Unframed) problem("not framed: only opened as a whole");
    for (const EncryptedDataKey& edk : header.data_keys) {
      out_.recipients.push_back(describe_data_key(edk));
      const WrapDescription& wrap = out_.recipients.back();
      if (wrap.kind == WrapKind::Unknown)
        problem("a data key of an unknown kind, provider `" + wrap.provider + "`");
      if (!wrap.problem.empty()) problem("data key for `" + wrap.name + "`: " + wrap.problem);
    }
    for (const auto& [key, value] : header.context)
      if (key.starts_with("aws-crypto-") && key != kPublicKeyPair)
        problem("the context has the reserved key `" + key + "`");
  }

  // False when the message ends before its body does.
  Result<bool> walk_frames() {
    const std::uint64_t frame_length = out_.header.frame_length;
    for (std::uint64_t sequence = 1;; ++sequence) {
      std::array<std::byte, kFinalFrameHeadBytes> head{};
      const auto seen = static_cast<std::size_t>(std::min<std::uint64_t>(head.size(), left()));
      if (seen < kFrameHeadBytes) return false;
      SEALANE_TRY(read_at_(at_, MutableByteSpan(head).first(seen)));
      const ByteSpan span(head);
      const bool last = load_be<std::uint32_t>(span) == kFinalMarker;
      if (last && seen < kFinalFrameHeadBytes) return false;
      const std::size_t shift = last ? 4 : 0;
      judge_frame(sequence, load_be<std::uint32_t>(span.subspan(shift)),
                  span.subspan(shift + 4, crypto::kAesGcmIvBytes));
      std::uint64_t content = frame_length;
      if (last) {
        content = load_be<std::uint32_t>(span.subspan(20));
        if (content > frame_length) {
          problem("the final frame is longer than a frame");
          return false;
        }
      }
      const std::uint64_t size = content + (last ? kFinalFrameOverheadBytes : kFrameOverheadBytes);
      if (left() < size || sequence > kFramesMax) return false;
      at_ += size;
      ++out_.frames;
      out_.plaintext_bytes += content;
      if (!last) continue;
      out_.final_bytes = static_cast<std::uint32_t>(content);
      return true;
    }
  }

  void judge_frame(std::uint64_t expected, std::uint32_t sequence, ByteSpan iv) {
    if (sequence != expected)
      problem("frame " + std::to_string(expected) + " carries the number " +
              std::to_string(sequence));
    else if (suite().commits() && !is_iv_of(iv, sequence))
      problem("frame " + std::to_string(expected) + " has an IV that is not its number");
  }

  Result<bool> unframed_body() {
    std::array<std::byte, kUnframedHeadBytes> head{};
    if (left() < kUnframedOverheadBytes) return false;
    SEALANE_TRY(read_at_(at_, head));
    const auto content = unframed_content_bytes(head);
    if (!content.ok()) {
      problem(content.error().message);
      return false;
    }
    if (left() - kUnframedOverheadBytes < *content) return false;
    at_ += *content + kUnframedOverheadBytes;
    out_.plaintext_bytes = *content;
    return true;
  }

  Result<bool> footer() {
    std::array<std::byte, kFooterBytesMax> bytes{};
    const auto seen = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left()));
    SEALANE_TRY(read_at_(at_, MutableByteSpan(bytes).first(seen)));
    const auto decoded = decode_footer(ByteSpan(bytes).first(seen));
    if (!decoded.ok()) problem(decoded.error().message);
    if (!decoded.ok() || !*decoded) return false;
    out_.footer_bytes = (*decoded)->size;
    at_ += out_.footer_bytes;
    return true;
  }

  const ReadAt& read_at_;
  const Limits& limits_;
  Inspection out_;
  std::uint64_t at_ = 0;
};

}  // namespace

Result<Inspection> inspect_message(const ReadAt& read_at, std::uint64_t message_bytes,
                                   const Limits& limits) {
  return Inspector(read_at, message_bytes, limits).run();
}

}  // namespace sealane::envelope
