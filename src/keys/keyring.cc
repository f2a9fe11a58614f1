// SPDX-License-Identifier: Apache-2.0
#include "keys/keyring.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "crypto/compare.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "keys/anchor.h"
#include "keys/local_provider.h"

namespace sealane::keys {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::int64_t kFormat = 2;
constexpr std::string_view kSchema =
    "CREATE TABLE keyring (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL,"
    "  provider TEXT NOT NULL, parameters BLOB NOT NULL, seal_key BLOB NOT NULL,"
    "  signing_key BLOB NOT NULL, rows_hmac BLOB NOT NULL,"
    "  generation INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE keys (name TEXT PRIMARY KEY, rotate_us INTEGER,"
    "  state INTEGER NOT NULL DEFAULT 0, destroy_us INTEGER,"
    "  provider TEXT NOT NULL DEFAULT 'local', parameters BLOB NOT NULL DEFAULT x'',"
    "  recovery TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE epochs (name TEXT NOT NULL REFERENCES keys(name), number INTEGER NOT NULL,"
    "  state INTEGER NOT NULL, created_us INTEGER NOT NULL, wraps_reserved INTEGER NOT NULL,"
    "  wrapped BLOB NOT NULL, PRIMARY KEY (name, number));";
constexpr const char* kFromFormat1 =
    "ALTER TABLE keyring ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE keys ADD COLUMN state INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE keys ADD COLUMN destroy_us INTEGER;"
    "ALTER TABLE keys ADD COLUMN provider TEXT NOT NULL DEFAULT 'local';"
    "ALTER TABLE keys ADD COLUMN parameters BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE keys ADD COLUMN recovery TEXT NOT NULL DEFAULT '';"
    "UPDATE keyring SET format = 2;";
constexpr std::size_t kRecoveryBytesMax = 8 << 10;

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

Error put_back(std::uint64_t generation, std::uint64_t newest, const std::string& where) {
  return fail(ErrorKind::Corrupt,
              "an older keyring was put back: it is of generation " + std::to_string(generation) +
                  ", " + where + " of " + std::to_string(newest),
              "put the newest copy back, or run `sealane key restore`, which opens new epochs");
}

Time time_of(std::int64_t micros) { return Time(Duration(micros)); }
std::int64_t micros_of(Time time) { return time.time_since_epoch().count(); }

Result<std::optional<KeyState>> state_from(std::int64_t number) {
  if (number < 0 || number > 3) return damaged("a key has no known state");
  return std::optional(static_cast<KeyState>(number));
}

}  // namespace

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

namespace {

Result<Unlock> read_passphrase(Env& env, const std::string& file) {
  SEALANE_ASSIGN(Bytes bytes, read_file(env, file, 4096));
  const Secret content = Secret::take(std::move(bytes));
  const std::string_view text = as_text(content.reveal());
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  if (line.empty())
    return fail(ErrorKind::Invalid, "`" + file + "` has no passphrase in its first line");
  return Unlock(Passphrase{Secret(as_bytes(line))});
}

std::string& credentials_folder() {
  static std::string folder;
  return folder;
}

// What root changes belongs to whoever has the keyring, as the database's own journals do.
void give_to_owner_of(const std::string& keyring, const std::string& path) {
  struct stat facts{};
  if (::geteuid() == 0 && ::stat(keyring.c_str(), &facts) == 0)
    static_cast<void>(::lchown(path.c_str(), facts.st_uid, facts.st_gid));
}

}  // namespace

void use_credentials_of(std::string folder) { credentials_folder() = std::move(folder); }

Result<Unlock> read_unlock(Env& env, const std::string& folder,
                           const std::string& passphrase_file) {
  if (!passphrase_file.empty()) return read_passphrase(env, passphrase_file);
  auto key = read_unlock_key(env, folder + "/unlock.key");
  if (key.ok()) return Unlock(std::move(key).value());
  const std::string& credentials = credentials_folder();
  if (key.error().kind != ErrorKind::NotFound || credentials.empty()) return std::move(key).error();
  auto handed = read_unlock_key(env, credentials + "/sealane-unlock-key");
  if (handed.ok()) return Unlock(std::move(handed).value());
  if (handed.error().kind != ErrorKind::NotFound) return std::move(handed).error();
  auto phrase = read_passphrase(env, credentials + "/sealane-passphrase");
  if (!phrase.ok() && phrase.error().kind == ErrorKind::NotFound) return std::move(key).error();
  return phrase;
}

bool has_unlock(Env& env, const std::string& folder) {
  const auto unlock = read_unlock(env, folder, "");
  return unlock.ok() || unlock.error().kind != ErrorKind::NotFound;
}

Keyring::Keyring(std::string folder, std::unique_ptr<db::Database> database,
                 std::unique_ptr<KeyProvider> provider, const Clock& clock,
                 const KeyringLimits& limits, KeyringParts parts)
    : folder_(std::move(folder)),
      database_(std::move(database)),
      provider_(std::move(provider)),
      clock_(clock),
      limits_(limits),
      parts_(std::move(parts)),
      looked_us_(micros_of(clock.now())) {
  if (parts_.env == nullptr) parts_.env = &files_;
}
Keyring::~Keyring() = default;

Result<std::unique_ptr<Keyring>> Keyring::create(const std::string& folder, const Unlock& unlock,
                                                 const Clock& clock, const KeyringLimits& limits,
                                                 KeyringParts parts) {
  SEALANE_ASSIGN(auto provider, LocalProvider::create(unlock));
  return create_with(folder, std::move(provider), clock, limits, std::move(parts));
}

Result<std::unique_ptr<Keyring>> Keyring::open(const std::string& folder, const Unlock& unlock,
                                               const Clock& clock, const KeyringLimits& limits,
                                               KeyringParts parts) {
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
  return open_with(folder, std::move(provider), clock, limits, std::move(parts));
}

Result<std::unique_ptr<Keyring>> Keyring::create_with(const std::string& folder,
                                                      std::unique_ptr<KeyProvider> provider,
                                                      const Clock& clock,
                                                      const KeyringLimits& limits,
                                                      KeyringParts parts) {
  SEALANE_ASSIGN(auto database, db::Database::open(database_path(folder)));
  std::unique_ptr<Keyring> out(new Keyring(folder, std::move(database), std::move(provider), clock,
                                           limits, std::move(parts)));
  SEALANE_TRY(out->initialise());
  return out;
}

Result<std::unique_ptr<Keyring>> Keyring::open_with(const std::string& folder,
                                                    std::unique_ptr<KeyProvider> provider,
                                                    const Clock& clock, const KeyringLimits& limits,
                                                    KeyringParts parts) {
  SEALANE_ASSIGN(auto database, db::Database::open(database_path(folder), {.create = false}));
  std::unique_ptr<Keyring> out(new Keyring(folder, std::move(database), std::move(provider), clock,
                                           limits, std::move(parts)));
  SEALANE_TRY(out->load());
  return out;
}

Status Keyring::initialise() {
  const std::lock_guard lock(mutex_);
  {
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
                     database_->prepare("INSERT INTO keyring VALUES (1, ?, ?, ?, ?, ?, x'', 0)"));
      insert.bind(1, kFormat).bind(2, provider_->name()).bind(3, provider_->parameters());
      insert.bind(4, seal_key).bind(5, signing_key);
      SEALANE_TRY(insert.run());
    }
    SEALANE_TRY(save());
    SEALANE_TRY(transaction.commit());
  }
  return write_anchors();
}

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
  SEALANE_ASSIGN(const Bytes seal, seal_of_rows(kFormat));
  SEALANE_ASSIGN(auto update, database_->prepare("UPDATE keyring SET rows_hmac = ? WHERE id = 1"));
  update.bind(1, seal);
  SEALANE_TRY(update.run());
  return load_rows();
}

Status Keyring::load() {
  const std::lock_guard lock(mutex_);
  {
    auto head = database_->prepare(
        "SELECT format, provider, seal_key, signing_key, rows_hmac FROM keyring WHERE id = 1");
    if (!head.ok()) return damaged("its tables are missing");
    SEALANE_ASSIGN(const bool row, head->step());
    if (!row) return damaged("it has no head");
    const std::int64_t format = head->integer(0);
    if (format != 1 && format != kFormat)
      return fail(ErrorKind::Unsupported, "the keyring has format " + std::to_string(format),
                  "a newer version of this program opens it");
    if (head->text(1) != provider_->name())
      return fail(ErrorKind::Denied, "the keyring belongs to provider `" + head->text(1) + "`");
    auto seal_key = provider_->unwrap(head->blob(2), binding("rows"));
    if (!seal_key.ok() && seal_key.error().kind != ErrorKind::Corrupt)
      return std::move(seal_key).error();
    if (!seal_key.ok())
      return fail(ErrorKind::Denied, "the keyring does not open: wrong passphrase or unlock key");
    seal_key_ = std::move(seal_key).value();
    SEALANE_ASSIGN(const Bytes seal, seal_of_rows(format));
    if (!crypto::equal_constant_time(seal, head->blob(4)))
      return damaged("its rows do not authenticate");
    SEALANE_ASSIGN(signing_key_, provider_->unwrap(head->blob(3), binding("manifest signing")));
  }
  SEALANE_TRY(upgrade());
  {
    SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*database_));
    SEALANE_TRY(verify_rows());
    SEALANE_TRY(load_rows());
  }
  SEALANE_TRY(check_anchors());
  SEALANE_TRY(destroy_due(clock_.now()));
  // A key that cannot be had now does not keep the others from being used: it is asked for again
  // when it is needed.
  for (auto& [name, key] : keys_) {
    if (key.facts.state != KeyState::Enabled) continue;
    for (Epoch& epoch : key.epochs) {
      auto had = key_of(key, epoch);
      if (!had.ok() && had.error().kind == ErrorKind::Corrupt) return std::move(had).error();
    }
  }
  return {};
}

Status Keyring::upgrade() {
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*database_));
  {
    SEALANE_ASSIGN(auto head, database_->prepare("SELECT format, rows_hmac FROM keyring"));
    SEALANE_ASSIGN(const bool row, head.step());
    if (!row || head.integer(0) == kFormat) return {};
    SEALANE_ASSIGN(const Bytes seal, seal_of_rows(1));
    if (!crypto::equal_constant_time(seal, head.blob(1)))
      return damaged("its rows do not authenticate");
  }
  SEALANE_TRY(database_->run(kFromFormat1));
  SEALANE_TRY(save());
  SEALANE_TRY(transaction.commit());
  return write_anchors();
}

std::vector<std::string> Keyring::anchor_paths() const {
  std::vector<std::string> out = parts_.anchors;
  out.insert(out.begin(), folder_ + "/keyring.anchor");
  return out;
}

// What was newest when somebody last wrote an anchor.  The database is written first, so it is
// never behind its anchors unless it was put back.
Status Keyring::check_anchors() {
  for (const std::string& path : anchor_paths()) {
    auto anchor = read_anchor(*parts_.env, path, seal_key_);
    if (!anchor.ok() && anchor.error().kind == ErrorKind::NotFound) continue;
    if (!anchor.ok()) {
      if (parts_.accept_older && anchor.error().kind == ErrorKind::Corrupt) continue;
      return std::move(anchor).error();
    }
    anchored_ = true;
    anchored_generation_ = std::max(anchored_generation_, anchor->generation);
    for (const auto& [name, epoch] : anchor->epochs) {
      std::uint32_t& known = anchored_epochs_[name];
      known = std::max(known, epoch);
    }
  }
  if (generation_ >= anchored_generation_ && !parts_.accept_older) return {};
  if (!parts_.accept_older) {
    return put_back(generation_, anchored_generation_, "its anchor");
  }
  SEALANE_TRY(change([&]() -> Status {
    SEALANE_ASSIGN(auto update, database_->prepare("UPDATE keyring SET generation = ?"));
    update.bind(1, static_cast<std::int64_t>(std::max(generation_, anchored_generation_)));
    SEALANE_TRY(update.run());
    for (auto& [name, key] : keys_)
      if (key.facts.state == KeyState::Enabled) SEALANE_TRY(write_epoch(key));
    return {};
  }));
  return {};
}

Status Keyring::write_anchors() {
  Anchor anchor;
  anchor.generation = generation_;
  for (const auto& [name, key] : keys_)
    if (!key.epochs.empty()) anchor.epochs[name] = key.epochs.back().info.number;
  for (const std::string& path : anchor_paths()) {
    Status written = write_anchor(*parts_.env, path, anchor, seal_key_);
    // An anchor's folder that is not there yet gets one with a later change.
    if (!written.ok() && written.error().kind != ErrorKind::NotFound) return written;
    if (written.ok()) give_to_owner_of(database_path(folder_), path);
  }
  return {};
}

Status Keyring::verify_rows() {
  SEALANE_ASSIGN(const Bytes seal, seal_of_rows(kFormat));
  SEALANE_ASSIGN(auto head, database_->prepare("SELECT rows_hmac, format FROM keyring"));
  SEALANE_ASSIGN(const bool row, head.step());
  if (!row || head.integer(1) != kFormat || !crypto::equal_constant_time(seal, head.blob(0)))
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

Result<std::uint32_t> Keyring::rotate(std::string_view name) {
  const std::lock_guard lock(mutex_);
  SEALANE_TRY(change([&]() -> Status {
    SEALANE_ASSIGN(Key * key, find_usable(name));
    return write_epoch(*key);
  }));
  SEALANE_ASSIGN(const Key* key, find_key(name));
  return key->epochs.back().info.number;
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
    SEALANE_ASSIGN(KeyProvider * provider, provider_of(key));
    SEALANE_ASSIGN(epoch.key, provider->unwrap(epoch.wrapped, binding("epoch", key.facts.name,
                                                                      epoch.info.number)));
  }
  return &epoch.key;
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

std::uint64_t Keyring::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

Result<crypto::Ed25519PrivateKey> Keyring::manifest_signing_key() const {
  const std::lock_guard lock(mutex_);
  return crypto::Ed25519PrivateKey::from_raw(signing_key_.reveal());
}

}  // namespace sealane::keys
