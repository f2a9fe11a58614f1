// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "keys/keyring.h"

namespace sealane::keys {

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::int64_t kKeyringFormat = 2;

inline std::string database_path(const std::string& folder) { return folder + "/keyring.db"; }

// What a wrapped key is for; a key moved to another row does not unwrap.
Bytes binding(std::string_view purpose, std::string_view name = {}, std::uint32_t epoch = 0);

Error damaged(std::string_view what);
Error put_back(std::uint64_t generation, std::uint64_t newest, const std::string& where);

inline Time time_of(std::int64_t micros) { return Time(Duration(micros)); }
inline std::int64_t micros_of(Time time) { return time.time_since_epoch().count(); }

struct Keyring::Epoch {
  EpochInfo info;
  Bytes wrapped;
  Secret key;                   // empty until it is needed
  std::uint64_t available = 0;  // reserved by this object and not granted yet
};

struct Keyring::Key {
  KeyInfo facts;  // but for the epochs
  Bytes parameters;
  std::shared_ptr<KeyProvider> provider;  // of a key that is not the keyring's provider's
  std::vector<Epoch> epochs;

  KeyInfo info() const {
    KeyInfo out = facts;
    for (const Epoch& epoch : epochs) out.epochs.push_back(epoch.info);
    return out;
  }
  // What a user of the key has to ask for again when it is another.
  bool same_life(const Key& other) const {
    return facts.state == other.facts.state && facts.recovery_pem == other.facts.recovery_pem &&
           epochs.size() == other.epochs.size();
  }
};

}  // namespace sealane::keys
