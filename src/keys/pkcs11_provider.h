// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "keys/provider.h"

namespace sealane::keys {

// Where a PIN is had from; nothing secret.
struct PinSource {
  enum class Kind { File, Environment, Credential };  // Credential: of systemd
  Kind kind = Kind::File;
  std::string name;  // path, variable or credential
  friend bool operator==(const PinSource&, const PinSource&) = default;
};
// `file:PATH`, `env:NAME`, `credential:NAME`.
std::string to_string(const PinSource& source);
// Errors: Invalid – none of the three.
Result<PinSource> parse_pin_source(std::string_view text);

// An AES-256 key in a token, and how it is reached; nothing secret.
struct Pkcs11Key {
  std::string module;  // absolute path of the token's library
  std::string token;   // the token's label
  std::string label;   // the key's label (CKA_LABEL)
  PinSource pin;
  friend bool operator==(const Pkcs11Key&, const Pkcs11Key&) = default;
};
// The form in a keyring's `parameters`: JSON.
Bytes encode(const Pkcs11Key& key);
// Errors: Corrupt.
Result<Pkcs11Key> decode_pkcs11_key(ByteSpan parameters);
// Errors: Invalid – a relative module path, a label that no token or key can have.
Status check(const Pkcs11Key& key);

class Pkcs11Session;

enum class Pkcs11Mechanism {
  AesGcm,      // CKM_AES_GCM; the binding is the additional data
  AesKeyWrap,  // CKM_AES_KEY_WRAP; SHA-256 of the binding is wrapped behind the key
};

// The token libraries of one process: a library is initialised when its first provider needs it
// and finalised when its last one goes.  Threads: any.
class Pkcs11Modules {
 public:
  Pkcs11Modules();
  ~Pkcs11Modules();
  Pkcs11Modules(const Pkcs11Modules&) = delete;
  Pkcs11Modules& operator=(const Pkcs11Modules&) = delete;

 private:
  friend class Pkcs11Provider;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Wraps with an AES-256 key that stays in a PKCS#11 token.
//
// Source:  PKCS #11 2.40, §5 (functions), §2.8 and §2.14 (AES-GCM, AES key wrap).
// Result:  wrapped form: kind (1 byte), then for 1 IV (12), ciphertext, tag (16); for 2 the RFC
// 3394
//          wrapping of key || SHA-256(binding).
// Errors:  NotFound – no such library, token or key; Conflict – several tokens or keys of the name;
//          Denied – the PIN is wrong, locked or not set, or the key can leave the token;
//          Corrupt – not wrapped by this key or for this binding; Unsupported – the token offers
//          neither mechanism; Unavailable – the token is away, or it fails.
// Bounds:  one session; a call that fails because the session went is made once more in a new one.
//          A call takes as long as the token does.  A PIN that was refused is not tried again, so
//          that a running process never locks a token.
// Threads: any; calls wait for one another.  A forked child opens a session of its own.
// Secrets: the PIN is kept for the next session and wiped when the object goes.
class Pkcs11Provider final : public KeyProvider {
 public:
  // Does nothing with the token before the first call.
  Pkcs11Provider(Pkcs11Key key, Secret pin, std::shared_ptr<Pkcs11Modules> modules);
  ~Pkcs11Provider() override;
  Pkcs11Provider(const Pkcs11Provider&) = delete;
  Pkcs11Provider& operator=(const Pkcs11Provider&) = delete;

  std::string_view name() const override { return "pkcs11"; }
  Bytes parameters() const override { return encode(key_); }
  Result<Bytes> wrap(const Secret& key, ByteSpan binding) override;
  Result<Secret> unwrap(ByteSpan wrapped, ByteSpan binding) override;

  // Makes the key in the token: AES-256, sensitive, not extractable, for `mechanism` alone.
  // Errors: Conflict – there is one of that label; those above.
  Status make_key(Pkcs11Mechanism mechanism = Pkcs11Mechanism::AesGcm);
  // The same when there is none.  Result: whether it was made.
  Result<bool> make_key_if_missing(Pkcs11Mechanism mechanism = Pkcs11Mechanism::AesGcm);

 private:
  Result<Pkcs11Session*> session();
  Result<Bytes> wrap_once(const Secret& key, ByteSpan binding, bool& again);
  Result<Secret> unwrap_once(ByteSpan wrapped, ByteSpan binding, bool& again);
  Error away(unsigned long code, bool& again);

  const Pkcs11Key key_;
  const Secret pin_;
  const std::shared_ptr<Pkcs11Modules> modules_;
  std::mutex mutex_;
  std::unique_ptr<Pkcs11Session> session_;
  std::optional<Error> refused_;  // the token refused the PIN
};

}  // namespace sealane::keys
