// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/ecdsa.h"
#include "crypto/hkdf.h"
#include "envelope/header.h"

namespace sealane::envelope {

// The library contexts that sealing and opening need; make one per thread and keep it.
struct Cipher {
  crypto::Hkdf hkdf;
  crypto::AesGcm gcm;
};

// The whole text of the error for a commitment that is not the data key's.
inline constexpr std::string_view kCommitmentMismatch =
    "key commitment does not match: the message was not sealed under this data key";

// What a writer decides about a message.  The message id is fresh and random for each message:
// data key and id together fix the content key, and with it every IV.
struct HeaderPlan {
  SuiteId suite = kDefaultSuite;
  MessageId message_id{};
  EncryptionContext context{};
  // Pairs that are authenticated and not stored; the data keys are wrapped with them too.
  EncryptionContext caller_context{};
  std::vector<EncryptedDataKey> data_keys{};
  std::uint32_t frame_length = kDefaultFrameLength;
  // For 0x0578: signs this message, and add_public_key() put it into the context.
  std::shared_ptr<const crypto::EcdsaPrivateKey> signing_key{};
};

// A header that is sealed and whose body is still to come.  It is used for one body and consumed.
// Secrets: holds the content key, wiped when it goes.
struct SealedHeader {
  Bytes bytes;  // with the tag
  HeaderTag tag{};
  MessageId message_id{};
  std::uint32_t frame_length = 0;
  Secret content_key;
  std::optional<crypto::EcdsaSigner> signer;  // has the header's bytes
};

// Derives the content key and the commitment from a 32-byte data key and seals the header.
// Errors: Invalid, TooLarge – see encode_header; Unsupported – a suite without commitment, which is
//         never written.
Result<SealedHeader> seal_header(Cipher& cipher, const HeaderPlan& plan, const Secret& data_key,
                                 const Limits& limits = {});

// Derives the content key, compares the commitment in constant time before the key is used, and
// verifies the header tag.  `header_bytes` are the message's first DecodedHeader::size bytes.
// Result: the content key.  Errors: Corrupt – kCommitmentMismatch, or the tag does not fit.
Result<Secret> open_header(Cipher& cipher, const DecodedHeader& decoded, ByteSpan header_bytes,
                           const Secret& data_key);

// Finds the data key of a header that is not authenticated yet.
using DataKeyFor = std::function<Result<Secret>(const Header&)>;

// Gives the header the pairs that the caller brings: those it stores must be the same, the others
// become its caller_context.  Errors: Corrupt – names the first stored pair that differs.
Status bring_context(Header& header, const EncryptionContext& caller_context);

// The IVs that frames of the header's message may have.
inline FrameIvs frame_ivs_of(const Header& header, const Limits& limits) {
  return suite_of(header.suite).version == 1 ? FrameIvs::AsWritten : limits.frame_ivs;
}

}  // namespace sealane::envelope
