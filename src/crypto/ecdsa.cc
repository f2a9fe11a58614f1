// SPDX-License-Identifier: Apache-2.0
#include "crypto/ecdsa.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <array>

#include "crypto/x509_internal.h"

namespace sealane::crypto {

struct EcdsaKeyHandle {
  KeyPtr key;
};

void EcdsaKeyHandleDeleter::operator()(EcdsaKeyHandle* handle) const { delete handle; }

namespace {

using DigestPtr = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;

constexpr std::size_t kHashBytesMax = 48;
constexpr std::size_t kSignatureBytesMax = 104;

const char* group_of(EcdsaCurve curve) { return curve == EcdsaCurve::P256 ? "P-256" : "P-384"; }

// A hash of the pieces, signed or verified at the end.
struct Hashed {
  KeyPtr key;
  EcdsaCurve curve;
  DigestPtr digest{EVP_MD_CTX_new()};

  Hashed(KeyPtr from, EcdsaCurve of) : key(std::move(from)), curve(of) {
    const EVP_MD* const algorithm = curve == EcdsaCurve::P256 ? EVP_sha256() : EVP_sha384();
    SEALANE_CHECK(digest != nullptr && EVP_DigestInit_ex2(digest.get(), algorithm, nullptr) == 1);
  }
  void update(ByteSpan data) {
    SEALANE_CHECK(EVP_DigestUpdate(digest.get(), data.data(), data.size()) == 1);
  }
  std::size_t finish(MutableByteSpan out) {
    unsigned int length = 0;
    SEALANE_CHECK(EVP_DigestFinal_ex(digest.get(), as_uchar(out), &length) == 1);
    return length;
  }
};

}  // namespace

EcdsaPrivateKey EcdsaPrivateKey::generate(EcdsaCurve curve) {
  KeyPtr key(EVP_EC_gen(group_of(curve)));
  SEALANE_CHECK(key != nullptr);
  return EcdsaPrivateKey(curve, EcdsaKeyPtr(new EcdsaKeyHandle{std::move(key)}));
}

Bytes EcdsaPrivateKey::public_point() const {
  // Uncompressed: 04, x, y.  Compressed: 02 or 03 by the parity of y, x.
  std::array<std::byte, 1 + 2 * kHashBytesMax> point{};
  std::size_t length = 0;
  SEALANE_CHECK(EVP_PKEY_get_octet_string_param(key_->key.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                                as_uchar(MutableByteSpan(point)), point.size(),
                                                &length) == 1 &&
                length % 2 == 1 && point[0] == std::byte{4});
  Bytes out = to_bytes(ByteSpan(point).first(1 + length / 2));
  out[0] = std::byte{2} | (point[length - 1] & std::byte{1});
  return out;
}

struct EcdsaSigner::State : Hashed {
  using Hashed::Hashed;
};

EcdsaSigner::EcdsaSigner(const EcdsaPrivateKey& key) {
  EVP_PKEY* const shared = key.key_->key.get();
  SEALANE_CHECK(EVP_PKEY_up_ref(shared) == 1);
  state_ = std::make_unique<State>(KeyPtr(shared), key.curve());
}
EcdsaSigner::~EcdsaSigner() = default;
EcdsaSigner::EcdsaSigner(EcdsaSigner&&) noexcept = default;
EcdsaSigner& EcdsaSigner::operator=(EcdsaSigner&&) noexcept = default;

void EcdsaSigner::update(ByteSpan data) { state_->update(data); }

Bytes EcdsaSigner::finish() {
  std::array<std::byte, kHashBytesMax> hash{};
  const std::size_t hash_bytes = state_->finish(hash);
  KeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, state_->key.get(), nullptr));
  SEALANE_CHECK(context != nullptr && EVP_PKEY_sign_init(context.get()) == 1);
  std::array<std::byte, kSignatureBytesMax> signature{};
  // A signature's integers may be a byte shorter or longer; half of the tries have the wanted
  // length.
  for (;;) {
    std::size_t length = signature.size();
    SEALANE_CHECK(EVP_PKEY_sign(context.get(), as_uchar(MutableByteSpan(signature)), &length,
                                as_uchar(ByteSpan(hash)), hash_bytes) == 1);
    if (length == ecdsa_signature_bytes(state_->curve))
      return to_bytes(ByteSpan(signature).first(length));
  }
}

struct EcdsaVerifier::State : Hashed {
  using Hashed::Hashed;
};

EcdsaVerifier::EcdsaVerifier(std::unique_ptr<State> state) : state_(std::move(state)) {}
EcdsaVerifier::~EcdsaVerifier() = default;
EcdsaVerifier::EcdsaVerifier(EcdsaVerifier&&) noexcept = default;
EcdsaVerifier& EcdsaVerifier::operator=(EcdsaVerifier&&) noexcept = default;

Result<EcdsaVerifier> EcdsaVerifier::create(EcdsaCurve curve, ByteSpan public_point) {
  const Error wrong =
      fail(ErrorKind::Invalid, std::string("not a public key on the curve ") + group_of(curve));
  if (public_point.empty() || public_point.size() > 1 + 2 * kHashBytesMax) return wrong;
  std::string group = group_of(curve);
  Bytes point = to_bytes(public_point);
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  SEALANE_CHECK(context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
  EVP_PKEY* key = nullptr;
  const bool made = EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
  KeyPtr owned(key);
  ERR_clear_error();
  if (!made || !owned) return wrong;
  return EcdsaVerifier(std::make_unique<State>(std::move(owned), curve));
}

void EcdsaVerifier::update(ByteSpan data) { state_->update(data); }

bool EcdsaVerifier::finish(ByteSpan signature) {
  std::array<std::byte, kHashBytesMax> hash{};
  const std::size_t hash_bytes = state_->finish(hash);
  KeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, state_->key.get(), nullptr));
  SEALANE_CHECK(context != nullptr && EVP_PKEY_verify_init(context.get()) == 1);
  const bool good = EVP_PKEY_verify(context.get(), as_uchar(signature), signature.size(),
                                    as_uchar(ByteSpan(hash)), hash_bytes) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace sealane::crypto
