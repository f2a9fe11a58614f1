// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/rsa.h"
#include "envelope/header.h"
#include "envelope/raw_aes.h"

namespace sealane::envelope {

// A raw RSA encrypted data key: whoever has the public key can write one, so it says nothing of
// who sealed the message, and it does not bind the context; the header tag does.
//
// Source:  AWS Encryption SDK specification, framework/raw-rsa-keyring.
// Errors:  TooLarge – the data key does not fit the RSA key; Invalid – a key namespace that begins
//          with `aws-kms`.
// Threads: pure.
Result<EncryptedDataKey> wrap_data_key(const crypto::RsaPublicKey& key, crypto::RsaPadding padding,
                                       const WrappingKeyName& name, ByteSpan data_key);

// `data_key_bytes` is what the message's suite needs.
// Errors: Corrupt – not wrapped for that name, or it does not decrypt: one text for every cause.
Result<Secret> unwrap_data_key(const crypto::RsaPrivateKey& key, crypto::RsaPadding padding,
                               const WrappingKeyName& name, const EncryptedDataKey& edk,
                               std::size_t data_key_bytes);

}  // namespace sealane::envelope
