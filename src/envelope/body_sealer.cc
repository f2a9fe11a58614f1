// SPDX-License-Identifier: Apache-2.0
#include "envelope/body_sealer.h"

#include <algorithm>

#include "envelope/footer.h"
#include "envelope/workers_internal.h"

namespace sealane::envelope {
namespace {

constexpr std::size_t kBulkBytes = 1u << 20;  // for each thread
// To the sink at once: a frame of the usual length.  A file takes a GiB in such writes with a
// quarter of the system's time that it needs for writes of 2 MiB, which get larger and colder pages
// of cache.
constexpr std::size_t kGiveBytes = kDefaultFrameLength + kFrameOverheadBytes;
constexpr std::uint64_t kFramesMax = 0xffffffff;
// A final frame's head is that much longer.
constexpr std::size_t kSlackBytes = kFinalFrameHeadBytes - kFrameHeadBytes;

Error failed_before() {
  return fail(ErrorKind::Internal, "a message that failed cannot be continued");
}

}  // namespace

BodyOptions bulk_options(std::size_t threads, std::uint32_t frame_length) {
  threads = std::max<std::size_t>(1, threads);
  return {.threads = threads,
          .frames_at_once = threads * std::max<std::size_t>(1, kBulkBytes / frame_length)};
}

BodySealer::BodySealer(Cipher& cipher, SealedHeader header, Sink sink, const BodyOptions& options)
    : cipher_(cipher), header_(std::move(header)), sink_(std::move(sink)), options_(options) {
  SEALANE_CHECK(options_.threads >= 1 && options_.frames_at_once >= 1);
  batch_.resize(frame_at(options_.frames_at_once));
  if (options_.threads == 1) return;
  workers_ = std::make_unique<Workers>(options_.threads);
  ciphers_.resize(workers_->size() - 1);
}

BodySealer::~BodySealer() = default;
BodySealer::BodySealer(BodySealer&&) noexcept = default;

std::size_t BodySealer::frame_at(std::size_t index) const {
  return kSlackBytes + index * (header_.frame_length + kFrameOverheadBytes);
}

Status BodySealer::give(ByteSpan bytes) {
  while (!bytes.empty()) {
    const ByteSpan now = bytes.first(std::min(bytes.size(), kGiveBytes));
    if (auto status = sink_(now); !status.ok()) {
      failed_ = true;
      return status;
    }
    bytes_written_ += now.size();
    bytes = bytes.subspan(now.size());
  }
  return {};
}

Status BodySealer::give_signed(ByteSpan bytes) {
  if (header_.signer) header_.signer->update(bytes);
  return give(bytes);
}

// INVARIANT: the content of frame `i` of the batch is in `apart`, or, when that is empty, stands
// where the sealed frame has it.
void BodySealer::seal_regular(std::size_t frames, ByteSpan apart) {
  const auto seal = [&](crypto::AesGcm& gcm, std::size_t from, std::size_t to) {
    gcm.set_key(header_.content_key.reveal());
    for (std::size_t i = from; i < to; ++i) {
      const MutableByteSpan frame =
          MutableByteSpan(batch_).subspan(frame_at(i), header_.frame_length + kFrameOverheadBytes);
      const ByteSpan content = apart.empty()
                                   ? ByteSpan(frame_content(FrameKind::Regular, frame))
                                   : apart.subspan(i * header_.frame_length, header_.frame_length);
      seal_frame(gcm, header_.message_id, FrameKind::Regular,
                 static_cast<std::uint32_t>(sequence_ + i), content, frame);
    }
  };
  if (workers_ == nullptr) {
    seal(cipher_.gcm, 0, frames);
    return;
  }
  const std::size_t shares = workers_->size();
  workers_->run([&](std::size_t i) {
    seal(i == 0 ? cipher_.gcm : ciphers_[i - 1], frames * i / shares, frames * (i + 1) / shares);
  });
}

// One number is left for the final frame.
Status BodySealer::check_sequence(std::size_t frames) {
  if (sequence_ + frames <= kFramesMax) return {};
  failed_ = true;
  return fail(ErrorKind::TooLarge, "a message has at most 2^32 - 1 frames");
}

Status BodySealer::flush_regular(ByteSpan apart) {
  if (!header_given_) {
    header_given_ = true;
    SEALANE_TRY(give(header_.bytes));
  }
  if (full_ == 0) return {};
  SEALANE_TRY(check_sequence(full_));
  seal_regular(full_, apart);
  const std::size_t bytes = frame_at(full_) - frame_at(0);
  sequence_ += full_;
  full_ = 0;
  return give_signed(ByteSpan(batch_).subspan(frame_at(0), bytes));
}

Result<MutableByteSpan> BodySealer::room() {
  if (failed_) return failed_before();
  // A frame is known not to be the final one only when there is more after it.
  if (filled_ == header_.frame_length) {
    ++full_;
    filled_ = 0;
  }
  if (full_ == options_.frames_at_once) SEALANE_TRY(flush_regular());
  return MutableByteSpan(batch_).subspan(frame_at(full_) + kFrameHeadBytes + filled_,
                                         header_.frame_length - filled_);
}

void BodySealer::commit(std::size_t bytes) {
  SEALANE_CHECK(bytes <= header_.frame_length - filled_);
  filled_ += bytes;
}

Status BodySealer::write(ByteSpan plaintext) {
  if (failed_) return failed_before();
  if (!header_given_) {
    header_given_ = true;
    SEALANE_TRY(give(header_.bytes));
  }
  while (!plaintext.empty()) {
    SEALANE_ASSIGN(const MutableByteSpan to, room());
    // No copy on the way of what fills a batch and is not the end.
    const std::size_t batch = options_.frames_at_once * header_.frame_length;
    if (full_ == 0 && filled_ == 0 && plaintext.size() > batch) {
      full_ = options_.frames_at_once;
      SEALANE_TRY(flush_regular(plaintext.first(batch)));
      plaintext = plaintext.subspan(batch);
      continue;
    }
    const ByteSpan now = plaintext.first(std::min(to.size(), plaintext.size()));
    copy_bytes(to, now);
    commit(now.size());
    plaintext = plaintext.subspan(now.size());
  }
  return {};
}

Result<crypto::GcmTag> BodySealer::finish() {
  if (failed_) return failed_before();
  const std::size_t content = frame_at(full_) + kFrameHeadBytes;
  // The final frame's longer head takes the place of bytes that the sink has by then.
  SEALANE_TRY(flush_regular());
  const MutableByteSpan frame = MutableByteSpan(batch_).subspan(content - kFinalFrameHeadBytes,
                                                                filled_ + kFinalFrameOverheadBytes);
  cipher_.gcm.set_key(header_.content_key.reveal());
  seal_frame(cipher_.gcm, header_.message_id, FrameKind::Final,
             static_cast<std::uint32_t>(sequence_), frame_content(FrameKind::Final, frame), frame);
  SEALANE_TRY(give_signed(frame));
  if (header_.signer) SEALANE_TRY(give(encode_footer(header_.signer->finish())));
  failed_ = true;  // nothing may follow
  crypto::GcmTag tag{};
  copy_bytes(tag, frame.last(tag.size()));
  return tag;
}

}  // namespace sealane::envelope
