// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "envelope/frames.h"
#include "envelope/sealed_header.h"

namespace sealane::envelope {

using Sink = std::function<Status(ByteSpan)>;

struct BodyOptions {
  std::size_t threads = 1;  // that seal, the caller's among them
  // Frames sealed and given to the sink at once; more threads need more of them.
  std::size_t frames_at_once = 1;
};
// Enough frames at once to keep `threads` busy: 16 MiB of plaintext.
BodyOptions bulk_options(std::size_t threads, std::uint32_t frame_length);

// A body whose plaintext comes in pieces.  Gives the header to the sink at the first write.
// An object that saw an error, or goes before finish(), leaves a message that nobody can open; the
// same message id is never tried again.
//
// Plaintext is encrypted where it stands in the sealer's one buffer.  write() copies it there;
// room() and commit() let the caller read a file straight into it.
//
// Bounds:  memory of frames_at_once frames.
// Threads: one at a time; it starts others for the time of one batch.
class BodySealer {
 public:
  BodySealer(Cipher& cipher, SealedHeader header, Sink sink, const BodyOptions& options = {});
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
  Status flush_regular();
  Status check_sequence(std::size_t frames);
  Status seal_apart(ByteSpan plaintext);
  void seal_regular(std::size_t frames);
  Status give(ByteSpan bytes);
  Status give_signed(ByteSpan bytes);

  Cipher& cipher_;
  SealedHeader header_;
  Sink sink_;
  BodyOptions options_;
  std::vector<crypto::AesGcm> helpers_;  // one for each further thread
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
