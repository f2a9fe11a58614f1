// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "keys/keyring_internal.h"

// The states of a key: made, disabled, enabled, destroyed.
namespace sealane::keys {
namespace {

constexpr std::size_t kRecoveryBytesMax = 8 << 10;

bool is_key_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 64 && plain(name.front()) &&
         std::ranges::all_of(name,
                             [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; });
}

}  // namespace

std::string_view to_string(EpochState state) {
  return state == EpochState::Active ? "active" : "read-only";
}

std::string_view to_string(KeyState state) {
  switch (state) {
    case KeyState::Enabled: return "enabled";
    case KeyState::Disabled: return "disabled";
    case KeyState::PendingDestruction: return "pending-destruction";
    case KeyState::Destroyed: return "destroyed";
  }
  return "unknown";
}

Status Keyring::create_key(std::string_view name, std::optional<Duration> rotate_after) {
  return create_key(name,
                    KeyPlan{.rotate_after = rotate_after, .provider = "local", .parameters = {}});
}

Status Keyring::create_key(std::string_view name, const KeyPlan& plan) {
  const std::lock_guard lock(mutex_);
  if (!is_key_name(name))
    return fail(ErrorKind::Invalid, "`" + std::string(name) + "` cannot be the name of a key",
                "use 1 to 64 of a-z, 0-9, `-`, `_`, `.`");
  if (plan.rotate_after && *plan.rotate_after <= Duration::zero())
    return fail(ErrorKind::Invalid, "the time to rotate a key after is not positive");
  return change([&]() -> Status {
    if (keys_.contains(name))
      return fail(ErrorKind::Conflict, "there is a key `" + std::string(name) + "` already");
    if (keys_.size() >= limits_.keys_max) return fail(ErrorKind::TooLarge, "the keyring is full");
    SEALANE_ASSIGN(auto insert,
                   database_->prepare("INSERT INTO keys (name, rotate_us, provider, parameters)"
                                      " VALUES (?, ?, ?, ?)"));
    insert.bind(1, name).bind(3, plan.provider).bind(4, ByteSpan(plan.parameters));
    if (plan.rotate_after)
      insert.bind(2, std::int64_t{plan.rotate_after->count()});
    else
      insert.bind_null(2);
    SEALANE_TRY(insert.run());
    Key key;
    key.facts.name = std::string(name);
    key.facts.provider = plan.provider;
    key.parameters = plan.parameters;
    return write_epoch(key);
  });
}

// Inside a change.
Status Keyring::set_state(std::string_view name, KeyState state, std::optional<Time> destroy_at) {
  SEALANE_ASSIGN(auto update,
                 database_->prepare("UPDATE keys SET state = ?, destroy_us = ? WHERE name = ?"));
  update.bind(1, std::int64_t{static_cast<int>(state)}).bind(3, name);
  if (destroy_at)
    update.bind(2, micros_of(*destroy_at));
  else
    update.bind_null(2);
  return update.run();
}

namespace {

Error not_from(const KeyInfo& key, std::string_view hint = {}) {
  return fail(ErrorKind::Conflict, "key `" + key.name + "` is " + std::string(to_string(key.state)),
              std::string(hint));
}

}  // namespace

Status Keyring::disable(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return change([&]() -> Status {
    SEALANE_ASSIGN(const Key* key, find_key(name));
    if (key->facts.state != KeyState::Enabled && key->facts.state != KeyState::Disabled)
      return not_from(key->facts);
    return set_state(name, KeyState::Disabled, std::nullopt);
  });
}

Status Keyring::enable(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return change([&]() -> Status {
    SEALANE_ASSIGN(const Key* key, find_key(name));
    if (key->facts.state == KeyState::PendingDestruction)
      return not_from(key->facts, "run `sealane key cancel-destroy " + key->facts.name + "` first");
    if (key->facts.state == KeyState::Destroyed) return not_from(key->facts);
    return set_state(name, KeyState::Enabled, std::nullopt);
  });
}

Result<Time> Keyring::destroy(std::string_view name, Duration wait) {
  const std::lock_guard lock(mutex_);
  if (wait < limits_.destroy_wait_min || wait < Duration::zero())
    return fail(ErrorKind::Invalid, "a key is destroyed after a day at the earliest");
  const Time now = clock_.now();
  if (wait > Time::max() - now) return fail(ErrorKind::Invalid, "the wait is too long");
  Time at = now + wait;
  SEALANE_TRY(change([&]() -> Status {
    SEALANE_ASSIGN(const Key* key, find_key(name));
    if (key->facts.state == KeyState::Destroyed) return not_from(key->facts);
    if (key->facts.state == KeyState::PendingDestruction) at = std::min(at, *key->facts.destroy_at);
    return set_state(name, KeyState::PendingDestruction, at);
  }));
  SEALANE_TRY(destroy_due(now));
  return at;
}

Status Keyring::cancel_destroy(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return change([&]() -> Status {
    SEALANE_ASSIGN(const Key* key, find_key(name));
    if (key->facts.state != KeyState::PendingDestruction) return not_from(key->facts);
    return set_state(name, KeyState::Disabled, std::nullopt);
  });
}

// The rows of a destroyed key stay as its tombstone; what was wrapped in them is overwritten with
// zeros (secure_delete) and the file is written anew, so that no page that was freed keeps it.
Status Keyring::destroy_due(Time now) {
  const auto due = [now](const Key& key) {
    return key.facts.state == KeyState::PendingDestruction && key.facts.destroy_at &&
           *key.facts.destroy_at <= now;
  };
  const auto any = [&] {
    return std::ranges::any_of(keys_, [&](const auto& entry) { return due(entry.second); });
  };
  if (!any()) return {};
  SEALANE_TRY(change([&]() -> Status {
    for (auto& [name, key] : keys_) {
      if (!due(key)) continue;
      SEALANE_ASSIGN(auto wipe,
                     database_->prepare("UPDATE epochs SET wrapped = x'' WHERE name = ?"));
      wipe.bind(1, name);
      SEALANE_TRY(wipe.run());
      SEALANE_TRY(set_state(name, KeyState::Destroyed, key.facts.destroy_at));
    }
    return {};
  }));
  return database_->run("PRAGMA temp_store=MEMORY; VACUUM");
}

Status Keyring::set_recovery(std::string_view name, std::string_view public_key_pem) {
  const std::lock_guard lock(mutex_);
  if (public_key_pem.size() > kRecoveryBytesMax)
    return fail(ErrorKind::TooLarge, "the public key is too large");
  return change([&]() -> Status {
    SEALANE_ASSIGN(const Key* key, find_key(name));
    if (key->facts.state == KeyState::Destroyed) return not_from(key->facts);
    SEALANE_ASSIGN(auto update, database_->prepare("UPDATE keys SET recovery = ? WHERE name = ?"));
    update.bind(1, public_key_pem).bind(2, name);
    return update.run();
  });
}

Result<Keyring::Key*> Keyring::find_key(std::string_view name) {
  const auto found = keys_.find(name);
  if (found == keys_.end())
    return fail(ErrorKind::NotFound, "there is no key `" + std::string(name) + "`");
  return &found->second;
}

Result<Keyring::Key*> Keyring::find_usable(std::string_view name) {
  if (broken_) return *broken_;
  SEALANE_ASSIGN(Key * key, find_key(name));
  switch (key->facts.state) {
    case KeyState::Enabled: return key;
    case KeyState::Disabled:
      return fail(ErrorKind::Denied, "key `" + key->facts.name + "` is disabled",
                  "`sealane key enable " + key->facts.name + "` puts it to use again");
    case KeyState::PendingDestruction:
      return fail(ErrorKind::Denied,
                  "key `" + key->facts.name + "` is going to be destroyed at " +
                      to_rfc3339(*key->facts.destroy_at),
                  "`sealane key cancel-destroy " + key->facts.name + "` keeps it");
    case KeyState::Destroyed: break;
  }
  return fail(ErrorKind::Denied, "key `" + key->facts.name + "` was destroyed");
}

}  // namespace sealane::keys
