// SPDX-License-Identifier: Apache-2.0
#include "keys/keyring.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "crypto/compare.h"
#include "crypto/random.h"
#include "keys/anchor.h"
#include "keys/keyring_internal.h"
#include "keys/local_provider.h"

namespace sealane::keys {
namespace {

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

// What root changes belongs to whoever has the keyring, as the database's own journals do.
void give_to_owner_of(const std::string& keyring, const std::string& path) {
  struct stat facts{};
  if (::geteuid() == 0 && ::stat(keyring.c_str(), &facts) == 0)
    static_cast<void>(::lchown(path.c_str(), facts.st_uid, facts.st_gid));
}

}  // namespace

Bytes binding(std::string_view purpose, std::string_view name, std::uint32_t epoch) {
  Bytes out = to_bytes("sealane keyring v1");
  for (std::string_view part : {purpose, name}) {
    put_be(out, checked_cast<std::uint16_t>(part.size()));
    append(out, part);
  }
  put_be(out, epoch);
  return out;
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
      insert.bind(1, kKeyringFormat).bind(2, provider_->name()).bind(3, provider_->parameters());
      insert.bind(4, seal_key).bind(5, signing_key);
      SEALANE_TRY(insert.run());
    }
    SEALANE_TRY(save());
    SEALANE_TRY(transaction.commit());
  }
  return write_anchors();
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
    if (format != 1 && format != kKeyringFormat)
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
    if (!row || head.integer(0) == kKeyringFormat) return {};
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

std::uint64_t Keyring::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

Result<crypto::Ed25519PrivateKey> Keyring::manifest_signing_key() const {
  const std::lock_guard lock(mutex_);
  return crypto::Ed25519PrivateKey::from_raw(signing_key_.reveal());
}

}  // namespace sealane::keys
