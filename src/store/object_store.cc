// SPDX-License-Identifier: Apache-2.0
#include "store/object_store.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"

namespace sealane::store {
namespace {

constexpr std::string_view kTemporary = ".tmp";
constexpr std::string_view kMeta = ".meta";
constexpr std::size_t kChunkBytes = 200;  // of an encoded key in one path component
constexpr char kContinues = '~';          // ends a folder's name
constexpr char kContinued = '+';          // begins every component but the first
constexpr std::uint64_t kMetaBytesMax = 64u << 10;
constexpr std::size_t kReadBytes = 1u << 20;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

template <class T>
bool parse_number(std::string_view text, T& value) {
  const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
  return done.ec == std::errc() && done.ptr == text.data() + text.size();
}

std::string encode_info(const ObjectInfo& info) {
  json::Writer writer;
  writer.begin_object()
      .field("key", info.key)
      .field("size", info.size)
      .field("md5", info.etag)
      .field("sha256", to_hex(info.sha256))
      .field("created_us", static_cast<std::int64_t>(info.created.time_since_epoch().count()))
      .end_object();
  return writer.str() + "\n";
}

std::optional<ObjectInfo> decode_info(std::string_view text, std::string_view key) {
  auto parsed = json::parse(text);
  if (!parsed.value) return std::nullopt;
  const json::Value* size = parsed.value->find("size");
  const json::Value* created = parsed.value->find("created_us");
  auto sha256 = from_hex(parsed.value->text_or_empty("sha256"));
  ObjectInfo info;
  info.key = std::string(key);
  info.etag = std::string(parsed.value->text_or_empty("md5"));
  std::int64_t micros = 0;
  if (size == nullptr || size->number() == nullptr || created == nullptr ||
      created->number() == nullptr || !sha256 || sha256->size() != info.sha256.size() ||
      info.etag.size() != 32 || parsed.value->text_or_empty("key") != key ||
      !parse_number(size->number()->lexeme, info.size) ||
      !parse_number(created->number()->lexeme, micros))
    return std::nullopt;
  copy_bytes(info.sha256, *sha256);
  info.created = Time(Duration(micros));
  return info;
}

}  // namespace

ObjectPut::ObjectPut(ObjectStore& store, std::string key, std::string temporary,
                     std::unique_ptr<File> file)
    : store_(store),
      key_(std::move(key)),
      temporary_(std::move(temporary)),
      file_(std::move(file)) {}

ObjectPut::~ObjectPut() { abort(); }

void ObjectPut::abort() {
  if (temporary_.empty()) return;
  file_.reset();
  // What stays behind is removed at the next open().
  static_cast<void>(store_.env_.remove(temporary_).ok());
  temporary_.clear();
}

Status ObjectPut::append(ByteSpan data) {
  if (file_ == nullptr) return fail(ErrorKind::Unavailable, "the put was given up");
  if (digests_) return fail(ErrorKind::Conflict, "the object is complete already");
  if (size_ + data.size() > store_.limits_.object_bytes_max) {
    abort();
    return fail(
        ErrorKind::TooLarge,
        "the object has more than " + std::to_string(store_.limits_.object_bytes_max) + " bytes");
  }
  if (Status appended = file_->append(data); !appended.ok()) {
    abort();
    return appended;
  }
  size_ += data.size();
  sha256_.update(data);
  md5_.update(data);
  return {};
}

const ObjectDigests& ObjectPut::digests() {
  if (!digests_) digests_ = ObjectDigests{.sha256 = sha256_.finish(), .md5 = md5_.finish()};
  return *digests_;
}

Result<ObjectInfo> ObjectPut::commit(Time now) {
  if (file_ == nullptr) return fail(ErrorKind::Unavailable, "the put was given up");
  ObjectInfo info;
  info.key = key_;
  info.size = size_;
  info.etag = to_hex(digests().md5);
  info.sha256 = digests().sha256;
  info.created = now;
  Status synced = file_->sync();
  file_.reset();
  auto published = synced.ok() ? store_.publish(temporary_, info)
                               : Result<ObjectInfo>(std::move(synced).error());
  if (published.ok()) temporary_.clear();
  abort();
  return published;
}

Result<std::unique_ptr<ObjectStore>> ObjectStore::open(Env& env, std::string folder,
                                                       const ObjectStoreLimits& limits) {
  std::unique_ptr<ObjectStore> store(new ObjectStore(env, std::move(folder), limits));
  const std::string& root = store->folder_;
  const std::string temporary = root + "/" + std::string(kTemporary);
  SEALANE_TRY(env.make_folder(root));
  SEALANE_TRY(env.make_folder(temporary));
  SEALANE_TRY(env.make_folder(root + "/" + std::string(kMeta)));
  SEALANE_TRY(env.sync_folder(folder_of(root)));
  SEALANE_TRY(env.sync_folder(root));
  SEALANE_ASSIGN(auto leftovers, env.list(temporary));
  for (const std::string& name : leftovers) SEALANE_TRY(env.remove(temporary + "/" + name));
  return store;
}

ObjectStore::ObjectStore(Env& env, std::string folder, const ObjectStoreLimits& limits)
    : env_(env), folder_(std::move(folder)), limits_(limits) {}

Result<std::string> ObjectStore::file_name(std::string_view key, const ObjectStoreLimits& limits) {
  if (key.empty() || key.size() > limits.key_bytes_max)
    return fail(ErrorKind::Invalid,
                "a key has 1 to " + std::to_string(limits.key_bytes_max) + " bytes");
  std::string encoded;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (is_plain(key[i]) && !(i == 0 && key[i] == '.')) {
      encoded.push_back(key[i]);
    } else {
      encoded.push_back('%');
      encoded += to_hex(as_bytes(key.substr(i, 1)));
    }
  }
  std::string out;
  for (std::size_t at = 0; at < encoded.size(); at += kChunkBytes) {
    if (at > 0) {
      out.push_back(kContinues);
      out.push_back('/');
      out.push_back(kContinued);
    }
    out += encoded.substr(at, kChunkBytes);
  }
  return out;
}

std::optional<std::string> ObjectStore::key_of(std::string_view file_name) {
  std::string key;
  for (std::size_t i = 0; i < file_name.size(); ++i) {
    const char c = file_name[i];
    if (c == kContinues && file_name.substr(i + 1).starts_with("/+")) {
      i += 2;
    } else if (c == '%') {
      // A chunk may end inside an escape.
      std::string digits;
      while (digits.size() < 2 && i + 1 < file_name.size()) {
        if (file_name.substr(i + 1).starts_with("~/+")) i += 3;
        if (i + 1 < file_name.size()) digits.push_back(file_name[++i]);
      }
      auto byte = from_hex(digits);
      if (!byte || byte->size() != 1) return std::nullopt;
      key += as_text(*byte);
    } else if (is_plain(c)) {
      key.push_back(c);
    } else {
      return std::nullopt;
    }
  }
  // One key, one name.
  auto again =
      ObjectStore::file_name(key, {.key_bytes_max = key.size() + 1, .object_bytes_max = 0});
  if (!again.ok() || *again != file_name) return std::nullopt;
  return key;
}

Status ObjectStore::make_parents(const std::string& root, const std::string& name) {
  for (std::size_t slash = name.find('/'); slash != std::string::npos;
       slash = name.find('/', slash + 1)) {
    const std::string folder = root + "/" + name.substr(0, slash);
    SEALANE_TRY(env_.make_folder(folder));
    SEALANE_TRY(env_.sync_folder(folder_of(folder)));
  }
  return {};
}

Result<bool> ObjectStore::exists(const std::string& name) {
  auto file = env_.open(folder_ + "/" + name, OpenMode::Read);
  if (file.ok()) return true;
  if (file.error().kind == ErrorKind::NotFound) return false;
  return std::move(file).error();
}

Error ObjectStore::conflict(const std::string& name) {
  if (Status synced = env_.sync_folder(folder_of(folder_ + "/" + name)); !synced.ok())
    return std::move(synced).error();
  return fail(ErrorKind::Conflict, "the key has an object already");
}

Result<std::unique_ptr<ObjectPut>> ObjectStore::begin_put(std::string_view key) {
  SEALANE_ASSIGN(const std::string name, file_name(key, limits_));
  SEALANE_ASSIGN(const bool taken, exists(name));
  if (taken) return conflict(name);
  const std::string temporary =
      folder_ + "/" + std::string(kTemporary) + "/put-" + std::to_string(serial_++);
  SEALANE_ASSIGN(auto file, env_.open(temporary, OpenMode::CreateNew));
  return std::unique_ptr<ObjectPut>(
      new ObjectPut(*this, std::string(key), temporary, std::move(file)));
}

Result<ObjectInfo> ObjectStore::put(std::string_view key, ByteSpan data, Time now) {
  SEALANE_ASSIGN(auto object, begin_put(key));
  SEALANE_TRY(object->append(data));
  return object->commit(now);
}

Result<ObjectInfo> ObjectStore::publish(const std::string& temporary, const ObjectInfo& info) {
  SEALANE_ASSIGN(const std::string name, file_name(info.key, limits_));
  std::lock_guard lock(publishing_);
  SEALANE_ASSIGN(const bool taken, exists(name));
  if (taken) return conflict(name);
  SEALANE_TRY(make_parents(folder_, name));
  // The sidecar is on disk before the object has its name.  Without the object it means nothing.
  SEALANE_TRY(write_info(name, info));
  SEALANE_TRY(env_.rename(temporary, folder_ + "/" + name, IfExists::Refuse));
  SEALANE_TRY(env_.sync_folder(folder_of(folder_ + "/" + name)));
  return info;
}

Status ObjectStore::write_info(const std::string& name, const ObjectInfo& info) {
  const std::string root = folder_ + "/" + std::string(kMeta);
  SEALANE_TRY(make_parents(root, name));
  return write_file_atomic(env_, root + "/" + name, as_bytes(encode_info(info)), IfExists::Replace);
}

Result<ObjectInfo> ObjectStore::read_info(std::string_view key, const std::string& name) {
  SEALANE_ASSIGN(auto file, env_.open(folder_ + "/" + name, OpenMode::Read));
  SEALANE_ASSIGN(const std::uint64_t size, file->size());
  auto sidecar = read_file(env_, folder_ + "/" + std::string(kMeta) + "/" + name, kMetaBytesMax);
  if (sidecar.ok()) {
    auto info = decode_info(as_text(*sidecar), key);
    if (info && info->size == size) return *std::move(info);
  } else if (sidecar.error().kind != ErrorKind::NotFound &&
             sidecar.error().kind != ErrorKind::TooLarge) {
    return std::move(sidecar).error();
  }
  ObjectInfo info;
  info.key = std::string(key);
  info.size = size;
  crypto::Sha256Hasher sha256;
  crypto::Md5ForS3EtagHasher md5;
  Bytes chunk(static_cast<std::size_t>(std::min<std::uint64_t>(size, kReadBytes)));
  for (std::uint64_t at = 0; at < size;) {
    SEALANE_ASSIGN(const std::size_t got, file->read_at(at, chunk));
    if (got == 0) return fail(ErrorKind::Corrupt, "the object's file was cut short");
    sha256.update(ByteSpan(chunk).first(got));
    md5.update(ByteSpan(chunk).first(got));
    at += got;
  }
  info.sha256 = sha256.finish();
  info.etag = to_hex(md5.finish());
  return info;
}

Result<ObjectInfo> ObjectStore::head(std::string_view key) {
  SEALANE_ASSIGN(const std::string name, file_name(key, limits_));
  return read_info(key, name);
}

Result<std::unique_ptr<File>> ObjectStore::open_object(std::string_view key) {
  SEALANE_ASSIGN(const std::string name, file_name(key, limits_));
  return env_.open(folder_ + "/" + name, OpenMode::Read);
}

Result<Bytes> ObjectStore::get(std::string_view key, std::uint64_t offset, std::uint64_t length) {
  SEALANE_ASSIGN(auto file, open_object(key));
  SEALANE_ASSIGN(const std::uint64_t size, file->size());
  if (offset > size) return fail(ErrorKind::Invalid, "the range begins behind the object's end");
  Bytes out(static_cast<std::size_t>(std::min(length, size - offset)));
  SEALANE_ASSIGN(const std::size_t got, file->read_at(offset, out));
  out.resize(got);
  return out;
}

// Adds the names of all objects below the folder `below`, which is empty or ends with a slash.
Status ObjectStore::collect(const std::string& below, std::vector<std::string>& names) {
  const std::string folder =
      below.empty() ? folder_ : folder_ + "/" + below.substr(0, below.size() - 1);
  SEALANE_ASSIGN(auto entries, env_.list(folder));
  for (const std::string& entry : entries) {
    if (entry.starts_with('.')) continue;
    if (entry.ends_with(kContinues)) {
      SEALANE_TRY(collect(below + entry + "/", names));
    } else {
      names.push_back(below + entry);
    }
  }
  return {};
}

Result<ListPage> ObjectStore::list(const ListOptions& options) {
  std::vector<std::string> names;
  SEALANE_TRY(collect("", names));
  std::vector<std::string> keys;
  for (const std::string& name : names) {
    auto key = key_of(name);
    if (key && key->starts_with(options.prefix) && *key > options.start_after)
      keys.push_back(*std::move(key));
  }
  std::ranges::sort(keys);
  ListPage page;
  for (const std::string& key : keys) {
    if (page.objects.size() == options.max_keys) {
      page.truncated = true;
      break;
    }
    auto info = head(key);
    if (info.ok()) {
      page.objects.push_back(*std::move(info));
    } else if (info.error().kind != ErrorKind::NotFound) {
      return std::move(info).error();
    }
  }
  return page;
}

}  // namespace sealane::store
