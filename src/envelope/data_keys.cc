// SPDX-License-Identifier: Apache-2.0
#include "envelope/data_keys.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/utf8.h"

namespace sealane::envelope {
namespace {

constexpr std::size_t kHierarchyBytesOver = 60;  // salt 16, IV 12, version 16, tag 16
constexpr std::array<std::size_t, 7> kRsaBytes = {256, 320, 384, 448, 512, 768, 1024};

bool is_rsa_size(std::size_t bytes) {
  return std::ranges::find(kRsaBytes, bytes) != kRsaBytes.end();
}

std::string name_of(ByteSpan info) { return is_utf8(as_text(info)) ? to_text(info) : to_hex(info); }

void describe_kms(const EncryptedDataKey& edk, WrapDescription& out) {
  out.kind = edk.provider == kKmsProvider      ? WrapKind::AwsKms
             : edk.provider == kKmsRsaProvider ? WrapKind::AwsKmsRsa
                                               : WrapKind::AwsKmsHierarchy;
  if (out.kind != WrapKind::AwsKmsHierarchy) {
    if (auto arn = parse_kms_key_arn(as_text(edk.info)); !arn.ok())
      out.problem = arn.error().message;
  }
  if (out.kind == WrapKind::AwsKmsRsa && !is_rsa_size(edk.ciphertext.size()))
    out.problem = "its ciphertext is as long as no RSA key's";
  if (out.kind == WrapKind::AwsKmsHierarchy &&
      (edk.ciphertext.size() < kHierarchyBytesOver ||
       !crypto::is_aes_key_size(edk.ciphertext.size() - kHierarchyBytesOver)))
    out.problem = "its ciphertext is as long as no branch key's";
}

// Nothing when the data key is not wrapped for `key`.
std::optional<Result<Secret>> try_key(const UnwrappingKey& key, const EncryptedDataKey& edk,
                                      const Suite& suite, ByteSpan context_bytes) {
  if (const auto* aes = std::get_if<RawAesKey>(&key)) {
    if (wrapping_key_name(edk, aes->name.key_namespace) != aes->name.name) return std::nullopt;
    crypto::AesGcm cipher;
    cipher.set_key(aes->key.reveal());
    return unwrap_data_key(cipher, aes->name, edk, context_bytes);
  }
  const auto& rsa = std::get<RawRsaKey>(key);
  if (edk.provider != rsa.name.key_namespace || as_text(edk.info) != rsa.name.name)
    return std::nullopt;
  return unwrap_data_key(rsa.key, rsa.padding, rsa.name, edk, suite.key_bytes);
}

Error nothing_fits(const Header& header) {
  std::string for_whom;
  for (const EncryptedDataKey& edk : header.data_keys) {
    if (!for_whom.empty()) for_whom += ", ";
    for_whom += to_string(describe_data_key(edk));
  }
  return fail(ErrorKind::Denied, "no key at hand opens the message; it is sealed for " + for_whom);
}

}  // namespace

std::string_view to_string(WrapKind kind) {
  switch (kind) {
    case WrapKind::RawAes: return "raw-aes";
    case WrapKind::RawRsa: return "raw-rsa";
    case WrapKind::AwsKms: return "aws-kms";
    case WrapKind::AwsKmsRsa: return "aws-kms-rsa";
    case WrapKind::AwsKmsHierarchy: return "aws-kms-hierarchy";
    case WrapKind::Unknown: return "unknown";
  }
  return "";
}

WrapDescription describe_data_key(const EncryptedDataKey& edk) {
  WrapDescription out{.provider = edk.provider, .name = name_of(edk.info)};
  if (edk.provider.starts_with(kKmsProvider)) {
    if (edk.provider == kKmsProvider || edk.provider == kKmsRsaProvider ||
        edk.provider == kKmsHierarchyProvider)
      describe_kms(edk, out);
    return out;
  }
  if (const std::string_view name = wrapping_key_name(edk, edk.provider); !name.empty()) {
    out.kind = WrapKind::RawAes;
    out.name = name_of(as_bytes(name));
  } else if (is_rsa_size(edk.ciphertext.size()) && is_utf8(as_text(edk.info))) {
    out.kind = WrapKind::RawRsa;
  }
  return out;
}

std::string to_string(const WrapDescription& wrap) {
  std::string out(to_string(wrap.kind));
  if (!out.starts_with(kKmsProvider)) out += " " + wrap.provider;
  return out + " `" + wrap.name + "`";
}

DataKeyFor data_key_from(const std::vector<UnwrappingKey>& keys) {
  return [&keys](const Header& header) -> Result<Secret> {
    SEALANE_ASSIGN(const Bytes context_bytes, encode_full_context(header));
    std::optional<Error> failed;
    for (const EncryptedDataKey& edk : header.data_keys)
      for (const UnwrappingKey& key : keys) {
        auto data_key = try_key(key, edk, suite_of(header.suite), context_bytes);
        if (!data_key) continue;
        if (data_key->ok()) return std::move(*data_key);
        failed = data_key->error();
      }
    return failed ? *failed : nothing_fits(header);
  };
}

}  // namespace sealane::envelope
