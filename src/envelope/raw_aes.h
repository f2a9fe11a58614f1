// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "envelope/header.h"

namespace sealane::envelope {

// What a wrapping key is known by: a raw AES key of 16, 24 or 32 bytes, or a raw RSA key.
struct WrappingKeyName {
  std::string key_namespace;
  std::string name;
};

// Source:  AWS Encryption SDK specification, framework/raw-aes-keyring.
// Input:   `cipher` holds the wrapping key; `iv` was never used before under it; the context is the
//          message's whole context, serialized.
// Result:  ciphertext and tag: 48 bytes for a 32-byte data key.
// Threads: as `cipher`.
EncryptedDataKey wrap_data_key(crypto::AesGcm& cipher, const WrappingKeyName& name,
                               const crypto::GcmIv& iv, ByteSpan data_key, ByteSpan context_bytes);

// The name inside a raw AES encrypted data key of that namespace; nothing when it is another kind.
std::string_view wrapping_key_name(const EncryptedDataKey& edk, std::string_view key_namespace);

// Errors: Corrupt – not a raw AES key of that name, or the tag does not fit (another key, another
//         context).
Result<Secret> unwrap_data_key(crypto::AesGcm& cipher, const WrappingKeyName& name,
                               const EncryptedDataKey& edk, ByteSpan context_bytes);

}  // namespace sealane::envelope
