// SPDX-License-Identifier: Apache-2.0
#include "keys/keyring.h"

#include <algorithm>
#include <utility>

#include "crypto/compare.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "keys/local_provider.h"

namespace sealane::keys {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::int64_t kFormat = 1;
constexpr std::string_view kSchema =
    "CREATE TABLE keyring (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL,"
    "  provider TEXT NOT NULL, parameters BLOB NOT NULL, seal_key BLOB NOT NULL,"
    "  signing_key BLOB NOT NULL, rows_hmac BLOB NOT NULL);"
    "CREATE TABLE keys (name TEXT PRIMARY KEY, rotate_us INTEGER);"
    "CREATE TABLE epochs (name TEXT NOT NULL REFERENCES keys(name), number INTEGER NOT NULL,"
    "  state INTEGER NOT NULL, created_us INTEGER NOT NULL, wraps_reserved INTEGER NOT NULL,"
    "  wrapped BLOB NOT NULL, PRIMARY KEY (name, number));";

std::string database_path(const std::string& folder) { return folder + "/keyring.db"; }

// What a wrapped key is for; a key moved to another row does not unwrap.
Bytes binding(std::string_view purpose, std::string_view name = {}, std::uint32_t epoch = 0) {
  Bytes out = to_bytes("sealane keyring v1");
  for (std::string_view part : {purpose, name}) {
    put_be(out, checked_cast<std::uint16_t>(part.size()));
    append(out, part);
  }
  put_be(out, epoch);
  return out;
}

bool is_key_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 64 && plain(name.front()) &&
         std::ranges::all_of(name,
                             [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; });
}

Error damaged(std::string_view what) {
  return fail(ErrorKind::Corrupt, "the keyring is damaged: " + std::string(what),
              "restore keyring.db from a copy");
}

Time time_of(std::int64_t micros) { return Time(Duration(micros)); }
std::int64_t micros_of(Time time) { return time.time_since_epoch().count(); }

}  // namespace

struct Keyring::Epoch {
  EpochInfo info;
  Bytes wrapped;
  Secret key;
  std::uint64_t granted = 0;  // of wraps_reserved; not durable, so a restart starts at its end
};

struct Keyring::Key {
  std::string name;
  std::optional<Duration> rotate_after;
  std::vector<Epoch> epochs;

  KeyInfo info() const {
    KeyInfo out{.name = name, .rotate_after = rotate_after, .epochs = {}};
    for (const Epoch& epoch : epochs) out.epochs.push_back(epoch.info);
    return out;
  }
};

std::string_view to_string(EpochState state) {
  return state == EpochState::Active ? "active" : "read-only";
}

Result<UnlockKey> create_unlock_key(Env& env, const std::string& path) {
  UnlockKey out{crypto::random_secret(kKeyBytes)};
  SEALANE_TRY(write_file_atomic(env, path, out.key.reveal(), IfExists::Refuse));
  return out;
}

Result<UnlockKey> read_unlock_key(Env& env, const std::string& path) {
  SEALANE_ASSIGN(Bytes bytes, read_file(env, path, 1024));
  UnlockKey out{Secret::take(std::move(bytes))};
  if (out.key.size() != kKeyBytes)
    return fail(ErrorKind::Invalid, "`" + path + "` is no unlock key: it does not have 32 bytes");
  return out;
}

Result<Unlock> read_unlock(Env& env, const std::string& folder,
                           const std::string& passphrase_file) {
  if (passphrase_file.empty()) {
    SEALANE_ASSIGN(UnlockKey key, read_unlock_key(env, folder + "/unlock.key"));
    return Unlock(std::move(key));
  }
  SEALANE_ASSIGN(Bytes bytes, read_file(env, passphrase_file, 4096));
  const Secret content = Secret::take(std::move(bytes));
  const std::string_view text = as_text(content.reveal());
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  if (line.empty())
    return fail(ErrorKind::Invalid,
                "`" + passphrase_file + "` has no passphrase in its first line");
  return Unlock(Passphrase{Secret(as_bytes(line))});
}

Keyring::Keyring(std::unique_ptr<db::Database> database, std::unique_ptr<KeyProvider> provider,
                 const Clock& clock, const KeyringLimits& limits)
    : database_(std::move(database)),
      provider_(std::move(provider)),
      clock_(clock),
      limits_(limits) {}
Keyring::~Keyring() = default;

Result<std::unique_ptr<Keyring>> Keyring::create(const std::string& folder, const Unlock& unlock,
                                                 const Clock& clock, const KeyringLimits& limits) {
  SEALANE_ASSIGN(auto provider, LocalProvider::create(unlock));
  return create_with(folder, std::move(provider), clock, limits);
}

Result<std::unique_ptr<Keyring>> Keyring::open(const std::string& folder, const Unlock& unlock,
                                               const Clock& clock, const KeyringLimits& limits) {
  Bytes parameters;
  {
    SEALANE_ASSIGN(auto database, db::Database::open(database_path(folder), {.create = false}));
    auto select = database->prepare("SELECT parameters FROM keyring WHERE id = 1");
    if (!select.ok()) return damaged("its tables are missing");
    SEALANE_ASSIGN(const bool row, select->step());
    if (!row) return damaged("it has no head");
    parameters = select->blob(0);
  }
  SEALANE_ASSIGN(auto provider, LocalProvider::open(unlock, parameters));
  return open_with(folder, std::move(provider), clock, limits);
}

Result<std::unique_ptr<Keyring>> Keyring::create_with(const std::string& folder,
                                                      std::unique_ptr<KeyProvider> provider,
                                                      const Clock& clock,
                                                      const KeyringLimits& limits) {
  SEALANE_ASSIGN(auto database, db::Database::open(database_path(folder)));
  std::unique_ptr<Keyring> out(
      new Keyring(std::move(database), std::move(provider), clock, limits));
  SEALANE_TRY(out->initialise());
  return out;
}

Result<std::unique_ptr<Keyring>> Keyring::open_with(const std::string& folder,
                                                    std::unique_ptr<KeyProvider> provider,
                                                    const Clock& clock,
                                                    const KeyringLimits& limits) {
  SEALANE_ASSIGN(auto database, db::Database::open(database_path(folder), {.create = false}));
  std::unique_ptr<Keyring> out(
      new Keyring(std::move(database), std::move(provider), clock, limits));
  SEALANE_TRY(out->load());
  return out;
}

Status Keyring::initialise() {
  const std::lock_guard lock(mutex_);
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*database_));
  {
    SEALANE_ASSIGN(auto tables, database_->prepare("SELECT count(*) FROM sqlite_schema"));
    SEALANE_ASSIGN(const bool row, tables.step());
    if (!row || tables.integer(0) != 0)
      return fail(ErrorKind::Conflict, "there is a keyring already");
  }
  SEALANE_TRY(database_->run(std::string(kSchema)));
  seal_key_ = crypto::random_secret(kKeyBytes);
  signing_key_ = crypto::Ed25519PrivateKey::generate().raw();
  SEALANE_ASSIGN(const Bytes seal_key, provider_->wrap(seal_key_, binding("rows")));
  SEALANE_ASSIGN(const Bytes signing_key,
                 provider_->wrap(signing_key_, binding("manifest signing")));
  {
    SEALANE_ASSIGN(auto insert,
                   database_->prepare("INSERT INTO keyring VALUES (1, ?, ?, ?, ?, ?, x'')"));
    insert.bind(1, kFormat).bind(2, provider_->name()).bind(3, provider_->parameters());
    insert.bind(4, seal_key).bind(5, signing_key);
    SEALANE_TRY(insert.run());
  }
  SEALANE_TRY(save());
  return transaction.commit();
}

// An HMAC over every row in a fixed order, with lengths: no row can be changed, added, removed or
// exchanged without the root key.
Result<Bytes> Keyring::seal_of_rows() const {
  Bytes rows = to_bytes("sealane keyring rows v1");
  const auto put = [&rows](ByteSpan field) {
    put_be(rows, static_cast<std::uint64_t>(field.size()));
    append(rows, field);
  };
  const auto put_number = [&rows](std::int64_t value) {
    put_be(rows, static_cast<std::uint64_t>(value));
  };
  SEALANE_ASSIGN(auto head, database_->prepare("SELECT format, provider, parameters, seal_key,"
                                               " signing_key FROM keyring ORDER BY id"));
  for (;;) {
    SEALANE_ASSIGN(const bool row, head.step());
    if (!row) break;
    put_number(head.integer(0));
    for (int column = 1; column < 5; ++column) put(head.blob(column));
  }
  SEALANE_ASSIGN(auto keys, database_->prepare("SELECT name, rotate_us FROM keys ORDER BY name"));
  for (;;) {
    SEALANE_ASSIGN(const bool row, keys.step());
    if (!row) break;
    append(rows, "K");
    put(keys.blob(0));
    put_number(keys.is_null(1) ? -1 : keys.integer(1));
  }
  SEALANE_ASSIGN(auto epochs, database_->prepare("SELECT name, number, state, created_us,"
                                                 " wraps_reserved, wrapped FROM epochs"
                                                 " ORDER BY name, number"));
  for (;;) {
    SEALANE_ASSIGN(const bool row, epochs.step());
    if (!row) break;
    append(rows, "E");
    put(epochs.blob(0));
    for (int column = 1; column < 5; ++column) put_number(epochs.integer(column));
    put(epochs.blob(5));
  }
  return to_bytes(crypto::hmac_sha256(seal_key_.reveal(), rows));
}

Status Keyring::save() {
  SEALANE_ASSIGN(const Bytes seal, seal_of_rows());
  SEALANE_ASSIGN(auto update, database_->prepare("UPDATE keyring SET rows_hmac = ? WHERE id = 1"));
  update.bind(1, seal);
  return update.run();
}

Status Keyring::load() {
  const std::lock_guard lock(mutex_);
  {
    auto head = database_->prepare(
        "SELECT format, provider, seal_key, signing_key, rows_hmac FROM keyring WHERE id = 1");
    if (!head.ok()) return damaged("its tables are missing");
    SEALANE_ASSIGN(const bool row, head->step());
    if (!row) return damaged("it has no head");
    if (head->integer(0) != kFormat)
      return fail(ErrorKind::Unsupported,
                  "the keyring has format " + std::to_string(head->integer(0)));
    if (head->text(1) != provider_->name())
      return fail(ErrorKind::Denied, "the keyring belongs to provider `" + head->text(1) + "`");
    auto seal_key = provider_->unwrap(head->blob(2), binding("rows"));
    if (!seal_key.ok() && seal_key.error().kind != ErrorKind::Corrupt)
      return std::move(seal_key).error();
    if (!seal_key.ok())
      return fail(ErrorKind::Denied, "the keyring does not open: wrong passphrase or unlock key");
    seal_key_ = std::move(seal_key).value();
    SEALANE_ASSIGN(const Bytes seal, seal_of_rows());
    if (!crypto::equal_constant_time(seal, head->blob(4)))
      return damaged("its rows do not authenticate");
    SEALANE_ASSIGN(signing_key_, provider_->unwrap(head->blob(3), binding("manifest signing")));
  }
  return load_rows();
}

// The rows are authentic: load() or begin() checked them.
Status Keyring::load_rows() {
  keys_.clear();
  SEALANE_ASSIGN(auto keys, database_->prepare("SELECT name, rotate_us FROM keys"));
  for (;;) {
    SEALANE_ASSIGN(const bool row, keys.step());
    if (!row) break;
    Key key{.name = keys.text(0), .rotate_after = std::nullopt, .epochs = {}};
    if (!keys.is_null(1)) key.rotate_after = Duration(keys.integer(1));
    keys_.emplace(key.name, std::move(key));
  }
  SEALANE_ASSIGN(auto epochs, database_->prepare("SELECT name, number, state, created_us,"
                                                 " wraps_reserved, wrapped FROM epochs"
                                                 " ORDER BY name, number"));
  for (;;) {
    SEALANE_ASSIGN(const bool row, epochs.step());
    if (!row) break;
    const auto found = keys_.find(epochs.text(0));
    if (found == keys_.end()) return damaged("an epoch has no key");
    Epoch epoch;
    epoch.info = {.number = checked_cast<std::uint32_t>(epochs.integer(1) & 0xffffffff),
                  .state = epochs.integer(2) == 0 ? EpochState::Active : EpochState::ReadOnly,
                  .created = time_of(epochs.integer(3)),
                  .wraps_reserved = static_cast<std::uint64_t>(epochs.integer(4))};
    epoch.wrapped = epochs.blob(5);
    // Reserved wraps of an earlier process count as used.
    epoch.granted = epoch.info.wraps_reserved;
    SEALANE_ASSIGN(epoch.key, provider_->unwrap(epoch.wrapped,
                                                binding("epoch", found->first, epoch.info.number)));
    found->second.epochs.push_back(std::move(epoch));
  }
  for (const auto& [name, key] : keys_)
    if (key.epochs.empty()) return damaged("a key has no epoch");
  return {};
}

// Writes a new epoch into the database; the caller holds the transaction and, after it committed,
// puts the epoch into memory.
Result<Keyring::Epoch> Keyring::write_epoch(const Key& key) {
  if (key.epochs.size() >= limits_.epochs_max)
    return fail(ErrorKind::TooLarge, "key `" + key.name + "` has too many epochs");
  Epoch epoch;
  epoch.info = {.number = checked_cast<std::uint32_t>(key.epochs.size() + 1),
                .state = EpochState::Active,
                .created = clock_.now(),
                .wraps_reserved = 0};
  epoch.key = crypto::random_secret(kKeyBytes);
  SEALANE_ASSIGN(epoch.wrapped,
                 provider_->wrap(epoch.key, binding("epoch", key.name, epoch.info.number)));
  SEALANE_ASSIGN(auto retire, database_->prepare("UPDATE epochs SET state = 1 WHERE name = ?"));
  retire.bind(1, key.name);
  SEALANE_TRY(retire.run());
  SEALANE_ASSIGN(auto insert, database_->prepare("INSERT INTO epochs VALUES (?, ?, 0, ?, 0, ?)"));
  insert.bind(1, key.name).bind(2, std::int64_t{epoch.info.number});
  insert.bind(3, micros_of(epoch.info.created)).bind(4, epoch.wrapped);
  SEALANE_TRY(insert.run());
  return epoch;
}

Status Keyring::add_epoch(Key& key) {
  SEALANE_ASSIGN(auto transaction, begin());
  SEALANE_ASSIGN(Epoch epoch, write_epoch(key));
  SEALANE_TRY(save());
  SEALANE_TRY(transaction.commit());
  for (Epoch& old : key.epochs) old.info.state = EpochState::ReadOnly;
  key.epochs.push_back(std::move(epoch));
  return {};
}

// Another process may have changed the keyring since this one read it.  Every change is written so
// that it fails with Conflict when what it builds on is gone; grant_wraps then reads again.
Result<db::Transaction> Keyring::begin() {
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*database_));
  SEALANE_ASSIGN(const Bytes seal, seal_of_rows());
  SEALANE_ASSIGN(auto head, database_->prepare("SELECT rows_hmac FROM keyring WHERE id = 1"));
  SEALANE_ASSIGN(const bool row, head.step());
  if (!row || !crypto::equal_constant_time(seal, head.blob(0)))
    return damaged("its rows do not authenticate");
  return transaction;
}

Status Keyring::create_key(std::string_view name, std::optional<Duration> rotate_after) {
  const std::lock_guard lock(mutex_);
  if (!is_key_name(name))
    return fail(ErrorKind::Invalid, "`" + std::string(name) + "` cannot be the name of a key",
                "use 1 to 64 of a-z, 0-9, `-`, `_`, `.`");
  if (keys_.contains(name))
    return fail(ErrorKind::Conflict, "there is a key `" + std::string(name) + "` already");
  if (keys_.size() >= limits_.keys_max) return fail(ErrorKind::TooLarge, "the keyring is full");
  if (rotate_after && *rotate_after <= Duration::zero())
    return fail(ErrorKind::Invalid, "the time to rotate a key after is not positive");
  Key key{.name = std::string(name), .rotate_after = rotate_after, .epochs = {}};
  SEALANE_ASSIGN(auto transaction, begin());
  {
    SEALANE_ASSIGN(auto insert, database_->prepare("INSERT INTO keys VALUES (?, ?)"));
    insert.bind(1, name);
    if (rotate_after)
      insert.bind(2, std::int64_t{rotate_after->count()});
    else
      insert.bind_null(2);
    SEALANE_TRY(insert.run());
  }
  SEALANE_ASSIGN(Epoch epoch, write_epoch(key));
  SEALANE_TRY(save());
  SEALANE_TRY(transaction.commit());
  key.epochs.push_back(std::move(epoch));
  keys_.emplace(key.name, std::move(key));
  return {};
}

Result<std::uint32_t> Keyring::rotate(std::string_view name) {
  const std::lock_guard lock(mutex_);
  SEALANE_ASSIGN(Key * key, find_key(name));
  SEALANE_TRY(add_epoch(*key));
  return key->epochs.back().info.number;
}

Result<Keyring::Key*> Keyring::find_key(std::string_view name) {
  const auto found = keys_.find(name);
  if (found == keys_.end())
    return fail(ErrorKind::NotFound, "there is no key `" + std::string(name) + "`");
  return &found->second;
}

Result<std::vector<KeyInfo>> Keyring::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<KeyInfo> out;
  for (const auto& [name, key] : keys_) out.push_back(key.info());
  return out;
}

Result<KeyInfo> Keyring::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(name);
  if (found == keys_.end())
    return fail(ErrorKind::NotFound, "there is no key `" + std::string(name) + "`");
  return found->second.info();
}

Result<Secret> Keyring::export_key(std::string_view name, std::uint32_t epoch) const {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(name);
  if (found != keys_.end())
    for (const Epoch& each : found->second.epochs)
      if (each.info.number == epoch) return each.key.clone();
  return fail(ErrorKind::NotFound,
              "there is no key `" + std::string(name) + "/" + std::to_string(epoch) + "`");
}

Result<WrapGrant> Keyring::grant_wraps(std::string_view name, std::uint64_t wanted) {
  const std::lock_guard lock(mutex_);
  auto granted = grant_once(name, wanted);
  if (granted.ok() || granted.error().kind != ErrorKind::Conflict) return granted;
  {
    SEALANE_ASSIGN(auto transaction, begin());
    SEALANE_TRY(load_rows());
  }
  return grant_once(name, wanted);
}

Result<WrapGrant> Keyring::grant_once(std::string_view name, std::uint64_t wanted) {
  if (wanted == 0) return fail(ErrorKind::Invalid, "no wraps were asked for");
  SEALANE_ASSIGN(Key * key, find_key(name));
  const auto rotate_at = [&] {
    if (!key->rotate_after) return Time::max();
    const Time created = key->epochs.back().info.created;
    return *key->rotate_after < Time::max() - created ? created + *key->rotate_after : Time::max();
  };
  const EpochInfo& active = key->epochs.back().info;
  const bool used_up = active.wraps_reserved >= limits_.wraps_max &&
                       key->epochs.back().granted >= active.wraps_reserved;
  if (used_up || clock_.now() >= rotate_at()) SEALANE_TRY(add_epoch(*key));
  Epoch& epoch = key->epochs.back();
  if (epoch.granted == epoch.info.wraps_reserved) SEALANE_TRY(reserve(*key));
  WrapGrant out;
  out.epoch = epoch.info.number;
  out.wraps = std::min(wanted, epoch.info.wraps_reserved - epoch.granted);
  out.rotate_at = rotate_at();
  out.key = epoch.key.clone();
  epoch.granted += out.wraps;
  return out;
}

Status Keyring::reserve(Key& key) {
  Epoch& epoch = key.epochs.back();
  const std::uint64_t more =
      std::min(limits_.reservation, limits_.wraps_max - epoch.info.wraps_reserved);
  SEALANE_ASSIGN(auto transaction, begin());
  SEALANE_ASSIGN(auto update,
                 database_->prepare("UPDATE epochs SET wraps_reserved = wraps_reserved + ?"
                                    " WHERE name = ? AND number = ? AND state = 0"
                                    " AND wraps_reserved = ?"));
  update.bind(1, static_cast<std::int64_t>(more)).bind(2, key.name);
  update.bind(3, std::int64_t{epoch.info.number});
  update.bind(4, static_cast<std::int64_t>(epoch.info.wraps_reserved));
  SEALANE_TRY(update.run());
  if (database_->changes() != 1)
    return fail(ErrorKind::Conflict, "another process changed the keyring");
  SEALANE_TRY(save());
  SEALANE_TRY(transaction.commit());
  epoch.info.wraps_reserved += more;
  return {};
}

Result<crypto::Ed25519PrivateKey> Keyring::manifest_signing_key() const {
  const std::lock_guard lock(mutex_);
  return crypto::Ed25519PrivateKey::from_raw(signing_key_.reveal());
}

}  // namespace sealane::keys
