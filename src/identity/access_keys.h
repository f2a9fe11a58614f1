// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "identity/identity.h"
#include "keys/keyring.h"

namespace sealane::identity {

enum class AccessKeyState { Active, Inactive };
std::string_view to_string(AccessKeyState state);  // `active`, `inactive`

// An access key without its secret.
struct AccessKey {
  std::string id;      // `SLAK` and 16 of A-Z 2-7
  Identity principal;  // a node or a thing
  AccessKeyState state = AccessKeyState::Active;
  Time created{};
  std::string last_four{};  // of the secret
};

// An access key when it is made: the only time that its secret is shown.
struct NewAccessKey {
  AccessKey key;
  Secret secret;  // 40 of A-Z a-z 0-9 + /
};

// The access keys of one gateway, for requests that are signed rather than made with a certificate
// (SigV4): the file `access-keys.db` in the gateway's folder.
//
// Each secret is sealed with AES-256-GCM under a key that is derived from the keyring's key
// kKeyringName, with id and principal as additional data: a secret moved to another row does not
// open.  Format: docs/formats/access-keys.md.
//
// Threads:    one at a time; several processes may have the file open.
// Durability: a change is on disk when its function returns.
// Secrets:    the sealing key and secrets are wiped when their objects go; a deleted row is
//             overwritten in the file.
class AccessKeys {
 public:
  struct Limits {
    std::size_t keys_max = 10'000;
    std::size_t keys_per_principal_max = 2;  // one in use, one that takes its place
  };
  static constexpr std::string_view kKeyringName = "sealane.access-keys";

  // Makes the file when it is not there; create() makes the keyring's key.
  static Result<AccessKeys> open(const std::string& folder, keys::Keyring& keyring, Limits limits);
  static Result<AccessKeys> open(const std::string& folder, keys::Keyring& keyring) {
    return open(folder, keyring, Limits());
  }
  AccessKeys(AccessKeys&&) noexcept;
  AccessKeys& operator=(AccessKeys&&) noexcept;
  ~AccessKeys();

  // Errors: Invalid – not a name; TooLarge – the principal has keys_per_principal_max, or the file
  //         is full.
  Result<NewAccessKey> create(const Identity& principal, Time now);
  // Sorted by principal, then by time.
  Result<std::vector<AccessKey>> list();
  Result<std::optional<AccessKey>> find(const std::string& id);
  // Errors: NotFound.
  Status set_state(const std::string& id, AccessKeyState state);
  Status remove(const std::string& id);
  // The secret of an active key, to check a signature with.
  // Errors: NotFound; Denied – the key is inactive; Corrupt – the row was changed.
  Result<Secret> secret_of(const std::string& id);
  // Rises with each change.
  Result<std::uint64_t> generation();

 private:
  struct Impl;
  explicit AccessKeys(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealane::identity
