// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "crypto/random.h"
#include "keys/keyring_internal.h"

// Epochs: opened, unwrapped, handed out, and the budget of wraps that each one has.
namespace sealane::keys {

// Writes a new epoch.  Inside a change.
Status Keyring::write_epoch(Key& key) {
  const std::string& name = key.facts.name;
  if (key.epochs.size() >= limits_.epochs_max)
    return fail(ErrorKind::TooLarge, "key `" + name + "` has too many epochs");
  std::uint32_t last = key.epochs.empty() ? 0 : key.epochs.back().info.number;
  if (const auto anchored = anchored_epochs_.find(name); anchored != anchored_epochs_.end())
    last = std::max(last, anchored->second);
  const std::uint32_t number = last + 1;
  const Secret fresh = crypto::random_secret(kKeyBytes);
  SEALANE_ASSIGN(KeyProvider * provider, provider_of(key));
  SEALANE_ASSIGN(const Bytes wrapped, provider->wrap(fresh, binding("epoch", name, number)));
  SEALANE_ASSIGN(auto retire, database_->prepare("UPDATE epochs SET state = 1 WHERE name = ?"));
  retire.bind(1, name);
  SEALANE_TRY(retire.run());
  SEALANE_ASSIGN(auto insert, database_->prepare("INSERT INTO epochs VALUES (?, ?, 0, ?, 0, ?)"));
  insert.bind(1, name).bind(2, std::int64_t{number});
  insert.bind(3, micros_of(clock_.now())).bind(4, wrapped);
  return insert.run();
}

Result<std::uint32_t> Keyring::rotate(std::string_view name) {
  const std::lock_guard lock(mutex_);
  SEALANE_TRY(change([&]() -> Status {
    SEALANE_ASSIGN(Key * key, find_usable(name));
    return write_epoch(*key);
  }));
  SEALANE_ASSIGN(const Key* key, find_key(name));
  return key->epochs.back().info.number;
}

Result<KeyProvider*> Keyring::provider_of(Key& key) {
  // `local` means: whoever wraps the keyring itself.
  if (key.facts.provider == "local") return provider_.get();
  if (!key.provider) {
    if (!parts_.provider_for)
      return fail(ErrorKind::Unavailable, "nobody says how provider `" + key.facts.provider +
                                              "` of key `" + key.facts.name + "` is reached");
    SEALANE_ASSIGN(key.provider,
                   parts_.provider_for(key.facts.name, key.facts.provider, key.parameters));
  }
  return key.provider.get();
}

Result<const Secret*> Keyring::key_of(Key& key, Epoch& epoch) {
  if (epoch.key.empty()) {
    // The key is there: what cannot be found is the way to it.
    const auto later = [](Error error) {
      if (error.kind == ErrorKind::NotFound) error.kind = ErrorKind::Unavailable;
      return error;
    };
    auto provider = provider_of(key);
    if (!provider.ok()) return later(std::move(provider).error());
    auto unwrapped =
        (*provider)->unwrap(epoch.wrapped, binding("epoch", key.facts.name, epoch.info.number));
    if (!unwrapped.ok()) return later(std::move(unwrapped).error());
    epoch.key = std::move(unwrapped).value();
  }
  return &epoch.key;
}

Result<Secret> Keyring::export_key(std::string_view name, std::uint32_t epoch) {
  const std::lock_guard lock(mutex_);
  if (keys_.contains(name)) {
    SEALANE_ASSIGN(Key * key, find_usable(name));
    for (Epoch& each : key->epochs) {
      if (each.info.number != epoch) continue;
      SEALANE_ASSIGN(const Secret* secret, key_of(*key, each));
      return secret->clone();
    }
  }
  return fail(ErrorKind::NotFound,
              "there is no key `" + std::string(name) + "/" + std::to_string(epoch) + "`");
}

namespace {

Time rotate_at(const std::optional<Duration>& rotate_after, Time created) {
  if (!rotate_after) return Time::max();
  return *rotate_after < Time::max() - created ? created + *rotate_after : Time::max();
}

}  // namespace

bool Keyring::used_up_or_old(const Key& key) const {
  const Epoch& active = key.epochs.back();
  const bool used_up = active.info.wraps_reserved >= limits_.wraps_max && active.available == 0;
  return used_up || clock_.now() >= rotate_at(key.facts.rotate_after, active.info.created);
}

Result<WrapGrant> Keyring::grant_wraps(std::string_view name, std::uint64_t wanted) {
  const std::lock_guard lock(mutex_);
  if (wanted == 0) return fail(ErrorKind::Invalid, "no wraps were asked for");
  // Nothing in memory: a change failed, and the file says what became of it.
  if (keys_.empty()) {
    SEALANE_ASSIGN(auto transaction, begin());
    static_cast<void>(transaction);
  }
  SEALANE_ASSIGN(Key * key, find_usable(name));
  if (used_up_or_old(*key) || key->epochs.back().available == 0) {
    std::uint64_t more = 0;
    SEALANE_TRY(change([&]() -> Status {
      SEALANE_ASSIGN(Key * now, find_usable(name));
      if (used_up_or_old(*now)) {
        SEALANE_TRY(write_epoch(*now));
        SEALANE_TRY(load_rows());
        SEALANE_ASSIGN(now, find_usable(name));
      }
      const EpochInfo& active = now->epochs.back().info;
      more = std::min(limits_.reservation, limits_.wraps_max - active.wraps_reserved);
      SEALANE_ASSIGN(auto update,
                     database_->prepare("UPDATE epochs SET wraps_reserved = wraps_reserved + ?"
                                        " WHERE name = ? AND number = ?"));
      update.bind(1, static_cast<std::int64_t>(more)).bind(2, name);
      update.bind(3, std::int64_t{active.number});
      return update.run();
    }));
    SEALANE_ASSIGN(key, find_usable(name));
    key->epochs.back().available += more;
  }
  Epoch& epoch = key->epochs.back();
  WrapGrant out;
  SEALANE_ASSIGN(const Secret* secret, key_of(*key, epoch));
  out.key = secret->clone();
  out.epoch = epoch.info.number;
  out.wraps = std::min(wanted, epoch.available);
  out.rotate_at = rotate_at(key->facts.rotate_after, epoch.info.created);
  out.recovery_pem = key->facts.recovery_pem;
  epoch.available -= out.wraps;
  return out;
}

}  // namespace sealane::keys
