// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "envelope/limits.h"

namespace sealane::envelope {

// The pairs that a message authenticates in clear: names and places, never secrets.  Sorted by the
// bytes of the key, as the format wants it.
using EncryptionContext = std::map<std::string, std::string>;

// Source:  AWS Encryption SDK, message header: AAD.  Zero bytes for an empty context.
// Errors:  TooLarge – over limits; Invalid – text that is not UTF-8.
// Threads: pure.
Result<Bytes> encode_context(const EncryptionContext& context, const Limits& limits = {});

// Errors:  Invalid – not sorted, a key twice, bytes left over, not UTF-8; TooLarge.
Result<EncryptionContext> decode_context(ByteSpan bytes, const Limits& limits = {});

// Whether every pair of `expected` is in `actual`.  Errors: Corrupt – names the first that is not.
Status require_context(const EncryptionContext& actual, const EncryptionContext& expected);

}  // namespace sealane::envelope
