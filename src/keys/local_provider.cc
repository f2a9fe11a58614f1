// SPDX-License-Identifier: Apache-2.0
#include "keys/local_provider.h"

#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"
#include "crypto/scrypt.h"

namespace sealane::keys {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::uint8_t kByPassphrase = 1;
constexpr std::uint8_t kByUnlockKey = 2;

// One root key for each purpose, so that an unlock key that is also used elsewhere never is the
// same AES key there.
Secret root_key_from(const Secret& input) {
  crypto::Hkdf hkdf;
  hkdf.extract(as_bytes("sealane keyring v1"), input.reveal());
  Secret out = Secret::zeros(kKeyBytes);
  hkdf.expand(as_bytes("root key"), out.reveal_mutable());
  return out;
}

Bytes encode(const crypto::ScryptParameters& p) {
  Bytes out;
  put_be(out, kByPassphrase);
  put_be(out, p.n);
  put_be(out, p.r);
  put_be(out, p.p);
  append(out, p.salt);
  return out;
}

Result<Secret> from_passphrase(const Passphrase& passphrase, const crypto::ScryptParameters& p) {
  if (passphrase.text.empty()) return fail(ErrorKind::Invalid, "the passphrase is empty");
  SEALANE_ASSIGN(const Secret stretched, crypto::scrypt(passphrase.text.reveal(), p));
  return root_key_from(stretched);
}

Result<Secret> from_unlock_key(const UnlockKey& unlock) {
  if (unlock.key.size() != kKeyBytes) return fail(ErrorKind::Invalid, "an unlock key has 32 bytes");
  return root_key_from(unlock.key);
}

}  // namespace

Result<std::unique_ptr<LocalProvider>> LocalProvider::create(const Unlock& unlock) {
  if (const auto* passphrase = std::get_if<Passphrase>(&unlock)) {
    const crypto::ScryptParameters parameters = crypto::new_scrypt_parameters();
    SEALANE_ASSIGN(Secret root, from_passphrase(*passphrase, parameters));
    return std::unique_ptr<LocalProvider>(new LocalProvider(std::move(root), encode(parameters)));
  }
  SEALANE_ASSIGN(Secret root, from_unlock_key(std::get<UnlockKey>(unlock)));
  return std::unique_ptr<LocalProvider>(
      new LocalProvider(std::move(root), {std::byte{kByUnlockKey}}));
}

Result<std::unique_ptr<LocalProvider>> LocalProvider::open(const Unlock& unlock,
                                                           ByteSpan parameters) {
  ByteReader reader(parameters);
  const auto kind = reader.be<std::uint8_t>();
  if (kind == kByPassphrase) {
    const auto n = reader.be<std::uint64_t>();
    const auto r = reader.be<std::uint32_t>();
    const auto p = reader.be<std::uint32_t>();
    if (!n || !r || !p)
      return fail(ErrorKind::Corrupt, "the keyring is damaged: no scrypt parameters");
    const auto* passphrase = std::get_if<Passphrase>(&unlock);
    if (passphrase == nullptr)
      return fail(ErrorKind::Denied, "the keyring opens with a passphrase, not with an unlock key");
    SEALANE_ASSIGN(
        Secret root,
        from_passphrase(*passphrase, {.n = *n, .r = *r, .p = *p, .salt = to_bytes(reader.rest())}));
    return std::unique_ptr<LocalProvider>(new LocalProvider(std::move(root), to_bytes(parameters)));
  }
  if (kind != kByUnlockKey || !reader.empty())
    return fail(ErrorKind::Corrupt, "the keyring is damaged: unknown kind of unlock");
  const auto* key = std::get_if<UnlockKey>(&unlock);
  if (key == nullptr)
    return fail(ErrorKind::Denied, "the keyring opens with an unlock key, not with a passphrase");
  SEALANE_ASSIGN(Secret root, from_unlock_key(*key));
  return std::unique_ptr<LocalProvider>(new LocalProvider(std::move(root), to_bytes(parameters)));
}

Result<Bytes> LocalProvider::wrap(const Secret& key, ByteSpan binding) {
  Bytes out(crypto::kAesGcmIvBytes + key.size() + crypto::kAesGcmTagBytes);
  const MutableByteSpan to(out);
  const MutableByteSpan iv = to.first(crypto::kAesGcmIvBytes);
  crypto::random_bytes(iv);
  crypto::AesGcm gcm;
  gcm.set_key(root_key_.reveal());
  gcm.seal(iv, binding, key.reveal(), to.subspan(iv.size(), key.size()),
           to.last(crypto::kAesGcmTagBytes));
  return out;
}

Result<Secret> LocalProvider::unwrap(ByteSpan wrapped, ByteSpan binding) {
  const std::size_t around = crypto::kAesGcmIvBytes + crypto::kAesGcmTagBytes;
  if (wrapped.size() < around) return fail(ErrorKind::Corrupt, "a wrapped key is too short");
  Secret out = Secret::zeros(wrapped.size() - around);
  crypto::AesGcm gcm;
  gcm.set_key(root_key_.reveal());
  if (!gcm.open(wrapped.first(crypto::kAesGcmIvBytes), binding,
                wrapped.subspan(crypto::kAesGcmIvBytes, out.size()),
                wrapped.last(crypto::kAesGcmTagBytes), out.reveal_mutable()))
    return fail(ErrorKind::Corrupt, "a wrapped key does not unwrap");
  return out;
}

}  // namespace sealane::keys
