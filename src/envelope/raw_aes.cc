// SPDX-License-Identifier: Apache-2.0
#include "envelope/raw_aes.h"

#include <optional>

namespace sealane::envelope {
namespace {

constexpr std::size_t kInfoTailBytes = 4 + 4 + crypto::kAesGcmIvBytes;

// name, tag length in bits, IV length, IV.
struct Info {
  std::string_view name;
  ByteSpan iv;
};

std::optional<Info> parse_info(const EncryptedDataKey& edk, std::string_view key_namespace) {
  if (edk.provider != key_namespace || edk.info.size() < kInfoTailBytes ||
      edk.ciphertext.size() < crypto::kAesGcmTagBytes ||
      !crypto::is_aes_key_size(edk.ciphertext.size() - crypto::kAesGcmTagBytes))
    return std::nullopt;
  const ByteSpan info(edk.info);
  const ByteSpan tail = info.last(kInfoTailBytes);
  if (load_be<std::uint32_t>(tail) != 8 * crypto::kAesGcmTagBytes ||
      load_be<std::uint32_t>(tail.subspan(4)) != crypto::kAesGcmIvBytes)
    return std::nullopt;
  return Info{.name = as_text(info.first(info.size() - kInfoTailBytes)), .iv = tail.subspan(8)};
}

}  // namespace

EncryptedDataKey wrap_data_key(crypto::AesGcm& cipher, const WrappingKeyName& name,
                               const crypto::GcmIv& iv, ByteSpan data_key, ByteSpan context_bytes) {
  SEALANE_CHECK(crypto::is_aes_key_size(data_key.size()));
  EncryptedDataKey out;
  out.provider = name.key_namespace;
  out.info.reserve(name.name.size() + kInfoTailBytes);
  append(out.info, name.name);
  put_be(out.info, static_cast<std::uint32_t>(8 * crypto::kAesGcmTagBytes));
  put_be(out.info, static_cast<std::uint32_t>(crypto::kAesGcmIvBytes));
  append(out.info, iv);
  out.ciphertext.resize(data_key.size() + crypto::kAesGcmTagBytes);
  const MutableByteSpan to(out.ciphertext);
  cipher.seal(iv, context_bytes, data_key, to.first(data_key.size()), to.subspan(data_key.size()));
  return out;
}

std::string_view wrapping_key_name(const EncryptedDataKey& edk, std::string_view key_namespace) {
  const auto info = parse_info(edk, key_namespace);
  return info ? info->name : std::string_view();
}

Result<Secret> unwrap_data_key(crypto::AesGcm& cipher, const WrappingKeyName& name,
                               const EncryptedDataKey& edk, ByteSpan context_bytes) {
  const auto info = parse_info(edk, name.key_namespace);
  if (!info || info->name != name.name)
    return fail(ErrorKind::Corrupt, "the data key is not wrapped for `" + name.name + "`");
  const ByteSpan sealed(edk.ciphertext);
  Secret out = Secret::zeros(sealed.size() - crypto::kAesGcmTagBytes);
  if (!cipher.open(info->iv, context_bytes, sealed.first(out.size()), sealed.subspan(out.size()),
                   out.reveal_mutable()))
    return fail(ErrorKind::Corrupt, "the data key does not unwrap under `" + name.name +
                                        "`: another key, or the context was changed");
  return out;
}

}  // namespace sealane::envelope
