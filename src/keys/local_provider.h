// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "base/secret.h"
#include "keys/keyring.h"
#include "keys/provider.h"

namespace sealane::keys {

// Wraps with AES-256-GCM under a root key that comes from a passphrase (scrypt) or from an unlock
// key.  Wrapped form: IV (12 bytes), ciphertext, tag (16 bytes); the binding is the additional
// data. Secrets: the root key is wiped when the object goes.
class LocalProvider final : public KeyProvider {
 public:
  // With fresh parameters.  Errors: Invalid – an empty passphrase, or a key of another length.
  static Result<std::unique_ptr<LocalProvider>> create(const Unlock& unlock);
  // With the parameters that were stored.  Errors: Denied – the keyring wants the other kind of
  // unlock; Corrupt – no parameters.
  static Result<std::unique_ptr<LocalProvider>> open(const Unlock& unlock, ByteSpan parameters);

  std::string_view name() const override { return "local"; }
  Bytes parameters() const override { return parameters_; }
  Result<Bytes> wrap(const Secret& key, ByteSpan binding) override;
  Result<Secret> unwrap(ByteSpan wrapped, ByteSpan binding) override;

 private:
  LocalProvider(Secret root_key, Bytes parameters)
      : root_key_(std::move(root_key)), parameters_(std::move(parameters)) {}

  Secret root_key_;
  Bytes parameters_;
};

}  // namespace sealane::keys
