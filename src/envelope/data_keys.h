// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/rsa.h"
#include "envelope/header.h"
#include "envelope/kms.h"
#include "envelope/raw_aes.h"
#include "envelope/raw_rsa.h"
#include "envelope/sealed_header.h"

namespace sealane::envelope {

// What wrapped a data key, told from its bytes alone.
enum class WrapKind {
  RawAes,
  RawRsa,
  AwsKms,
  AwsKmsRsa,
  AwsKmsHierarchy,
  Unknown,  // a provider of somebody's own, or bytes that its provider does not write
};
// `raw-aes`, `raw-rsa`, `aws-kms`, ...
std::string_view to_string(WrapKind kind);

struct WrapDescription {
  WrapKind kind = WrapKind::Unknown;
  std::string provider;   // for raw keys the key namespace
  std::string name;       // of the wrapping key: for KMS its ARN; not text: hex
  std::string problem{};  // what does not look as its provider writes it; empty when nothing
};

// Threads: pure.
WrapDescription describe_data_key(const EncryptedDataKey& edk);
// One line for an operator: `raw-aes sealane training/1`.
std::string to_string(const WrapDescription& wrap);

// A key that unwraps data keys here.  Secrets: wiped when it goes.
struct RawAesKey {
  WrappingKeyName name;
  Secret key;  // 16, 24 or 32 bytes
};
struct RawRsaKey {
  WrappingKeyName name;
  crypto::RsaPadding padding = crypto::RsaPadding::OaepSha256;
  crypto::RsaPrivateKey key;
};
using UnwrappingKey = std::variant<RawAesKey, RawRsaKey>;

// Tries the keys on every data key of a header in turn.  `keys` outlive what is returned.
// Errors: Denied – nothing in the header is wrapped for a key at hand: names what it is wrapped
//         for; Corrupt – something is, and does not unwrap.
DataKeyFor data_key_from(const std::vector<UnwrappingKey>& keys);

}  // namespace sealane::envelope
