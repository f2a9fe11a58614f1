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

using MessageId = std::array<std::byte, 32>;
using Commitment = std::array<std::byte, 32>;
using HeaderTag = crypto::GcmTag;

// One recipient's copy of the data key.
struct EncryptedDataKey {
  std::string provider;  // for raw AES keys the key namespace
  Bytes info;
  Bytes ciphertext;
  friend bool operator==(const EncryptedDataKey&, const EncryptedDataKey&) = default;
};

// The header of a message: format version 2, suite 0x0478, framed.
struct Header {
  MessageId message_id{};
  EncryptionContext context;
  std::vector<EncryptedDataKey> data_keys;
  std::uint32_t frame_length = kDefaultFrameLength;
  Commitment commitment{};
  HeaderTag tag{};
  friend bool operator==(const Header&, const Header&) = default;
};

struct DecodedHeader {
  Header header;
  std::size_t authenticated_bytes = 0;  // everything before the tag
  std::size_t size = 0;                 // with the tag: where the body begins
};

// Reads a header off the front of a message.  Nothing in it is authenticated yet.
//
// Source:  AWS Encryption SDK specification, data-format/message-header.
// Result:  nothing when `input` ends inside the header.
// Errors:  Invalid – no such header; TooLarge – over limits; Unsupported – version 1, another
//          suite, or a body that is not framed.
// Bounds:  checks every length before it allocates.
// Threads: pure.
Result<std::optional<DecodedHeader>> decode_header(ByteSpan input, const Limits& limits = {});

// The bytes that the header tag authenticates; the tag follows them.
// Errors: Invalid, TooLarge – what decode_header would refuse.
Result<Bytes> encode_header(const Header& header, const Limits& limits = {});

}  // namespace sealane::envelope
