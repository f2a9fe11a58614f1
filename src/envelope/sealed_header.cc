// SPDX-License-Identifier: Apache-2.0
#include "envelope/sealed_header.h"

#include "crypto/compare.h"
#include "envelope/footer.h"

namespace sealane::envelope {
namespace {

constexpr std::string_view kReservedPrefix = "aws-crypto-";
constexpr std::string_view kDeriveKeyLabel = "DERIVEKEY";
constexpr std::string_view kCommitKeyInfo = "COMMITKEY";  // no suite before it
constexpr std::size_t kInfoBytesMax = 2 + 32;

struct DerivedKeys {
  Secret content_key;
  Commitment commitment{};
};

// Suite id, then `rest`.
struct Info {
  std::array<std::byte, kInfoBytesMax> bytes{};
  std::size_t size = 0;
  ByteSpan span() const { return ByteSpan(bytes).first(size); }
};
Info info_of(const Suite& suite, ByteSpan rest) {
  Info out;
  store_be(out.bytes, static_cast<std::uint16_t>(suite.id));
  copy_bytes(MutableByteSpan(out.bytes).subspan(2), rest);
  out.size = 2 + rest.size();
  return out;
}

DerivedKeys derive(Cipher& cipher, const Suite& suite, ByteSpan id, const Secret& data_key) {
  SEALANE_CHECK(data_key.size() == suite.key_bytes);
  DerivedKeys out;
  switch (suite.derivation) {
    case KeyDerivation::None: out.content_key = data_key.clone(); break;
    case KeyDerivation::HkdfSha512: {
      out.content_key = Secret::zeros(suite.key_bytes);
      cipher.hkdf.extract(id, data_key.reveal());
      cipher.hkdf.expand(info_of(suite, as_bytes(kDeriveKeyLabel)).span(),
                         out.content_key.reveal_mutable());
      cipher.hkdf.expand(as_bytes(kCommitKeyInfo), out.commitment);
      break;
    }
    case KeyDerivation::HkdfSha256:
    case KeyDerivation::HkdfSha384: {
      out.content_key = Secret::zeros(suite.key_bytes);
      crypto::Hkdf hkdf(suite.derivation == KeyDerivation::HkdfSha256 ? crypto::HkdfHash::Sha256
                                                                      : crypto::HkdfHash::Sha384);
      hkdf.extract({}, data_key.reveal());
      hkdf.expand(info_of(suite, id).span(), out.content_key.reveal_mutable());
      break;
    }
  }
  return out;
}

Status check_signing_key(const HeaderPlan& plan, const Suite& suite) {
  const auto pair = plan.context.find(std::string(kPublicKeyPair));
  if (!suite.is_signed()) {
    if (plan.signing_key != nullptr || pair != plan.context.end())
      return fail(ErrorKind::Invalid,
                  "algorithm suite " + std::string(suite.name) + " has no signature");
    return {};
  }
  if (plan.signing_key == nullptr || plan.signing_key->curve() != curve_of(suite) ||
      pair == plan.context.end() || pair->second != to_base64(plan.signing_key->public_point()))
    return fail(ErrorKind::Invalid, "a signed message needs its signing key in the context");
  return {};
}

Status check_plan(const HeaderPlan& plan, const Suite& suite) {
  if (!suite.commits())
    return fail(ErrorKind::Unsupported, "algorithm suite " + std::string(suite.name) +
                                            " is read, never written: it has no commitment");
  // Stock readers want whole cipher blocks.
  if (plan.frame_length == 0 || plan.frame_length % 16 != 0)
    return fail(ErrorKind::Invalid, "a frame length is a multiple of 16");
  for (const EncryptionContext* context : {&plan.context, &plan.caller_context})
    for (const auto& [key, value] : *context)
      if (key.empty() || (key.starts_with(kReservedPrefix) && key != kPublicKeyPair))
        return fail(ErrorKind::Invalid, "`" + key + "` cannot be a key of an encryption context");
  for (const auto& [key, value] : plan.caller_context)
    if (key == kPublicKeyPair || plan.context.contains(key))
      return fail(ErrorKind::Invalid, "`" + key + "` cannot be a pair that is not stored");
  return check_signing_key(plan, suite);
}

// What the header tag authenticates after the header's own bytes.
Result<Bytes> authenticated_bytes(ByteSpan header_bytes, const EncryptionContext& caller_context) {
  Bytes out = to_bytes(header_bytes);
  // Limits were checked with the header; the format's own limit remains.
  SEALANE_ASSIGN(const Bytes more, encode_context(caller_context));
  append(out, more);
  return out;
}

}  // namespace

Result<SealedHeader> seal_header(Cipher& cipher, const HeaderPlan& plan, const Secret& data_key,
                                 const Limits& limits) {
  const Suite& suite = suite_of(plan.suite);
  SEALANE_TRY(check_plan(plan, suite));
  DerivedKeys keys = derive(cipher, suite, plan.message_id, data_key);
  SealedHeader out;
  SEALANE_ASSIGN(out.bytes, encode_header({.suite = plan.suite,
                                           .message_id = plan.message_id,
                                           .context = plan.context,
                                           .data_keys = plan.data_keys,
                                           .frame_length = plan.frame_length,
                                           .commitment = keys.commitment},
                                          limits));
  cipher.gcm.set_key(keys.content_key.reveal());
  const crypto::GcmIv zero_iv{};
  if (plan.caller_context.empty()) {
    cipher.gcm.seal(zero_iv, out.bytes, {}, {}, out.tag);
  } else {
    SEALANE_ASSIGN(const Bytes aad, authenticated_bytes(out.bytes, plan.caller_context));
    cipher.gcm.seal(zero_iv, aad, {}, {}, out.tag);
  }
  append(out.bytes, out.tag);
  if (plan.signing_key != nullptr) out.signer.emplace(*plan.signing_key).update(out.bytes);
  out.message_id = plan.message_id;
  out.frame_length = plan.frame_length;
  out.content_key = std::move(keys.content_key);
  return out;
}

Result<Secret> open_header(Cipher& cipher, const DecodedHeader& decoded, ByteSpan header_bytes,
                           const Secret& data_key) {
  SEALANE_CHECK(header_bytes.size() >= decoded.size);
  const Header& header = decoded.header;
  const Suite& suite = suite_of(header.suite);
  if (data_key.size() != suite.key_bytes)
    return fail(ErrorKind::Corrupt, "the data key is not of this suite's length");
  DerivedKeys keys = derive(cipher, suite, header.id(), data_key);
  if (suite.commits() && !crypto::equal_constant_time(keys.commitment, header.commitment))
    return fail(ErrorKind::Corrupt, std::string(kCommitmentMismatch));
  cipher.gcm.set_key(keys.content_key.reveal());
  ByteSpan aad = header_bytes.first(decoded.authenticated_bytes);
  Bytes longer;
  if (!header.caller_context.empty()) {
    SEALANE_ASSIGN(longer, authenticated_bytes(aad, header.caller_context));
    aad = longer;
  }
  // The IV of version 2 is zero and not stored.
  if (!cipher.gcm.open(header.iv, aad, {}, header.tag, {}))
    return fail(ErrorKind::Corrupt, "the message's header does not authenticate");
  return std::move(keys.content_key);
}

Status bring_context(Header& header, const EncryptionContext& caller_context) {
  for (const auto& [key, value] : caller_context) {
    if (!header.context.contains(key)) {
      header.caller_context[key] = value;
      continue;
    }
    SEALANE_TRY(require_context(header.context, {{key, value}}));
  }
  return {};
}

}  // namespace sealane::envelope
