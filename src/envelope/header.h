// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "envelope/context.h"
#include "envelope/limits.h"

namespace sealane::envelope {

using MessageId = std::array<std::byte, 32>;  // format version 1 uses the first 16
using Commitment = std::array<std::byte, 32>;
using HeaderTag = crypto::GcmTag;

// One recipient's copy of the data key.
struct EncryptedDataKey {
  std::string provider;  // for raw AES keys the key namespace
  Bytes info;
  Bytes ciphertext;
  friend bool operator==(const EncryptedDataKey&, const EncryptedDataKey&) = default;
};

enum class Framing { Framed, Unframed };

struct Header {
  SuiteId suite = kDefaultSuite;
  MessageId message_id{};
  EncryptionContext context{};
  // Pairs that are authenticated and not stored: whoever opens the message brings them.
  EncryptionContext caller_context{};
  std::vector<EncryptedDataKey> data_keys{};
  Framing framing = Framing::Framed;
  std::uint32_t frame_length = kDefaultFrameLength;  // 0 when not framed
  Commitment commitment{};                           // format version 2
  crypto::GcmIv iv{};                                // format version 1
  HeaderTag tag{};

  // 16 or 32 bytes.
  ByteSpan id() const { return ByteSpan(message_id).first(suite_of(suite).message_id_bytes()); }
  friend bool operator==(const Header&, const Header&) = default;
};

// Every pair that the message authenticates, serialized: what wrapped data keys are bound to.
Result<Bytes> encode_full_context(const Header& header, const Limits& limits = {});

struct DecodedHeader {
  Header header;
  std::size_t authenticated_bytes = 0;  // everything before the tag (version 1: before IV and tag)
  std::size_t size = 0;                 // with the tag: where the body begins
};

// Reads a header off the front of a message.  Nothing in it is authenticated yet.
//
// Source:  AWS Encryption SDK specification, data-format/message-header.
// Result:  nothing when `input` ends inside the header.
// Errors:  Invalid – no such header; TooLarge – over limits; Unsupported – a suite that
//          limits.suites does not accept.
// Bounds:  checks every length before it allocates.
// Threads: pure.
Result<std::optional<DecodedHeader>> decode_header(ByteSpan input, const Limits& limits = {});

// The bytes that the header tag authenticates; the tag follows them (version 1: IV and tag).
// Errors: Invalid, TooLarge – what decode_header would refuse.
Result<Bytes> encode_header(const Header& header, const Limits& limits = {});

}  // namespace sealane::envelope
