// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "envelope/body_sealer.h"
#include "envelope/frames.h"
#include "envelope/header.h"
#include "envelope/sealed_header.h"

namespace sealane::envelope {

// The whole message.  One allocation; frames are sealed where they stand.
Result<Bytes> seal_body(Cipher& cipher, SealedHeader header, ByteSpan plaintext,
                        const Limits& limits = {});

// seal_header and seal_body in one.
Result<Bytes> encrypt_message(Cipher& cipher, const HeaderPlan& plan, const Secret& data_key,
                              ByteSpan plaintext, const Limits& limits = {});

struct OpenedMessage {
  Header header;
  Bytes plaintext;
};

// Opens a whole message.  `caller_context` are the pairs that the message authenticates and does
// not store; those that it stores must be the same.
// Errors: those of decode_header and open_header; Corrupt – a body cut short, bytes after it, a
//         frame that does not fit, the signature does not verify; TooLarge.  Nothing of the
//         plaintext is returned unless everything fits.
Result<OpenedMessage> decrypt_message(Cipher& cipher, ByteSpan message,
                                      const DataKeyFor& data_key_for, const Limits& limits = {},
                                      const EncryptionContext& caller_context = {});

// The tag of the final frame of an unsigned message: its last 16 bytes.  Nothing when it is
// shorter.
std::optional<crypto::GcmTag> final_frame_tag(ByteSpan message);

}  // namespace sealane::envelope
