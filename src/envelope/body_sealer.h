// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "envelope/frames.h"
#include "envelope/sealed_header.h"

namespace sealane::envelope {

class Workers;

using Sink = std::function<Status(ByteSpan)>;

struct BodyOptions {
  std::size_t threads = 1;  // that seal, the caller's among them
  // Frames sealed and given to the sink at once; more threads need more of them.
  std::size_t frames_at_once = 1;
};
// Enough frames at once to keep `threads` busy, and few enough to stay in their caches: 1 MiB of
// plaintext for each.
BodyOptions bulk_options(std::size_t threads, std::uint32_t frame_length);

// A body whose plaintext comes in pieces.  Gives the header to the sink at the first write.
// An object that saw an error, or goes before finish(), leaves a message that nobody can open; the
// same message id is never tried again.
//
// Plaintext is encrypted where it stands in the sealer's one buffer, and what fills the buffer in
// one write() straight from the caller's memory.  room() and commit() let the caller read a file
// into the buffer.
//
// Bounds:  memory of frames_at_once frames.
// Threads: one at a time; others that it starts end with it.
class BodySealer {
 public:
  BodySealer(Cipher& cipher, SealedHeader header, Sink sink, const BodyOptions& options = {});
  ~BodySealer();
  BodySealer(BodySealer&&) noexcept;
  BodySealer& operator=(BodySealer&&) = delete;
  Status write(ByteSpan plaintext);

  // Where the next plaintext goes: never empty, valid until the next call.
  Result<MutableByteSpan> room();
  // The first `bytes` of room() are plaintext now.
  void commit(std::size_t bytes);

  // Seals the final frame and writes the signature of a signed message.  Result: the frame's tag.
  Result<crypto::GcmTag> finish();
  std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  std::size_t frame_at(std::size_t index) const;
  Status flush_regular(ByteSpan apart = {});
  Status check_sequence(std::size_t frames);
  void seal_regular(std::size_t frames, ByteSpan apart);
  Status give(ByteSpan bytes);
  Status give_signed(ByteSpan bytes);

  Cipher& cipher_;
  SealedHeader header_;
  Sink sink_;
  BodyOptions options_;
  std::unique_ptr<Workers> workers_;     // when there are further threads
  std::vector<crypto::AesGcm> ciphers_;  // one for each of them
  // Room for frames_at_once frames, and before them for the longer head of a final one.
  Bytes batch_;
  std::size_t full_ = 0;    // frames whose content is complete
  std::size_t filled_ = 0;  // plaintext in the one after them
  std::uint64_t sequence_ = 1;
  std::uint64_t bytes_written_ = 0;
  bool header_given_ = false;
  bool failed_ = false;
};

}  // namespace sealane::envelope
