// SPDX-License-Identifier: Apache-2.0
#include "identity/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "base/json.h"
#include "base/utf8.h"
#include "db/database.h"
#include "identity/identity.h"

namespace sealane::identity {
namespace {

constexpr std::int64_t kFormat = 2;
constexpr const char* kSchema =
    "CREATE TABLE thing (name TEXT PRIMARY KEY, type TEXT NOT NULL, group_names TEXT NOT NULL,"
    " attributes TEXT NOT NULL) STRICT;"
    "CREATE TABLE certificate (sha256 TEXT PRIMARY KEY,"
    " thing TEXT NOT NULL REFERENCES thing (name), serial TEXT NOT NULL, issuer INTEGER NOT NULL,"
    " not_after_us INTEGER NOT NULL, revoked_us INTEGER, reason INTEGER NOT NULL) STRICT;"
    "CREATE INDEX certificate_thing ON certificate (thing);"
    "CREATE TABLE revoked_node (serial TEXT PRIMARY KEY, not_after_us INTEGER NOT NULL,"
    " revoked_us INTEGER NOT NULL, reason INTEGER NOT NULL) STRICT;";
constexpr const char* kHead =
    "CREATE TABLE registry (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL,"
    " generation INTEGER NOT NULL, crl_number INTEGER NOT NULL DEFAULT 0) STRICT;"
    "INSERT INTO registry (id, format, generation) VALUES (1, 2, 0);";
// Format 1 had one table, `device`, with the attributes in each row: those of the row that came
// last are the thing's.  It did not keep when a certificate was revoked; the time of this change is
// the latest it can have been.
constexpr const char* kFromFormat1 =
    "ALTER TABLE registry ADD COLUMN crl_number INTEGER NOT NULL DEFAULT 0;"
    "INSERT INTO thing SELECT thing, '', '[]', attributes FROM device"
    " WHERE rowid IN (SELECT max(rowid) FROM device GROUP BY thing);"
    "INSERT INTO certificate SELECT certificate_sha256, thing, serial, 0, not_after_us,"
    " CASE revoked WHEN 0 THEN NULL ELSE strftime('%s', 'now') * 1000000 END, 0 FROM device;"
    "DROP TABLE device;"
    "UPDATE registry SET format = 2, generation = generation + 1;";
constexpr std::string_view kSelect =
    "SELECT c.thing, c.sha256, c.serial, c.not_after_us, t.attributes, c.revoked_us, t.type,"
    " t.group_names, c.issuer, c.reason FROM certificate c JOIN thing t ON t.name = c.thing ";
constexpr std::string_view kSelectFormat1 =
    "SELECT thing, certificate_sha256 AS sha256, serial, not_after_us, attributes,"
    " CASE revoked WHEN 0 THEN NULL ELSE 0 END, '', '[]', 0, 0 FROM device ";

std::string to_json(const std::vector<std::pair<std::string, std::string>>& attributes) {
  json::Writer w;
  w.begin_object();
  for (const auto& attribute : attributes) w.field(attribute.first, attribute.second);
  return w.end_object().str();
}

std::string to_json(const std::vector<std::string>& groups) {
  json::Writer w;
  w.begin_array();
  for (const std::string& group : groups) w.value(group);
  return w.end_array().str();
}

Error damaged(const std::string& thing) {
  return fail(ErrorKind::Corrupt, "the registry's entry of `" + thing + "` is damaged");
}

crypto::RevocationReason reason_of(std::int64_t stored) {
  for (const crypto::RevocationReason reason : crypto::kRevocationReasons)
    if (static_cast<std::int64_t>(reason) == stored) return reason;
  return crypto::RevocationReason::Unspecified;
}

// The facts in the columns `type`, `group_names` and `attributes` of a row.
Result<ThingFacts> facts_of(const std::string& thing, std::string type, const std::string& groups,
                            const std::string& attributes) {
  ThingFacts out{.type = std::move(type)};
  const auto list = json::parse(groups, {.file = "registry"});
  const json::Value::Array* items = list.value ? list.value->array() : nullptr;
  if (items == nullptr) return damaged(thing);
  for (const json::Value& item : *items) {
    if (item.text() == nullptr) return damaged(thing);
    out.groups.push_back(*item.text());
  }
  const auto parsed = json::parse(attributes, {.file = "registry"});
  const json::Value::Object* members = parsed.value ? parsed.value->object() : nullptr;
  if (members == nullptr) return damaged(thing);
  for (const json::Member& member : *members) {
    if (member.value.text() == nullptr) return damaged(thing);
    out.attributes.emplace_back(member.name, *member.value.text());
  }
  return out;
}

Result<Device> device_of(const db::Statement& row) {
  Device device{.thing = row.text(0),
                .certificate_sha256 = row.text(1),
                .serial = row.text(2),
                .not_after = Time(Duration(row.integer(3)))};
  if (!row.is_null(5)) {
    device.state = DeviceState::Revoked;
    device.revoked_at = Time(Duration(row.integer(5)));
  }
  device.issuer = row.integer(8) == 0 ? Issuer::Own : Issuer::External;
  device.reason = reason_of(row.integer(9));
  SEALANE_ASSIGN(ThingFacts facts, facts_of(device.thing, row.text(6), row.text(7), row.text(4)));
  device.type = std::move(facts.type);
  device.groups = std::move(facts.groups);
  device.attributes = std::move(facts.attributes);
  return device;
}

bool is_sha256(const std::string& text) {
  if (text.size() != 64) return false;
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

void tidy_groups(std::vector<std::string>& groups) {
  std::ranges::sort(groups);
  groups.erase(std::ranges::unique(groups).begin(), groups.end());
}

Status check_facts(const std::string& thing, const ThingFacts& facts,
                   const Registry::Limits& limits) {
  if (!facts.type.empty() && !is_name(facts.type))
    return fail(ErrorKind::Invalid, "`" + facts.type + "` is no name of a thing type");
  if (facts.groups.size() > limits.groups_max)
    return fail(ErrorKind::TooLarge, fmt::format("`{}` would be in {} groups, more than {}", thing,
                                                 facts.groups.size(), limits.groups_max));
  for (const std::string& group : facts.groups)
    if (!is_name(group)) return fail(ErrorKind::Invalid, "`" + group + "` is no name of a group");
  if (facts.attributes.size() > limits.attributes_max) {
    return fail(ErrorKind::TooLarge, "`" + thing + "` has too many attributes");
  }
  std::set<std::string_view> seen;
  for (const auto& [name, value] : facts.attributes) {
    if (!is_name(name)) return fail(ErrorKind::Invalid, "`" + name + "` is no attribute name");
    if (value.size() > limits.attribute_bytes_max)
      return fail(ErrorKind::TooLarge, "attribute `" + name + "` is too long");
    if (!is_utf8(value)) return fail(ErrorKind::Invalid, "attribute `" + name + "` is not UTF-8");
    if (!seen.insert(name).second)
      return fail(ErrorKind::Invalid, "attribute `" + name + "` is given twice");
  }
  return {};
}

ThingFacts facts_in(const Device& device) {
  ThingFacts out{.type = device.type, .groups = device.groups, .attributes = device.attributes};
  tidy_groups(out.groups);
  return out;
}

Status check_device(const Device& device, const Registry::Limits& limits) {
  if (!is_name(device.thing))
    return fail(ErrorKind::Invalid, "`" + device.thing + "` is no name of a thing");
  if (!is_sha256(device.certificate_sha256)) {
    return fail(ErrorKind::Invalid,
                "`" + device.certificate_sha256 + "` is no SHA-256 in lower-case hex");
  }
  return check_facts(device.thing, facts_in(device), limits);
}

std::int64_t micros_of(Time time) { return time.time_since_epoch().count(); }

}  // namespace

RegistrySnapshot::RegistrySnapshot(std::uint64_t generation, std::vector<Device> devices)
    : generation_(generation) {
  by_sha256_.reserve(devices.size());
  for (Device& device : devices) {
    std::string key = device.certificate_sha256;
    by_sha256_.insert_or_assign(std::move(key), std::move(device));
  }
}

const Device* RegistrySnapshot::find(const std::string& certificate_sha256) const {
  const auto found = by_sha256_.find(certificate_sha256);
  return found == by_sha256_.end() ? nullptr : &found->second;
}

struct Registry::Impl {
  std::unique_ptr<db::Database> database;
  Limits limits;

  // Ends a change.  Result: the new generation.
  Result<std::uint64_t> commit(db::Transaction& transaction) {
    {
      SEALANE_ASSIGN(auto statement,
                     database->prepare("UPDATE registry SET generation = generation + 1"));
      SEALANE_TRY(statement.run());
    }
    SEALANE_ASSIGN(const std::int64_t generation, number("SELECT generation FROM registry"));
    SEALANE_TRY(transaction.commit());
    return static_cast<std::uint64_t>(generation);
  }
  Result<std::int64_t> number(std::string_view sql) {
    SEALANE_ASSIGN(auto statement, database->prepare(sql));
    SEALANE_ASSIGN(const bool row, statement.step());
    if (!row) return fail(ErrorKind::Corrupt, "the registry has no head");
    return statement.integer(0);
  }
  Result<std::string_view> select() {
    SEALANE_ASSIGN(const std::int64_t format, number("SELECT format FROM registry"));
    if (format == 1) return kSelectFormat1;
    if (format == kFormat) return kSelect;
    return fail(ErrorKind::Unsupported, fmt::format("the registry has format {}", format),
                "it was changed by a later version; use that one");
  }
  Status prepare_file();
  Result<std::optional<ThingFacts>> facts(const std::string& thing);
  Status write_facts(const std::string& thing, const ThingFacts& facts, IfThingExists if_exists);
};

// Makes the tables, or brings those of format 1 up to date.
Status Registry::Impl::prepare_file() {
  constexpr std::string_view kTables =
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'registry'";
  SEALANE_ASSIGN(const std::int64_t before, number(kTables));
  if (before == 1) {
    SEALANE_ASSIGN(const std::int64_t format, number("SELECT format FROM registry"));
    if (format == kFormat) return {};
  }
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*database));
  // Again: another process may have done it in between.
  SEALANE_ASSIGN(const std::int64_t tables, number(kTables));
  if (tables == 0) {
    SEALANE_TRY(database->run(std::string(kSchema) + kHead));
    return transaction.commit();
  }
  SEALANE_ASSIGN(const std::int64_t format, number("SELECT format FROM registry"));
  if (format == kFormat) return {};
  if (format != 1)
    return fail(ErrorKind::Unsupported, fmt::format("the registry has format {}", format),
                "it was changed by a later version; use that one");
  SEALANE_TRY(database->run(std::string(kSchema) + kFromFormat1));
  return transaction.commit();
}

Result<std::optional<ThingFacts>> Registry::Impl::facts(const std::string& thing) {
  SEALANE_ASSIGN(
      auto select,
      database->prepare("SELECT type, group_names, attributes FROM thing WHERE name = ?1"));
  select.bind(1, std::string_view(thing));
  SEALANE_ASSIGN(const bool row, select.step());
  if (!row) return std::optional<ThingFacts>();
  SEALANE_ASSIGN(ThingFacts out, facts_of(thing, select.text(0), select.text(1), select.text(2)));
  return std::optional<ThingFacts>(std::move(out));
}

Status Registry::Impl::write_facts(const std::string& thing, const ThingFacts& facts,
                                   IfThingExists if_exists) {
  SEALANE_ASSIGN(
      auto insert,
      database->prepare(if_exists == IfThingExists::Keep
                            ? "INSERT OR IGNORE INTO thing VALUES (?1, ?2, ?3, ?4)"
                            : "INSERT INTO thing VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO "
                              "UPDATE SET type = ?2, group_names = ?3, attributes = ?4"));
  insert.bind(1, std::string_view(thing)).bind(2, std::string_view(facts.type));
  insert.bind(3, std::string_view(to_json(facts.groups)));
  insert.bind(4, std::string_view(to_json(facts.attributes)));
  return insert.run();
}

Registry::Registry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Registry::Registry(Registry&&) noexcept = default;
Registry& Registry::operator=(Registry&&) noexcept = default;
Registry::~Registry() = default;

Result<Registry> Registry::open(const std::string& path, Limits limits) {
  SEALANE_ASSIGN(auto database, db::Database::open(path));
  Registry registry(std::make_unique<Impl>(Impl{std::move(database), limits}));
  SEALANE_TRY(registry.impl_->prepare_file());
  return registry;
}

Status Registry::add(std::span<const Device> devices, IfThingExists if_exists) {
  for (const Device& device : devices) SEALANE_TRY(check_device(device, impl_->limits));
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*impl_->database));
  SEALANE_ASSIGN(const std::int64_t count, impl_->number("SELECT count(*) FROM certificate"));
  if (std::cmp_greater(static_cast<std::uint64_t>(count) + devices.size(),
                       impl_->limits.devices_max)) {
    return fail(ErrorKind::TooLarge, fmt::format("the registry holds {} entries already", count));
  }
  {
    SEALANE_ASSIGN(auto insert, impl_->database->prepare(
                                    "INSERT INTO certificate VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
    for (const Device& device : devices) {
      SEALANE_TRY(impl_->write_facts(device.thing, facts_in(device), if_exists));
      insert.bind(1, std::string_view(device.certificate_sha256))
          .bind(2, std::string_view(device.thing))
          .bind(3, std::string_view(device.serial))
          .bind(4, std::int64_t{device.issuer == Issuer::Own ? 0 : 1})
          .bind(5, micros_of(device.not_after));
      if (device.state == DeviceState::Revoked)
        insert.bind(6, micros_of(device.revoked_at));
      else
        insert.bind_null(6);
      insert.bind(7, static_cast<std::int64_t>(device.reason));
      if (auto inserted = insert.run(); !inserted.ok()) {
        if (inserted.error().kind != ErrorKind::Conflict) return inserted;
        return fail(ErrorKind::Conflict,
                    "the certificate " + device.certificate_sha256 + " is registered already");
      }
    }
  }
  SEALANE_ASSIGN([[maybe_unused]] const std::uint64_t generation, impl_->commit(transaction));
  return {};
}

Result<std::uint64_t> Registry::set(const std::string& thing, const ThingChange& change) {
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*impl_->database));
  SEALANE_ASSIGN(std::optional<ThingFacts> facts, impl_->facts(thing));
  if (!facts) return fail(ErrorKind::NotFound, "no thing `" + thing + "` is registered");
  if (change.type) facts->type = *change.type;
  if (change.groups) {
    facts->groups = *change.groups;
    tidy_groups(facts->groups);
  }
  for (const std::string& name : change.attributes_removed)
    std::erase_if(facts->attributes, [&](const auto& each) { return each.first == name; });
  for (const auto& [name, value] : change.attributes) {
    const auto at =
        std::ranges::find(facts->attributes, name, &std::pair<std::string, std::string>::first);
    if (at == facts->attributes.end())
      facts->attributes.emplace_back(name, value);
    else
      at->second = value;
  }
  SEALANE_TRY(check_facts(thing, *facts, impl_->limits));
  SEALANE_TRY(impl_->write_facts(thing, *facts, IfThingExists::Replace));
  return impl_->commit(transaction);
}

Result<std::uint64_t> Registry::revoke(const std::string& thing, const Revocation& revocation) {
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*impl_->database));
  SEALANE_ASSIGN(const std::optional<ThingFacts> facts, impl_->facts(thing));
  if (!facts) return fail(ErrorKind::NotFound, "no thing `" + thing + "` is registered");
  {
    SEALANE_ASSIGN(auto update,
                   impl_->database->prepare("UPDATE certificate SET revoked_us = ?2, reason = ?3"
                                            " WHERE thing = ?1 AND revoked_us IS NULL"));
    update.bind(1, std::string_view(thing)).bind(2, micros_of(revocation.at));
    update.bind(3, static_cast<std::int64_t>(revocation.reason));
    SEALANE_TRY(update.run());
  }
  return impl_->commit(transaction);
}

Result<std::uint64_t> Registry::revoke_certificate(const std::string& certificate_sha256,
                                                   const Revocation& revocation) {
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*impl_->database));
  {
    SEALANE_ASSIGN(auto update,
                   impl_->database->prepare(
                       "UPDATE certificate SET reason = iif(revoked_us IS NULL, ?3, reason),"
                       " revoked_us = coalesce(revoked_us, ?2) WHERE sha256 = ?1"));
    update.bind(1, std::string_view(certificate_sha256)).bind(2, micros_of(revocation.at));
    update.bind(3, static_cast<std::int64_t>(revocation.reason));
    SEALANE_TRY(update.run());
  }
  if (impl_->database->changes() == 0)
    return fail(ErrorKind::NotFound, "no certificate " + certificate_sha256 + " is registered");
  return impl_->commit(transaction);
}

Status Registry::revoke_node_certificate(const RevokedCertificate& certificate) {
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*impl_->database));
  {
    SEALANE_ASSIGN(auto insert, impl_->database->prepare(
                                    "INSERT OR IGNORE INTO revoked_node VALUES (?1, ?2, ?3, ?4)"));
    insert.bind(1, std::string_view(certificate.serial))
        .bind(2, micros_of(certificate.not_after))
        .bind(3, micros_of(certificate.revocation.at))
        .bind(4, static_cast<std::int64_t>(certificate.revocation.reason));
    SEALANE_TRY(insert.run());
  }
  SEALANE_ASSIGN([[maybe_unused]] const std::uint64_t generation, impl_->commit(transaction));
  return {};
}

Result<std::vector<RevokedCertificate>> Registry::revoked(Time now) {
  SEALANE_ASSIGN(auto select,
                 impl_->database->prepare(
                     "SELECT serial, not_after_us, revoked_us, reason FROM certificate"
                     " WHERE issuer = 0 AND revoked_us IS NOT NULL AND not_after_us > ?1"
                     " UNION ALL SELECT serial, not_after_us, revoked_us, reason FROM revoked_node"
                     " WHERE not_after_us > ?1 ORDER BY 1"));
  select.bind(1, micros_of(now));
  std::vector<RevokedCertificate> out;
  for (;;) {
    SEALANE_ASSIGN(const bool row, select.step());
    if (!row) return out;
    out.push_back({.serial = select.text(0),
                   .not_after = Time(Duration(select.integer(1))),
                   .revocation = {.at = Time(Duration(select.integer(2))),
                                  .reason = reason_of(select.integer(3))}});
  }
}

Result<std::uint64_t> Registry::next_crl_number() {
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*impl_->database));
  SEALANE_TRY(impl_->database->run("UPDATE registry SET crl_number = crl_number + 1"));
  SEALANE_ASSIGN(const std::int64_t number, impl_->number("SELECT crl_number FROM registry"));
  SEALANE_TRY(transaction.commit());
  return static_cast<std::uint64_t>(number);
}

Result<std::optional<ThingFacts>> Registry::find_thing(const std::string& thing) {
  return impl_->facts(thing);
}

Result<std::vector<Device>> Registry::list() {
  SEALANE_ASSIGN(const std::string_view sql, impl_->select());
  SEALANE_ASSIGN(auto select,
                 impl_->database->prepare(std::string(sql) + "ORDER BY thing, sha256"));
  std::vector<Device> out;
  for (;;) {
    SEALANE_ASSIGN(const bool row, select.step());
    if (!row) return out;
    SEALANE_ASSIGN(Device device, device_of(select));
    out.push_back(std::move(device));
  }
}

Result<std::optional<Device>> Registry::find(const std::string& certificate_sha256) {
  SEALANE_ASSIGN(const std::string_view sql, impl_->select());
  SEALANE_ASSIGN(auto select, impl_->database->prepare(std::string(sql) + "WHERE sha256 = ?1"));
  select.bind(1, std::string_view(certificate_sha256));
  SEALANE_ASSIGN(const bool row, select.step());
  if (!row) return std::optional<Device>();
  SEALANE_ASSIGN(Device device, device_of(select));
  return std::optional<Device>(std::move(device));
}

Result<std::uint64_t> Registry::generation() {
  SEALANE_ASSIGN(const std::int64_t value, impl_->number("SELECT generation FROM registry"));
  return static_cast<std::uint64_t>(value);
}

Result<std::shared_ptr<const RegistrySnapshot>> Registry::snapshot() {
  // The generation first: a change in between makes the snapshot look old, and it is read again.
  SEALANE_ASSIGN(const std::uint64_t at, generation());
  SEALANE_ASSIGN(std::vector<Device> devices, list());
  return std::make_shared<const RegistrySnapshot>(at, std::move(devices));
}

RegistryReader::RegistryReader(std::string path, Registry registry)
    : path_(std::move(path)), registry_(std::make_unique<Registry>(std::move(registry))) {}
RegistryReader::RegistryReader(RegistryReader&&) noexcept = default;
RegistryReader& RegistryReader::operator=(RegistryReader&&) noexcept = default;
RegistryReader::~RegistryReader() = default;

Result<RegistryReader> RegistryReader::open(const std::string& path) {
  SEALANE_ASSIGN(auto database, db::Database::open(path, {.create = false, .read_only = true}));
  RegistryReader reader(path, Registry(std::make_unique<Registry::Impl>(
                                  Registry::Impl{std::move(database), Registry::Limits()})));
  SEALANE_ASSIGN(reader.current_, reader.registry_->snapshot());
  return reader;
}

Result<bool> RegistryReader::refresh() {
  if (registry_->impl_->database->has_moved()) {
    SEALANE_ASSIGN(RegistryReader anew, open(path_));
    *this = std::move(anew);
    return true;
  }
  SEALANE_ASSIGN(const std::uint64_t now, registry_->generation());
  if (now == current_->generation()) return false;
  SEALANE_ASSIGN(current_, registry_->snapshot());
  return true;
}

}  // namespace sealane::identity
