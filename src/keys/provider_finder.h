// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/env.h"
#include "keys/keyring.h"
#include "keys/pkcs11_provider.h"

namespace sealane::keys {

// Finds the providers of keys that a keyring's own does not wrap, for KeyringParts::provider_for.
//
// Threads: one at a time.  Secrets: PINs are wiped with the providers.
class ProviderFinder {
 public:
  // What a variable of the environment holds.
  using Environment = std::function<std::optional<std::string>(const std::string& name)>;
  ProviderFinder(Env& env, Environment environment)
      : env_(env), environment_(std::move(environment)) {}

  // A token's key.  The PIN is read now; the token is not asked before it is needed.
  // Errors: Invalid – see check(); no PIN; NotFound – there is no such file, variable, credential.
  Result<std::shared_ptr<Pkcs11Provider>> make(const Pkcs11Key& where);
  // From now on `key` is reached so, whatever its keyring stores about module and PIN.
  Status tell(const std::string& key, const Pkcs11Key& where);
  // Errors: Unsupported – a provider that this build does not know; Conflict – the key is under
  //         another token's key than was told; Corrupt; those of make().
  Result<std::shared_ptr<KeyProvider>> find(std::string_view key, std::string_view provider,
                                            ByteSpan parameters);

 private:
  struct Told {
    Pkcs11Key where;
    std::shared_ptr<Pkcs11Provider> provider;
  };
  Result<Secret> read_pin(const PinSource& source);

  Env& env_;
  Environment environment_;
  std::shared_ptr<Pkcs11Modules> modules_ = std::make_shared<Pkcs11Modules>();
  std::map<std::string, Told, std::less<>> told_;
};

}  // namespace sealane::keys
