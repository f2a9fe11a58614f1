// SPDX-License-Identifier: Apache-2.0
#include "identity/registry.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/json.h"
#include "db/database.h"
#include "identity/identity.h"

namespace sealane::identity {
namespace {

constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS device ("
    " certificate_sha256 TEXT PRIMARY KEY, thing TEXT NOT NULL, serial TEXT NOT NULL,"
    " not_after_us INTEGER NOT NULL, attributes TEXT NOT NULL, revoked INTEGER NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS device_thing ON device (thing);"
    "CREATE TABLE IF NOT EXISTS registry (id INTEGER PRIMARY KEY CHECK (id = 1),"
    " format INTEGER NOT NULL, generation INTEGER NOT NULL) STRICT;"
    "INSERT OR IGNORE INTO registry (id, format, generation) VALUES (1, 1, 0);";
constexpr std::int64_t kFormat = 1;
constexpr std::string_view kColumns =
    "SELECT thing, certificate_sha256, serial, not_after_us, attributes, revoked FROM device ";

std::string to_json(const std::vector<std::pair<std::string, std::string>>& attributes) {
  json::Writer w;
  w.begin_object();
  for (const auto& attribute : attributes) w.field(attribute.first, attribute.second);
  return w.end_object().str();
}

Result<Device> device_of(const db::Statement& row) {
  Device device{.thing = row.text(0),
                .certificate_sha256 = row.text(1),
                .serial = row.text(2),
                .not_after = Time(Duration(row.integer(3))),
                .state = row.integer(5) != 0 ? DeviceState::Revoked : DeviceState::Active};
  const auto parsed = json::parse(row.text(4), {.file = "registry"});
  const json::Value::Object* members = parsed.value ? parsed.value->object() : nullptr;
  if (members == nullptr)
    return fail(ErrorKind::Corrupt, "the registry's entry of `" + device.thing + "` is damaged");
  for (const json::Member& member : *members) {
    const std::string* text = member.value.text();
    if (text == nullptr)
      return fail(ErrorKind::Corrupt, "the registry's entry of `" + device.thing + "` is damaged");
    device.attributes.emplace_back(member.name, *text);
  }
  return device;
}

bool is_sha256(const std::string& text) {
  if (text.size() != 64) return false;
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

Status check_device(const Device& device, const Registry::Limits& limits) {
  if (!is_name(device.thing))
    return fail(ErrorKind::Invalid, "`" + device.thing + "` is no name of a thing");
  if (!is_sha256(device.certificate_sha256)) {
    return fail(ErrorKind::Invalid,
                "`" + device.certificate_sha256 + "` is no SHA-256 in lower-case hex");
  }
  if (device.attributes.size() > limits.attributes_max) {
    return fail(ErrorKind::TooLarge, "`" + device.thing + "` has too many attributes");
  }
  for (std::size_t i = 0; i < device.attributes.size(); ++i) {
    const auto& attribute = device.attributes[i];
    if (!is_name(attribute.first))
      return fail(ErrorKind::Invalid, "`" + attribute.first + "` is no attribute name");
    if (attribute.second.size() > limits.attribute_bytes_max) {
      return fail(ErrorKind::TooLarge, "attribute `" + attribute.first + "` is too long");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (device.attributes[j].first == attribute.first) {
        return fail(ErrorKind::Invalid, "attribute `" + attribute.first + "` is given twice");
      }
    }
  }
  return {};
}

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

  Status bump() {
    SEALANE_ASSIGN(auto statement,
                   database->prepare("UPDATE registry SET generation = generation + 1"));
    return statement.run();
  }
  Result<std::int64_t> number(std::string_view sql) {
    SEALANE_ASSIGN(auto statement, database->prepare(sql));
    SEALANE_ASSIGN(const bool row, statement.step());
    if (!row) return fail(ErrorKind::Corrupt, "the registry has no head");
    return statement.integer(0);
  }
};

Registry::Registry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Registry::Registry(Registry&&) noexcept = default;
Registry& Registry::operator=(Registry&&) noexcept = default;
Registry::~Registry() = default;

Result<Registry> Registry::open(const std::string& path, Limits limits) {
  SEALANE_ASSIGN(auto database, db::Database::open(path));
  SEALANE_TRY(database->run(kSchema));
  Registry registry(std::make_unique<Impl>(Impl{std::move(database), limits}));
  SEALANE_ASSIGN(const std::int64_t format, registry.impl_->number("SELECT format FROM registry"));
  if (format != kFormat)
    return fail(ErrorKind::Unsupported, fmt::format("the registry has format {}", format));
  return registry;
}

Status Registry::add(const Device& device) {
  SEALANE_TRY(check_device(device, impl_->limits));
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*impl_->database));
  SEALANE_ASSIGN(const std::int64_t count, impl_->number("SELECT count(*) FROM device"));
  if (std::cmp_greater_equal(count, impl_->limits.devices_max)) {
    return fail(ErrorKind::TooLarge, fmt::format("the registry holds {} entries already", count));
  }
  {
    SEALANE_ASSIGN(auto insert,
                   impl_->database->prepare("INSERT INTO device VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
    insert.bind(1, std::string_view(device.certificate_sha256))
        .bind(2, std::string_view(device.thing));
    insert.bind(3, std::string_view(device.serial))
        .bind(4, device.not_after.time_since_epoch().count());
    insert.bind(5, std::string_view(to_json(device.attributes)));
    insert.bind(6, std::int64_t{device.state == DeviceState::Revoked ? 1 : 0});
    if (auto inserted = insert.run(); !inserted.ok()) {
      if (inserted.error().kind != ErrorKind::Conflict) return inserted;
      return fail(ErrorKind::Conflict,
                  "the certificate " + device.certificate_sha256 + " is registered already");
    }
  }
  SEALANE_TRY(impl_->bump());
  return transaction.commit();
}

Status Registry::revoke(const std::string& thing) {
  SEALANE_ASSIGN(auto transaction, db::Transaction::begin(*impl_->database));
  {
    SEALANE_ASSIGN(auto update,
                   impl_->database->prepare("UPDATE device SET revoked = 1 WHERE thing = ?1"));
    update.bind(1, std::string_view(thing));
    SEALANE_TRY(update.run());
  }
  if (impl_->database->changes() == 0)
    return fail(ErrorKind::NotFound, "no thing `" + thing + "` is registered");
  SEALANE_TRY(impl_->bump());
  return transaction.commit();
}

Result<std::vector<Device>> Registry::list() {
  SEALANE_ASSIGN(auto select, impl_->database->prepare(std::string(kColumns) +
                                                       "ORDER BY thing, certificate_sha256"));
  std::vector<Device> out;
  for (;;) {
    SEALANE_ASSIGN(const bool row, select.step());
    if (!row) return out;
    SEALANE_ASSIGN(Device device, device_of(select));
    out.push_back(std::move(device));
  }
}

Result<std::optional<Device>> Registry::find(const std::string& certificate_sha256) {
  SEALANE_ASSIGN(auto select,
                 impl_->database->prepare(std::string(kColumns) + "WHERE certificate_sha256 = ?1"));
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
