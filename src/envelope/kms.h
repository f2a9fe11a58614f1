// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/rsa.h"
#include "envelope/header.h"

namespace sealane::envelope {

inline constexpr std::string_view kKmsProvider = "aws-kms";
inline constexpr std::string_view kKmsRsaProvider = "aws-kms-rsa";
inline constexpr std::string_view kKmsHierarchyProvider = "aws-kms-hierarchy";

// `arn:<partition>:kms:<region>:<account>:key/<id>`
struct KmsKeyArn {
  std::string partition;
  std::string region;
  std::string account;
  std::string key;  // `mrk-…` for a key in several regions
  friend bool operator==(const KmsKeyArn&, const KmsKeyArn&) = default;
};
// Errors: Invalid – not such an ARN; an alias is none.
Result<KmsKeyArn> parse_kms_key_arn(std::string_view arn);

// A data key wrapped by AWS KMS: `ciphertext_blob` and the ARN as GenerateDataKey or Encrypt
// returned them.  Only KMS unwraps it.
// Source: AWS Encryption SDK specification, framework/aws-kms/aws-kms-keyring.
// Errors: Invalid – the ARN.
Result<EncryptedDataKey> kms_data_key(std::string_view arn, ByteSpan ciphertext_blob);

// Wrapped here with the public half of an RSA key in KMS, together with the SHA-384 of the context.
// Source: framework/aws-kms/aws-kms-rsa-keyring.
// Errors: Invalid – the ARN, a signed suite, or a padding other than OAEP with SHA-1 or SHA-256;
//         TooLarge.
Result<EncryptedDataKey> wrap_kms_rsa_data_key(const crypto::RsaPublicKey& key,
                                               crypto::RsaPadding padding, std::string_view arn,
                                               SuiteId suite, ByteSpan data_key,
                                               ByteSpan context_bytes);

// What KMS does with one, for whoever has the private key.
// Errors: Corrupt – not wrapped for that ARN, does not decrypt, or for another context.
Result<Secret> unwrap_kms_rsa_data_key(const crypto::RsaPrivateKey& key, crypto::RsaPadding padding,
                                       std::string_view arn, const EncryptedDataKey& edk,
                                       std::size_t data_key_bytes, ByteSpan context_bytes);

}  // namespace sealane::envelope
