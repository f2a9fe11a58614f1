// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include "base/env.h"
#include "base/result.h"
#include "base/secret.h"

namespace sealane::keys {

// What opens a keyring.
struct Passphrase {
  Secret text;
};
struct UnlockKey {
  Secret key;  // 32 bytes
};
using Unlock = std::variant<Passphrase, UnlockKey>;

// Writes a fresh 32-byte unlock key, mode 0600, to a file that must not exist, and returns it.
Result<UnlockKey> create_unlock_key(Env& env, const std::string& path);
Result<UnlockKey> read_unlock_key(Env& env, const std::string& path);

// The folder in which systemd hands credentials to this process; for read_unlock.  Call it before
// threads run.
void use_credentials_of(std::string folder);

// The file of one of them; empty when systemd handed none over.
std::string credential_path(const std::string& name);

// What opens the keyring of `folder`: the passphrase in the first line of `passphrase_file`; when
// that is empty, the folder's `unlock.key`; when there is none, what systemd hands over in the
// folder that use_credentials_of() named: `sealane-unlock-key` (32 bytes) or `sealane-passphrase`
// (its first line).
// Errors: NotFound; Invalid – an empty passphrase, or not an unlock key.
Result<Unlock> read_unlock(Env& env, const std::string& folder, const std::string& passphrase_file);
// Whether read_unlock would find something without a passphrase file.
bool has_unlock(Env& env, const std::string& folder);

}  // namespace sealane::keys
