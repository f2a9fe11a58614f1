// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/sign.h"
#include "db/database.h"
#include "keys/provider.h"

namespace sealane::keys {

// The key namespace of every data key that Sealane wraps.
inline constexpr std::string_view kKeyNamespace = "sealane";

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

// What opens the keyring of `folder`: the passphrase in the first line of `passphrase_file`, or,
// when that is empty, the folder's `unlock.key`.
// Errors: NotFound; Invalid – an empty passphrase, or not an unlock key.
Result<Unlock> read_unlock(Env& env, const std::string& folder, const std::string& passphrase_file);

enum class EpochState {
  Active,    // seals and opens
  ReadOnly,  // opens only
};
std::string_view to_string(EpochState state);

struct EpochInfo {
  std::uint32_t number = 0;  // from 1
  EpochState state = EpochState::Active;
  Time created{};
  std::uint64_t wraps_reserved = 0;
};

struct KeyInfo {
  std::string name;
  std::optional<Duration> rotate_after;
  std::vector<EpochInfo> epochs;  // oldest first; the last one is active
};

struct KeyringLimits {
  std::uint64_t wraps_max = 1u << 28;    // for one epoch; GCM with random IVs allows 2^32
  std::uint64_t reservation = 1u << 16;  // wraps made durable at once
  std::size_t keys_max = 256;
  std::size_t epochs_max = 4096;  // for one key
};

// Permission to wrap `wraps` data keys under one epoch.
struct WrapGrant {
  std::uint32_t epoch = 0;
  std::uint64_t wraps = 0;
  Time rotate_at = Time::max();  // the grant is worth nothing from then on
  Secret key;                    // the data set key of the epoch
};

// The data set keys of one node: the file `keyring.db` in a folder.
//
// Each key has epochs; the newest seals, older ones only open.  The set of rows is authenticated as
// a whole: a row that was changed, removed, added or exchanged makes open() fail.  A whole older
// file put back is not detected here.  Format: docs/formats/keyring.md.
//
// Threads:    any.
// Durability: what a function changed is on disk when it returns without error.
// Secrets:    data set keys and the root key are wiped when the object goes.
class Keyring {
 public:
  // Makes the file, with a fresh manifest signing key.  Errors: Conflict – there is one already.
  static Result<std::unique_ptr<Keyring>> create(const std::string& folder, const Unlock& unlock,
                                                 const Clock& clock,
                                                 const KeyringLimits& limits = {});
  // Errors: NotFound; Denied – the passphrase or key does not fit; Corrupt.
  static Result<std::unique_ptr<Keyring>> open(const std::string& folder, const Unlock& unlock,
                                               const Clock& clock,
                                               const KeyringLimits& limits = {});
  // The same with another provider in place of the local one.
  static Result<std::unique_ptr<Keyring>> create_with(const std::string& folder,
                                                      std::unique_ptr<KeyProvider> provider,
                                                      const Clock& clock,
                                                      const KeyringLimits& limits = {});
  static Result<std::unique_ptr<Keyring>> open_with(const std::string& folder,
                                                    std::unique_ptr<KeyProvider> provider,
                                                    const Clock& clock,
                                                    const KeyringLimits& limits = {});
  ~Keyring();
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;

  // Adds a key with its first epoch.  Names: 1 to 64 of a-z, 0-9, `-`, `_`, `.`, beginning with a
  // letter or digit.  Errors: Conflict – the name exists; Invalid; TooLarge.
  Status create_key(std::string_view name, std::optional<Duration> rotate_after = std::nullopt);
  // Opens a new epoch now.  Result: its number.
  Result<std::uint32_t> rotate(std::string_view name);
  // Sorted by name.
  Result<std::vector<KeyInfo>> list() const;
  Result<KeyInfo> find(std::string_view name) const;

  // The 32 bytes of an epoch: whoever has them opens every message of the epoch.
  // Errors: NotFound.
  Result<Secret> export_key(std::string_view name, std::uint32_t epoch) const;

  // Takes up to `wanted` wraps of the active epoch, opening a new epoch first when the active one
  // is used up or has reached its age.  Wraps granted and not used are lost, never used twice.
  // What another process did to the keyring is seen here, when the next reservation is due.
  Result<WrapGrant> grant_wraps(std::string_view name, std::uint64_t wanted);

  // The key that signs manifests and its public half.
  Result<crypto::Ed25519PrivateKey> manifest_signing_key() const;

 private:
  struct Epoch;
  struct Key;
  Keyring(std::unique_ptr<db::Database> database, std::unique_ptr<KeyProvider> provider,
          const Clock& clock, const KeyringLimits& limits);
  Status initialise();
  Status load();
  Status load_rows();
  Result<db::Transaction> begin();
  Status save();
  Result<Bytes> seal_of_rows() const;
  Result<Key*> find_key(std::string_view name);
  Result<Epoch> write_epoch(const Key& key);
  Status add_epoch(Key& key);
  Status reserve(Key& key);
  Result<WrapGrant> grant_once(std::string_view name, std::uint64_t wanted);

  mutable std::mutex mutex_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<KeyProvider> provider_;
  const Clock& clock_;
  KeyringLimits limits_;
  Secret seal_key_;     // authenticates the set of rows
  Secret signing_key_;  // Ed25519 seed
  std::map<std::string, Key, std::less<>> keys_;
};

}  // namespace sealane::keys
