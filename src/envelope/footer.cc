// SPDX-License-Identifier: Apache-2.0
#include "envelope/footer.h"

#include <algorithm>
#include <string>

namespace sealane::envelope {
namespace {

// A sequence of two integers of at least one byte.
constexpr std::size_t kSignatureBytesMin = 8;
constexpr std::byte kDerSequence{0x30};

}  // namespace

crypto::EcdsaCurve curve_of(const Suite& suite) {
  SEALANE_CHECK(suite.is_signed());
  return suite.signature == SuiteSignature::EcdsaP256 ? crypto::EcdsaCurve::P256
                                                      : crypto::EcdsaCurve::P384;
}

void add_public_key(EncryptionContext& context, const crypto::EcdsaPrivateKey& key) {
  context[std::string(kPublicKeyPair)] = to_base64(key.public_point());
}

Result<crypto::EcdsaVerifier> verifier_of(const Header& header) {
  const auto found = header.context.find(std::string(kPublicKeyPair));
  if (found == header.context.end())
    return fail(ErrorKind::Corrupt, "a signed message without a public key in its context");
  const auto point = from_base64(found->second);
  if (!point) return fail(ErrorKind::Corrupt, "the message's public key is not base64");
  auto verifier = crypto::EcdsaVerifier::create(curve_of(suite_of(header.suite)), *point);
  if (!verifier.ok())
    return fail(ErrorKind::Corrupt, "the message's public key is " + verifier.error().message);
  return verifier;
}

Bytes encode_footer(ByteSpan signature) {
  Bytes out;
  put_be(out, checked_cast<std::uint16_t>(signature.size()));
  append(out, signature);
  return out;
}

Result<std::optional<DecodedFooter>> decode_footer(ByteSpan input) {
  ByteReader reader(input);
  const auto length = reader.be<std::uint16_t>();
  if (!length) return std::optional<DecodedFooter>();
  if (*length < kSignatureBytesMin || *length > kSignatureBytesMax)
    return fail(ErrorKind::Corrupt, "the message's footer has a length that no signature has");
  const auto signature = reader.take(*length);
  if (!signature) return std::optional<DecodedFooter>();
  return std::optional<DecodedFooter>({.signature = *signature, .size = reader.position()});
}

Result<std::size_t> footer_bytes_at_end(ByteSpan tail) {
  for (std::size_t length = std::min(kSignatureBytesMax, tail.size()); length >= kSignatureBytesMin;
       --length) {
    if (tail.size() < length + 2) continue;
    const ByteSpan footer = tail.last(length + 2);
    if (load_be<std::uint16_t>(footer) == length && footer[2] == kDerSequence &&
        std::to_integer<std::size_t>(footer[3]) == length - 2)
      return length + 2;
  }
  return fail(ErrorKind::Corrupt, "the signed message does not end with a signature");
}

}  // namespace sealane::envelope
