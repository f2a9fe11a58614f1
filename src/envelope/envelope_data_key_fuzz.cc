// SPDX-License-Identifier: Apache-2.0
// An encrypted data key is described whatever its bytes are; what the description says is what its
// bytes hold; and a changed raw AES data key does not unwrap.
//
// Input: provider, information and ciphertext, each after its length in two bytes.
#include <cstdlib>

#include "envelope/data_keys.h"

namespace {

using namespace sealane;

void require(bool holds) {
  if (!holds) std::abort();
}

std::optional<Bytes> field(ByteReader& reader) {
  const auto length = reader.be<std::uint16_t>();
  if (!length) return std::nullopt;
  const auto bytes = reader.take(*length);
  if (!bytes) return std::nullopt;
  return to_bytes(*bytes);
}

// Name, tag length, IV length, IV: written back from what was read.
Bytes raw_aes_info(std::string_view name, ByteSpan iv) {
  Bytes out = to_bytes(name);
  put_be(out, std::uint32_t{128});
  put_be(out, std::uint32_t{12});
  append(out, iv);
  return out;
}

#ifdef SEALANE_PLANTED_DEFECT
// Takes any tag length.
std::string_view name_in(const envelope::EncryptedDataKey& edk) {
  const ByteSpan info(edk.info);
  if (info.size() <= 20 || load_be<std::uint32_t>(info.last(16)) != 12) return {};
  return as_text(info.first(info.size() - 20));
}
#else
std::string_view name_in(const envelope::EncryptedDataKey& edk) {
  return envelope::wrapping_key_name(edk, edk.provider);
}
#endif

void check_kms(const envelope::EncryptedDataKey& edk, const envelope::WrapDescription& wrap) {
  if (!wrap.problem.empty()) return;
  const auto arn = envelope::parse_kms_key_arn(as_text(edk.info));
  require(arn.ok());
  require("arn:" + arn->partition + ":kms:" + arn->region + ":" + arn->account + ":key/" +
              arn->key ==
          as_text(edk.info));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader reader(std::as_bytes(std::span(data, size)));
  const auto provider = field(reader);
  const auto info = provider ? field(reader) : std::nullopt;
  const auto ciphertext = info ? field(reader) : std::nullopt;
  if (!ciphertext) return 0;
  const envelope::EncryptedDataKey edk = {
      .provider = to_text(*provider), .info = *info, .ciphertext = *ciphertext};
  const envelope::WrapDescription wrap = envelope::describe_data_key(edk);
  require(!to_string(wrap).empty());
  if (wrap.kind == envelope::WrapKind::AwsKms || wrap.kind == envelope::WrapKind::AwsKmsRsa)
    check_kms(edk, wrap);
  const std::string_view name = name_in(edk);
  if (name.empty()) return 0;
  const ByteSpan iv = ByteSpan(edk.info).last(12);
  require(raw_aes_info(name, iv) == edk.info);
  // The same name and IV over a real data key: it unwraps, and these bytes do not.
  crypto::AesGcm cipher;
  cipher.set_key(Bytes(32, std::byte{0x42}));
  const envelope::WrappingKeyName known = {edk.provider, std::string(name)};
  crypto::GcmIv fixed{};
  copy_bytes(fixed, iv);
  const auto real = envelope::wrap_data_key(cipher, known, fixed, Bytes(32), edk.info);
  require(real.info == edk.info);
  require(envelope::unwrap_data_key(cipher, known, real, edk.info).ok());
  require(!envelope::unwrap_data_key(cipher, known, edk, edk.info).ok() ||
          real.ciphertext == edk.ciphertext);
  return 0;
}
