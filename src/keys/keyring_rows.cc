// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "crypto/compare.h"
#include "crypto/hash.h"
#include "keys/keyring_internal.h"

// What a keyring has on disk: the rows, that they are authentic, and every change of them.
namespace sealane::keys {
namespace {

Result<std::optional<KeyState>> state_from(std::int64_t number) {
  if (number < 0 || number > 3) return damaged("a key has no known state");
  return std::optional(static_cast<KeyState>(number));
}

}  // namespace

// An HMAC over every row in a fixed order, with lengths: no row can be changed, added, removed or
// exchanged without the root key.
Result<Bytes> Keyring::seal_of_rows(std::int64_t format) const {
  const bool first = format == 1;
  Bytes rows = to_bytes(first ? "sealane keyring rows v1" : "sealane keyring rows v2");
  // `columns`: `#` a number, `?` a number or NULL, `*` text or a blob.
  const auto put_table = [&](std::string_view sql, std::string_view before,
                             std::string_view columns) -> Status {
    SEALANE_ASSIGN(auto select, database_->prepare(sql));
    for (;;) {
      SEALANE_ASSIGN(const bool row, select.step());
      if (!row) return {};
      append(rows, before);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const int column = checked_cast<int>(i);
        if (columns[i] == '*') {
          const Bytes field = select.blob(column);
          put_be(rows, static_cast<std::uint64_t>(field.size()));
          append(rows, field);
        } else {
          const bool null = columns[i] == '?' && select.is_null(column);
          put_be(rows, static_cast<std::uint64_t>(null ? -1 : select.integer(column)));
        }
      }
    }
  };
  if (first) {
    SEALANE_TRY(
        put_table("SELECT format, provider, parameters, seal_key, signing_key FROM keyring"
                  " ORDER BY id",
                  "", "#****"));
    SEALANE_TRY(put_table("SELECT name, rotate_us FROM keys ORDER BY name", "K", "*?"));
  } else {
    SEALANE_TRY(
        put_table("SELECT format, provider, parameters, seal_key, signing_key, generation"
                  " FROM keyring ORDER BY id",
                  "", "#****#"));
    SEALANE_TRY(
        put_table("SELECT name, rotate_us, state, destroy_us, provider, parameters,"
                  " recovery FROM keys ORDER BY name",
                  "K", "*?#?***"));
  }
  SEALANE_TRY(
      put_table("SELECT name, number, state, created_us, wraps_reserved, wrapped FROM"
                " epochs ORDER BY name, number",
                "E", "*####*"));
  return to_bytes(crypto::hmac_sha256(seal_key_.reveal(), rows));
}

// Inside a transaction: the rows as they are now become the keyring's next generation.
Status Keyring::save() {
  SEALANE_TRY(database_->run("UPDATE keyring SET generation = generation + 1 WHERE id = 1"));
  SEALANE_ASSIGN(const Bytes seal, seal_of_rows(kKeyringFormat));
  SEALANE_ASSIGN(auto update, database_->prepare("UPDATE keyring SET rows_hmac = ? WHERE id = 1"));
  update.bind(1, seal);
  SEALANE_TRY(update.run());
  return load_rows();
}

Status Keyring::verify_rows() {
  SEALANE_ASSIGN(const Bytes seal, seal_of_rows(kKeyringFormat));
  SEALANE_ASSIGN(auto head, database_->prepare("SELECT rows_hmac, format FROM keyring"));
  SEALANE_ASSIGN(const bool row, head.step());
  if (!row || head.integer(1) != kKeyringFormat || !crypto::equal_constant_time(seal, head.blob(0)))
    return damaged("its rows do not authenticate");
  return {};
}

// Inside a transaction, when the rows are authentic or are being made so.  Keeps what this object
// has of its own: keys that were unwrapped, wraps that were reserved.
Status Keyring::load_rows() {
  Keys loaded;
  std::uint64_t generation = 0;
  {
    SEALANE_ASSIGN(auto head, database_->prepare("SELECT generation FROM keyring"));
    SEALANE_ASSIGN(const bool row, head.step());
    if (!row) return damaged("it has no head");
    generation = static_cast<std::uint64_t>(head.integer(0));
  }
  SEALANE_ASSIGN(auto keys,
                 database_->prepare("SELECT name, rotate_us, state, destroy_us, provider,"
                                    " parameters, recovery FROM keys"));
  for (;;) {
    SEALANE_ASSIGN(const bool row, keys.step());
    if (!row) break;
    Key key;
    key.facts.name = keys.text(0);
    if (!keys.is_null(1)) key.facts.rotate_after = Duration(keys.integer(1));
    SEALANE_ASSIGN(const auto state, state_from(keys.integer(2)));
    key.facts.state = *state;
    if (!keys.is_null(3)) key.facts.destroy_at = time_of(keys.integer(3));
    key.facts.provider = keys.text(4);
    key.parameters = keys.blob(5);
    key.facts.recovery_pem = keys.text(6);
    if (const auto old = keys_.find(key.facts.name); old != keys_.end())
      key.provider = old->second.provider;
    std::string name = key.facts.name;
    loaded.emplace(std::move(name), std::move(key));
  }
  SEALANE_ASSIGN(auto epochs, database_->prepare("SELECT name, number, state, created_us,"
                                                 " wraps_reserved, wrapped FROM epochs"
                                                 " ORDER BY name, number"));
  for (;;) {
    SEALANE_ASSIGN(const bool row, epochs.step());
    if (!row) break;
    const auto found = loaded.find(epochs.text(0));
    if (found == loaded.end()) return damaged("an epoch has no key");
    Epoch epoch;
    epoch.info = {.number = checked_cast<std::uint32_t>(epochs.integer(1) & 0xffffffff),
                  .state = epochs.integer(2) == 0 ? EpochState::Active : EpochState::ReadOnly,
                  .created = time_of(epochs.integer(3)),
                  .wraps_reserved = static_cast<std::uint64_t>(epochs.integer(4))};
    epoch.wrapped = epochs.blob(5);
    found->second.epochs.push_back(std::move(epoch));
  }
  bool same_life = loaded.size() == keys_.size();
  for (auto& [name, key] : loaded) {
    if (key.epochs.empty()) return damaged("a key has no epoch");
    const auto old = keys_.find(name);
    if (old == keys_.end()) {
      same_life = false;
      continue;
    }
    same_life = same_life && key.same_life(old->second);
    if (key.facts.state != KeyState::Enabled) continue;
    for (Epoch& epoch : key.epochs)
      for (Epoch& known : old->second.epochs)
        if (known.info.number == epoch.info.number && known.wrapped == epoch.wrapped) {
          epoch.key = std::move(known.key);
          epoch.available = known.available;
        }
  }
  keys_ = std::move(loaded);
  generation_ = generation;
  if (!same_life) ++life_;
  return {};
}

// After a change that may or may not be on disk: nothing that was read is used any more.
void Keyring::forget() {
  keys_.clear();
  data_version_ = -1;
  ++life_;
}

// Another process may have changed the keyring since this one read it: every change builds on the
// rows as they are.
Result<db::Transaction> Keyring::begin() {
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*database_));
  SEALANE_TRY(verify_rows());
  const std::uint64_t before = generation_;
  SEALANE_TRY(load_rows());
  if (generation_ < before) {
    const std::uint64_t found = std::exchange(generation_, before);
    return put_back(found, before, "this process saw one");
  }
  broken_.reset();
  return transaction;
}

// INVARIANT: keys_ shows what is on disk, or nothing.
Status Keyring::change(const std::function<Status()>& body) {
  {
    std::optional<db::Transaction> transaction;
    {
      SEALANE_ASSIGN(auto begun, begin());
      transaction.emplace(std::move(begun));
    }
    const std::uint64_t before = generation_;
    Status done = body();
    if (done.ok()) done = save();
    if (done.ok()) done = transaction->commit();
    transaction.reset();
    if (!done.ok()) {
      // What was only in memory goes; what is on disk is read again.
      generation_ = before;
      if (!begin().ok()) forget();
      return done;
    }
  }
  return write_anchors();
}

std::uint64_t Keyring::look(Time now) {
  const std::int64_t now_us = micros_of(now);
  std::int64_t looked = looked_us_.load(std::memory_order_relaxed);
  const bool due = now_us < looked || now_us - looked >= limits_.look_interval.count();
  // One thread looks; the others go on with what is known.
  if (due && looked_us_.compare_exchange_strong(looked, now_us)) {
    const std::lock_guard lock(mutex_);
    refresh();
    // A wipe that fails is tried again with the next look.
    if (!broken_) static_cast<void>(destroy_due(now).ok());
  }
  return life_.load(std::memory_order_acquire);
}

void Keyring::refresh() {
  const auto read_again = [&]() -> Status {
    if (database_->has_moved()) {
      SEALANE_ASSIGN(database_, db::Database::open(database_path(folder_), {.create = false}));
      data_version_ = -1;
    }
    {
      SEALANE_ASSIGN(auto version, database_->prepare("PRAGMA data_version"));
      SEALANE_ASSIGN(const bool row, version.step());
      if (!row) return damaged("it has no version");
      if (version.integer(0) == data_version_ && !broken_) return {};
      data_version_ = version.integer(0);
    }
    // A read transaction would do; a write lock keeps the rows from changing between the two looks.
    SEALANE_ASSIGN(auto transaction, begin());
    static_cast<void>(transaction);
    return {};
  };
  Status done = read_again();
  if (done.ok()) {
    if (broken_) {
      broken_.reset();
      ++life_;
    }
    return;
  }
  // Somebody else is writing: the next look sees it.
  const bool busy = done.error().kind == ErrorKind::Timeout;
  data_version_ = -1;
  if (busy) return;
  if (!broken_) ++life_;
  broken_ = done.error();
}

}  // namespace sealane::keys
