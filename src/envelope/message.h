// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "envelope/frames.h"
#include "envelope/header.h"

namespace sealane::envelope {

// The library contexts that sealing and opening need; make one per thread and keep it.
struct Cipher {
  crypto::HkdfSha512 hkdf;
  crypto::Aes256Gcm gcm;
};

// The whole text of the error for a commitment that is not the data key's.
inline constexpr std::string_view kCommitmentMismatch =
    "key commitment does not match: the message was not sealed under this data key";

// What a writer decides about a message.  The message id is fresh and random for each message:
// data key and id together fix the content key, and with it every IV.
struct HeaderPlan {
  MessageId message_id{};
  EncryptionContext context;
  std::vector<EncryptedDataKey> data_keys;
  std::uint32_t frame_length = kDefaultFrameLength;
};

// A header that is sealed and whose body is still to come.  It is used for one body and consumed.
// Secrets: holds the content key, wiped when it goes.
struct SealedHeader {
  Bytes bytes;  // with the tag
  HeaderTag tag{};
  MessageId message_id{};
  std::uint32_t frame_length = 0;
  Secret content_key;
};

// Derives the content key and the commitment from a 32-byte data key and seals the header.
// Errors: Invalid, TooLarge – see encode_header.
Result<SealedHeader> seal_header(Cipher& cipher, const HeaderPlan& plan, const Secret& data_key,
                                 const Limits& limits = {});

// The whole message.  One allocation; frames are sealed where they stand.
Result<Bytes> seal_body(Cipher& cipher, SealedHeader header, ByteSpan plaintext,
                        const Limits& limits = {});

using Sink = std::function<Status(ByteSpan)>;

// A body whose plaintext comes in pieces.  Gives the header to the sink at the first write.
// An object that saw an error, or goes before finish(), leaves a message that nobody can open; the
// same message id is never tried again.
class BodySealer {
 public:
  BodySealer(Cipher& cipher, SealedHeader header, Sink sink);
  Status write(ByteSpan plaintext);
  // Seals the final frame.  Result: its tag.
  Result<crypto::GcmTag> finish();
  std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  Status flush(FrameKind kind, ByteSpan plaintext);
  ByteSpan filled() const;
  Status give(ByteSpan bytes);

  Cipher& cipher_;
  SealedHeader header_;
  Sink sink_;
  Bytes frame_;             // room for the largest frame
  std::size_t filled_ = 0;  // plaintext in it
  std::uint64_t sequence_ = 1;
  std::uint64_t bytes_written_ = 0;
  bool header_given_ = false;
  bool failed_ = false;
};

// seal_header and seal_body in one.
Result<Bytes> encrypt_message(Cipher& cipher, const HeaderPlan& plan, const Secret& data_key,
                              ByteSpan plaintext, const Limits& limits = {});

// Derives the content key, compares the commitment in constant time before the key is used, and
// verifies the header tag.  `header_bytes` are the message's first DecodedHeader::size bytes.
// Result: the content key.  Errors: Corrupt – kCommitmentMismatch, or the tag does not fit.
Result<Secret> open_header(Cipher& cipher, const DecodedHeader& decoded, ByteSpan header_bytes,
                           const Secret& data_key);

struct OpenedMessage {
  Header header;
  Bytes plaintext;
};

// Finds the data key of a header that is not authenticated yet.
using DataKeyFor = std::function<Result<Secret>(const Header&)>;

// Opens a whole message.  Errors: those of decode_header and open_header; Corrupt – a body cut
// short, bytes after it, a frame that does not fit; TooLarge.  Nothing of the plaintext is returned
// unless every frame fits.
Result<OpenedMessage> decrypt_message(Cipher& cipher, ByteSpan message,
                                      const DataKeyFor& data_key_for, const Limits& limits = {});

// The tag of the final frame: a message's last 16 bytes.  Nothing when it is shorter.
std::optional<crypto::GcmTag> final_frame_tag(ByteSpan message);

}  // namespace sealane::envelope
