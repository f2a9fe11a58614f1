// SPDX-License-Identifier: Apache-2.0
#include "identity/access_keys.h"

#include <array>

#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"
#include "db/database.h"

namespace sealane::identity {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::string_view kPrefix = "SLAK";
constexpr std::size_t kIdCharacters = 16;  // after the prefix; 80 bits
constexpr std::size_t kSecretBytes = 30;   // 40 characters of base64
constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS access_key (id TEXT PRIMARY KEY, principal TEXT NOT NULL,"
    " state INTEGER NOT NULL, created_us INTEGER NOT NULL, last_four TEXT NOT NULL,"
    " epoch INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS access_key_principal ON access_key (principal);"
    "CREATE TABLE IF NOT EXISTS head (id INTEGER PRIMARY KEY CHECK (id = 1),"
    " format INTEGER NOT NULL, generation INTEGER NOT NULL) STRICT;"
    "INSERT OR IGNORE INTO head (id, format, generation) VALUES (1, 1, 0);";

std::string new_id() {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::array<std::byte, kIdCharacters> random{};
  crypto::random_bytes(random);
  std::string out(kPrefix);
  // 32 divides 256: no character is likelier than another.
  for (const std::byte each : random) out += kAlphabet[std::to_integer<std::size_t>(each) % 32];
  return out;
}

Secret new_secret() {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const Secret random = crypto::random_secret(kSecretBytes);
  Secret out = Secret::zeros(kSecretBytes / 3 * 4);
  const ByteSpan from = random.reveal();
  const MutableByteSpan to = out.reveal_mutable();
  for (std::size_t i = 0, o = 0; i < from.size(); i += 3) {
    const std::uint32_t group = (std::to_integer<std::uint32_t>(from[i]) << 16) |
                                (std::to_integer<std::uint32_t>(from[i + 1]) << 8) |
                                std::to_integer<std::uint32_t>(from[i + 2]);
    for (int shift = 18; shift >= 0; shift -= 6)
      to[o++] = static_cast<std::byte>(kAlphabet[(group >> shift) & 63]);
  }
  return out;
}

Bytes binding_of(const std::string& id, const std::string& principal) {
  Bytes out = to_bytes("sealane access key v1");
  for (const std::string& part : {id, principal}) {
    put_be(out, checked_cast<std::uint16_t>(part.size()));
    append(out, part);
  }
  return out;
}

Result<AccessKey> key_of(const db::Statement& row) {
  auto principal = parse_uri(row.text(1));
  if (!principal)
    return fail(ErrorKind::Corrupt, "the entry of access key `" + row.text(0) + "` is damaged");
  return AccessKey{.id = row.text(0),
                   .principal = *std::move(principal),
                   .state = row.integer(2) == 1 ? AccessKeyState::Active : AccessKeyState::Inactive,
                   .created = Time(Duration(row.integer(3))),
                   .last_four = row.text(4)};
}

Error no_such_key(const std::string& id) {
  return fail(ErrorKind::NotFound, "there is no access key `" + id + "`");
}

}  // namespace

std::string_view to_string(AccessKeyState state) {
  return state == AccessKeyState::Active ? "active" : "inactive";
}

struct AccessKeys::Impl {
  std::unique_ptr<db::Database> database;
  keys::Keyring* keyring = nullptr;
  Limits limits;

  Result<std::int64_t> number(std::string_view sql) {
    SEALANE_ASSIGN(auto statement, database->prepare(sql));
    SEALANE_ASSIGN(const bool row, statement.step());
    if (!row) return fail(ErrorKind::Corrupt, "the access keys have no head");
    return statement.integer(0);
  }
  Status commit(db::Transaction& transaction) {
    SEALANE_TRY(database->run("UPDATE head SET generation = generation + 1"));
    return transaction.commit();
  }
  // The key that seals secrets: derived, so that it is no AES key of anything else.
  Result<Secret> sealing_key(std::uint32_t epoch) const {
    SEALANE_ASSIGN(const Secret root, keyring->export_key(kKeyringName, epoch));
    crypto::Hkdf hkdf;
    hkdf.extract(as_bytes("sealane access keys v1"), root.reveal());
    Secret out = Secret::zeros(crypto::kAes256KeyBytes);
    hkdf.expand(as_bytes("secrets"), out.reveal_mutable());
    return out;
  }
  Status change(std::string_view sql, const std::string& id);
};

Status AccessKeys::Impl::change(std::string_view sql, const std::string& id) {
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*database));
  {
    SEALANE_ASSIGN(auto statement, database->prepare(sql));
    statement.bind(1, std::string_view(id));
    SEALANE_TRY(statement.run());
  }
  if (database->changes() == 0) return no_such_key(id);
  return commit(transaction);
}

AccessKeys::AccessKeys(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AccessKeys::AccessKeys(AccessKeys&&) noexcept = default;
AccessKeys& AccessKeys::operator=(AccessKeys&&) noexcept = default;
AccessKeys::~AccessKeys() = default;

Result<AccessKeys> AccessKeys::open(const std::string& folder, keys::Keyring& keyring,
                                    Limits limits) {
  SEALANE_ASSIGN(auto database, db::Database::open(folder + "/access-keys.db"));
  SEALANE_TRY(database->run(kSchema));
  AccessKeys out(std::make_unique<Impl>(Impl{std::move(database), &keyring, limits}));
  SEALANE_ASSIGN(const std::int64_t format, out.impl_->number("SELECT format FROM head"));
  if (format != kFormat)
    return fail(ErrorKind::Unsupported, "the access keys have format " + std::to_string(format));
  return out;
}

Result<NewAccessKey> AccessKeys::create(const Identity& principal, Time now) {
  if (!is_name(principal.pipeline) || !is_name(principal.name))
    return fail(ErrorKind::Invalid, "`" + principal.name + "` is no name");
  const std::string uri = to_uri(principal);
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*impl_->database));
  SEALANE_ASSIGN(const std::int64_t all, impl_->number("SELECT count(*) FROM access_key"));
  if (std::cmp_greater_equal(all, impl_->limits.keys_max))
    return fail(ErrorKind::TooLarge, "there are " + std::to_string(all) + " access keys already");
  {
    SEALANE_ASSIGN(auto count, impl_->database->prepare(
                                   "SELECT count(*) FROM access_key WHERE principal = ?1"));
    count.bind(1, std::string_view(uri));
    SEALANE_ASSIGN(const bool row, count.step());
    if (row && std::cmp_greater_equal(count.integer(0), impl_->limits.keys_per_principal_max))
      return fail(ErrorKind::TooLarge,
                  "`" + principal.name + "` has " + std::to_string(count.integer(0)) +
                      " access keys already",
                  "delete one that is not used any more");
  }
  if (!impl_->keyring->find(kKeyringName).ok())
    SEALANE_TRY(impl_->keyring->create_key(kKeyringName));
  SEALANE_ASSIGN(const keys::KeyInfo info, impl_->keyring->find(kKeyringName));
  const std::uint32_t epoch = info.epochs.back().number;
  SEALANE_ASSIGN(const Secret sealing_key, impl_->sealing_key(epoch));
  NewAccessKey out;
  out.key = {.id = new_id(), .principal = principal, .created = now};
  out.secret = new_secret();
  out.key.last_four = to_text(out.secret.reveal().last(4));
  Bytes sealed(crypto::kAesGcmIvBytes + out.secret.size() + crypto::kAesGcmTagBytes);
  const MutableByteSpan to(sealed);
  crypto::random_bytes(to.first(crypto::kAesGcmIvBytes));
  crypto::AesGcm gcm;
  gcm.set_key(sealing_key.reveal());
  gcm.seal(to.first(crypto::kAesGcmIvBytes), binding_of(out.key.id, uri), out.secret.reveal(),
           to.subspan(crypto::kAesGcmIvBytes, out.secret.size()), to.last(crypto::kAesGcmTagBytes));
  {
    SEALANE_ASSIGN(auto insert, impl_->database->prepare(
                                    "INSERT INTO access_key VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6)"));
    insert.bind(1, std::string_view(out.key.id)).bind(2, std::string_view(uri));
    insert.bind(3, now.time_since_epoch().count())
        .bind(4, std::string_view(out.key.last_four))
        .bind(5, std::int64_t{epoch})
        .bind(6, ByteSpan(sealed));
    SEALANE_TRY(insert.run());
  }
  SEALANE_TRY(impl_->commit(transaction));
  return out;
}

Result<std::vector<AccessKey>> AccessKeys::list() {
  SEALANE_ASSIGN(auto select,
                 impl_->database->prepare("SELECT id, principal, state, created_us, last_four FROM "
                                          "access_key ORDER BY principal, created_us, id"));
  std::vector<AccessKey> out;
  for (;;) {
    SEALANE_ASSIGN(const bool row, select.step());
    if (!row) return out;
    SEALANE_ASSIGN(AccessKey key, key_of(select));
    out.push_back(std::move(key));
  }
}

Result<std::optional<AccessKey>> AccessKeys::find(const std::string& id) {
  SEALANE_ASSIGN(auto select,
                 impl_->database->prepare("SELECT id, principal, state, created_us, last_four FROM "
                                          "access_key WHERE id = ?1"));
  select.bind(1, std::string_view(id));
  SEALANE_ASSIGN(const bool row, select.step());
  if (!row) return std::optional<AccessKey>();
  SEALANE_ASSIGN(AccessKey key, key_of(select));
  return std::optional<AccessKey>(std::move(key));
}

Status AccessKeys::set_state(const std::string& id, AccessKeyState state) {
  return impl_->change(state == AccessKeyState::Active
                           ? "UPDATE access_key SET state = 1 WHERE id = ?1"
                           : "UPDATE access_key SET state = 0 WHERE id = ?1",
                       id);
}

Status AccessKeys::remove(const std::string& id) {
  return impl_->change("DELETE FROM access_key WHERE id = ?1", id);
}

Result<Secret> AccessKeys::secret_of(const std::string& id) {
  SEALANE_ASSIGN(auto select,
                 impl_->database->prepare(
                     "SELECT principal, state, epoch, sealed FROM access_key WHERE id = ?1"));
  select.bind(1, std::string_view(id));
  SEALANE_ASSIGN(const bool row, select.step());
  if (!row) return no_such_key(id);
  if (select.integer(1) != 1)
    return fail(ErrorKind::Denied, "the access key `" + id + "` is inactive");
  const Bytes sealed = select.blob(3);
  constexpr std::size_t kAround = crypto::kAesGcmIvBytes + crypto::kAesGcmTagBytes;
  const auto damaged = [&] {
    return fail(ErrorKind::Corrupt, "the secret of access key `" + id + "` does not open");
  };
  if (sealed.size() < kAround || select.integer(2) < 1 ||
      select.integer(2) > std::int64_t{std::numeric_limits<std::uint32_t>::max()})
    return damaged();
  const auto sealing_key = impl_->sealing_key(static_cast<std::uint32_t>(select.integer(2)));
  if (!sealing_key.ok()) return damaged();  // it was sealed under another keyring
  Secret out = Secret::zeros(sealed.size() - kAround);
  const ByteSpan from(sealed);
  crypto::AesGcm gcm;
  gcm.set_key(sealing_key->reveal());
  if (!gcm.open(from.first(crypto::kAesGcmIvBytes), binding_of(id, select.text(0)),
                from.subspan(crypto::kAesGcmIvBytes, out.size()),
                from.last(crypto::kAesGcmTagBytes), out.reveal_mutable()))
    return damaged();
  return out;
}

Result<std::uint64_t> AccessKeys::generation() {
  SEALANE_ASSIGN(const std::int64_t value, impl_->number("SELECT generation FROM head"));
  return static_cast<std::uint64_t>(value);
}

}  // namespace sealane::identity
