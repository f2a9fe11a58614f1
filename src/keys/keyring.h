// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/sign.h"
#include "db/database.h"
#include "keys/provider.h"
#include "keys/unlock.h"

namespace sealane::keys {

// The key namespace of every data key that Sealane wraps.
inline constexpr std::string_view kKeyNamespace = "sealane";
// That of the copies for recovery keys, each named as the key that it recovers (OAEP, SHA-256).
inline constexpr std::string_view kRecoveryNamespace = "sealane-recovery";

enum class EpochState {
  Active,    // seals and opens
  ReadOnly,  // opens only
};
std::string_view to_string(EpochState state);

enum class KeyState {
  Enabled,
  Disabled,            // neither seals nor opens until it is enabled
  PendingDestruction,  // as disabled; wiped when its time has come, until then it can be cancelled
  Destroyed,           // its epochs are wiped; the name stays taken
};
std::string_view to_string(KeyState state);

struct EpochInfo {
  std::uint32_t number = 0;  // from 1, ascending; gaps where an older keyring was put back
  EpochState state = EpochState::Active;
  Time created{};
  std::uint64_t wraps_reserved = 0;
};

struct KeyInfo {
  std::string name;
  std::optional<Duration> rotate_after;
  std::vector<EpochInfo> epochs;  // oldest first; the last one is active
  KeyState state = KeyState::Enabled;
  std::optional<Time> destroy_at;  // of a key that is pending destruction or destroyed
  std::string provider = "local";
  std::string recovery_pem;  // RSA public key that every message is also sealed for; or empty
};

// What a key is when it is made.
struct KeyPlan {
  std::optional<Duration> rotate_after;
  std::string provider = "local";  // who wraps its epochs
  Bytes parameters;                // how that provider finds its wrapping key; nothing secret
};

struct KeyringLimits {
  std::uint64_t wraps_max = 1u << 28;    // for one epoch; GCM with random IVs allows 2^32
  std::uint64_t reservation = 1u << 16;  // wraps made durable at once
  std::size_t keys_max = 256;
  std::size_t epochs_max = 4096;                       // for one key
  Duration look_interval = std::chrono::seconds(1);    // see look()
  Duration destroy_wait_min = std::chrono::hours(24);  // before a key is wiped
};

// What a keyring uses beside its own file.
struct KeyringParts {
  Env* env = nullptr;                // for the anchors; none: the machine's files
  std::vector<std::string> anchors;  // files beside `<folder>/keyring.anchor`, in other folders
  // Makes the provider of a key that is not wrapped by the keyring's own.
  std::function<Result<std::shared_ptr<KeyProvider>>(
      std::string_view key, std::string_view provider, ByteSpan parameters)>
      provider_for;
  // Opens a keyring that is older than its anchors say, and opens a new epoch of every key.
  bool accept_older = false;
};

// Permission to wrap `wraps` data keys under one epoch.
struct WrapGrant {
  std::uint32_t epoch = 0;
  std::uint64_t wraps = 0;
  Time rotate_at = Time::max();  // the grant is worth nothing from then on
  Secret key;                    // the data set key of the epoch
  std::string recovery_pem;      // see KeyInfo
};

// The data set keys of one node: the file `keyring.db` in a folder.
//
// Each key has epochs; the newest seals, older ones only open.  The set of rows is authenticated as
// a whole: a row that was changed, removed, added or exchanged makes open() fail.  Every change
// raises the keyring's generation, which is also written to anchor files; a keyring of a lower
// generation than an anchor's was put back and does not open.  Format: docs/formats/keyring.md.
//
// Several processes may have one keyring open.  What another one changed is seen by the next change
// here, and by look().
//
// Threads:    any.
// Durability: what a function changed is on disk when it returns without error.
// Secrets:    data set keys and the root key are wiped when the object goes, and a key's epochs as
//             soon as it is seen to be disabled.
class Keyring {
 public:
  // Makes the file, with a fresh manifest signing key.  Errors: Conflict – there is one already.
  static Result<std::unique_ptr<Keyring>> create(const std::string& folder, const Unlock& unlock,
                                                 const Clock& clock,
                                                 const KeyringLimits& limits = {},
                                                 KeyringParts parts = {});
  // Wipes keys whose time of destruction has come.
  // Errors: NotFound; Denied – the passphrase or key does not fit; Corrupt – damaged, or older than
  //         its anchor.
  static Result<std::unique_ptr<Keyring>> open(const std::string& folder, const Unlock& unlock,
                                               const Clock& clock, const KeyringLimits& limits = {},
                                               KeyringParts parts = {});
  // The same with another provider in place of the local one.
  static Result<std::unique_ptr<Keyring>> create_with(const std::string& folder,
                                                      std::unique_ptr<KeyProvider> provider,
                                                      const Clock& clock,
                                                      const KeyringLimits& limits = {},
                                                      KeyringParts parts = {});
  static Result<std::unique_ptr<Keyring>> open_with(const std::string& folder,
                                                    std::unique_ptr<KeyProvider> provider,
                                                    const Clock& clock,
                                                    const KeyringLimits& limits = {},
                                                    KeyringParts parts = {});
  ~Keyring();
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;

  // Errors: Conflict – the name is taken; Invalid – no name for a key; Unavailable, Denied – the
  //         provider.
  Status create_key(std::string_view name, std::optional<Duration> rotate_after = std::nullopt);
  Status create_key(std::string_view name, const KeyPlan& plan);
  // Opens a new epoch; result: its number.  Errors: NotFound; Denied – the key is not enabled.
  Result<std::uint32_t> rotate(std::string_view name);
  // Errors: NotFound; Conflict – the key is pending destruction or destroyed.
  Status disable(std::string_view name);
  Status enable(std::string_view name);
  // From now on the key is out of use; `wait` later its wrapped epochs are overwritten, by whoever
  // has the keyring open then or opens it next.  Result: when.
  // Errors: NotFound; Conflict – destroyed already; Invalid – less than limits.destroy_wait_min.
  Result<Time> destroy(std::string_view name, Duration wait);
  // Leaves the key disabled.  Errors: NotFound; Conflict – not pending, or too late.
  Status cancel_destroy(std::string_view name);
  // The RSA public key that every message of the key is also sealed for; empty: none.
  // The caller has checked that it is one.
  Status set_recovery(std::string_view name, std::string_view public_key_pem);

  Result<std::vector<KeyInfo>> list() const;
  Result<KeyInfo> find(std::string_view name) const;
  // The data set key of an epoch.
  // Errors: NotFound; Denied – the key is disabled or destroyed; those of its provider.
  Result<Secret> export_key(std::string_view name, std::uint32_t epoch);

  // Grants at most `wanted` wraps of the active epoch, opening a new epoch first when the active
  // one is used up or has reached its age.  Wraps granted and not used are lost, never used twice.
  // Errors: NotFound; Denied – the key is not enabled; those of its provider.
  Result<WrapGrant> grant_wraps(std::string_view name, std::uint64_t wanted);

  // Looks at the file, at most once in limits.look_interval, and takes over what another process
  // changed.  Result: a number that is another one whenever a key's state, epochs or recovery key
  // have changed: what was derived from the keyring under the old number is to be asked for again.
  // A file that is damaged or older than before stops every use of it until it is put right.
  std::uint64_t look(Time now);
  std::uint64_t look() { return look(clock_.now()); }
  // Raised by every change.
  std::uint64_t generation() const;
  // Whether an anchor was found when it was opened: without one nobody knows if it is the newest.
  bool anchored() const { return anchored_; }

  // The key that signs manifests and its public half.
  Result<crypto::Ed25519PrivateKey> manifest_signing_key() const;

 private:
  struct Epoch;
  struct Key;
  using Keys = std::map<std::string, Key, std::less<>>;
  Keyring(std::string folder, std::unique_ptr<db::Database> database,
          std::unique_ptr<KeyProvider> provider, const Clock& clock, const KeyringLimits& limits,
          KeyringParts parts);
  Status initialise();
  Status load();
  Status upgrade();
  Status check_anchors();
  Status write_anchors();
  std::vector<std::string> anchor_paths() const;
  Status verify_rows();
  Status load_rows();
  Result<db::Transaction> begin();
  Status change(const std::function<Status()>& body);
  Status save();
  void forget();
  Result<Bytes> seal_of_rows(std::int64_t format) const;
  Result<Key*> find_key(std::string_view name);
  Result<Key*> find_usable(std::string_view name);
  Result<KeyProvider*> provider_of(Key& key);
  Result<const Secret*> key_of(Key& key, Epoch& epoch);
  Status set_state(std::string_view name, KeyState state, std::optional<Time> destroy_at);
  Status write_epoch(Key& key);
  Status destroy_due(Time now);
  void refresh();
  bool used_up_or_old(const Key& key) const;

  mutable std::mutex mutex_;
  const std::string folder_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<KeyProvider> provider_;
  const Clock& clock_;
  KeyringLimits limits_;
  KeyringParts parts_;
  PosixEnv files_;
  Secret seal_key_;     // authenticates the set of rows
  Secret signing_key_;  // Ed25519 seed
  Keys keys_;
  std::uint64_t generation_ = 0;  // that keys_ shows; 0: nothing was read
  std::uint64_t anchored_generation_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> anchored_epochs_;
  std::int64_t data_version_ = -1;
  bool anchored_ = false;
  std::optional<Error> broken_;  // what look() found
  std::atomic<std::int64_t> looked_us_;
  std::atomic<std::uint64_t> life_{1};
};

}  // namespace sealane::keys
