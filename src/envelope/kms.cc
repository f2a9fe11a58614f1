// SPDX-License-Identifier: Apache-2.0
#include "envelope/kms.h"

#include <array>

#include "crypto/compare.h"
#include "crypto/hash.h"

namespace sealane::envelope {
namespace {

// The first field of `text` up to a colon; what follows stays in `text`.
std::string_view take_field(std::string_view& text) {
  const std::size_t colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  text = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  return field;
}

}  // namespace

Result<KmsKeyArn> parse_kms_key_arn(std::string_view arn) {
  constexpr std::string_view kKey = "key/";
  std::string_view rest = arn;
  const std::string_view scheme = take_field(rest);
  KmsKeyArn out;
  out.partition = take_field(rest);
  const std::string_view service = take_field(rest);
  out.region = take_field(rest);
  out.account = take_field(rest);
  if (scheme != "arn" || service != "kms" || out.partition.empty() || out.region.empty() ||
      out.account.empty() || !rest.starts_with(kKey) || rest.size() == kKey.size() ||
      rest.substr(kKey.size()).find_first_of(":/") != std::string_view::npos)
    return fail(ErrorKind::Invalid, "`" + std::string(arn) + "` is not the ARN of a KMS key");
  out.key = rest.substr(kKey.size());
  return out;
}

Result<EncryptedDataKey> kms_data_key(std::string_view arn, ByteSpan ciphertext_blob) {
  SEALANE_TRY(parse_kms_key_arn(arn));
  return EncryptedDataKey{.provider = std::string(kKmsProvider),
                          .info = to_bytes(arn),
                          .ciphertext = to_bytes(ciphertext_blob)};
}

Result<EncryptedDataKey> wrap_kms_rsa_data_key(const crypto::RsaPublicKey& key,
                                               crypto::RsaPadding padding, std::string_view arn,
                                               SuiteId suite, ByteSpan data_key,
                                               ByteSpan context_bytes) {
  SEALANE_TRY(parse_kms_key_arn(arn));
  if (suite_of(suite).is_signed())
    return fail(ErrorKind::Invalid, "a signed suite cannot be used with an RSA key of KMS");
  if (padding != crypto::RsaPadding::OaepSha1 && padding != crypto::RsaPadding::OaepSha256)
    return fail(ErrorKind::Invalid, "an RSA key of KMS takes OAEP with SHA-1 or SHA-256");
  const crypto::Sha384 digest = crypto::sha384(context_bytes);
  Secret wrapped = Secret::zeros(digest.size() + data_key.size());
  copy_bytes(wrapped.reveal_mutable(), digest);
  copy_bytes(wrapped.reveal_mutable().subspan(digest.size()), data_key);
  EncryptedDataKey out{
      .provider = std::string(kKmsRsaProvider), .info = to_bytes(arn), .ciphertext = {}};
  SEALANE_ASSIGN(out.ciphertext, key.encrypt(padding, wrapped.reveal()));
  return out;
}

Result<Secret> unwrap_kms_rsa_data_key(const crypto::RsaPrivateKey& key, crypto::RsaPadding padding,
                                       std::string_view arn, const EncryptedDataKey& edk,
                                       std::size_t data_key_bytes, ByteSpan context_bytes) {
  if (edk.provider != kKmsRsaProvider || as_text(edk.info) != arn)
    return fail(ErrorKind::Corrupt, "the data key is not wrapped for `" + std::string(arn) + "`");
  const crypto::Sha384 digest = crypto::sha384(context_bytes);
  const auto wrapped = key.decrypt(padding, edk.ciphertext, digest.size() + data_key_bytes);
  if (!wrapped.ok() || !crypto::equal_constant_time(wrapped->reveal().first(digest.size()), digest))
    return fail(ErrorKind::Corrupt, "the data key does not unwrap under `" + std::string(arn) +
                                        "`: another key, or the context was changed");
  return Secret(wrapped->reveal().subspan(digest.size()));
}

}  // namespace sealane::envelope
