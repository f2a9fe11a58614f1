// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ecdsa.h"
#include "envelope/context.h"
#include "envelope/header.h"
#include "envelope/suites.h"

namespace sealane::envelope {

// The pair of the context that carries a signed message's public key.
inline constexpr std::string_view kPublicKeyPair = "aws-crypto-public-key";

// The longest signature is an ECDSA P-384 one: 104 bytes of DER.
inline constexpr std::size_t kSignatureBytesMax = 104;
inline constexpr std::size_t kFooterBytesMax = 2 + kSignatureBytesMax;

crypto::EcdsaCurve curve_of(const Suite& suite);

// Adds the public half of `key`, which will sign the message.  It belongs into the context before
// data keys are wrapped, because a wrap binds the whole context.
void add_public_key(EncryptionContext& context, const crypto::EcdsaPrivateKey& key);

// The verifier for a signed suite's header, whose public key is in its context.
// Errors: Corrupt – there is none, or it is no key.
Result<crypto::EcdsaVerifier> verifier_of(const Header& header);

// Source: data-format/message-footer: the signature's length in two bytes, the signature.
Bytes encode_footer(ByteSpan signature);

struct DecodedFooter {
  ByteSpan signature;
  std::size_t size = 0;
};
// Reads the footer off the front of `input`.  Result: nothing when `input` ends inside it.
// Errors: Corrupt – a length that no signature has.
Result<std::optional<DecodedFooter>> decode_footer(ByteSpan input);

// The size of the footer at the end of `tail`, the last bytes of a message, found by the shape of a
// DER signature; it is a guess until the frame before it authenticates.
// Errors: Corrupt – there is none.
Result<std::size_t> footer_bytes_at_end(ByteSpan tail);

}  // namespace sealane::envelope
