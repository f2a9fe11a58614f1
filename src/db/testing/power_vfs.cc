// SPDX-License-Identifier: Apache-2.0
#include "db/testing/power_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <new>
#include <set>
#include <utility>

#include "base/check.h"

namespace sealane::db {
namespace {

constexpr std::size_t kSector = 512;

MutableByteSpan bytes_at(void* data, int size) {
  return {static_cast<std::byte*>(data), checked_cast<std::size_t>(size)};
}

}  // namespace

struct PowerVfs::Handle : sqlite3_file {
  PowerVfs* disk = nullptr;
  std::shared_ptr<Node> node;
  std::string name;
  bool deleted_when_closed = false;
  std::uint64_t start = 0;

  // After a loss of power no handle from before it works.
  bool is_dead() const { return disk->off_ || start != disk->starts_; }
};

// What SQLite calls.
struct PowerVfs::Calls {
  static Handle& of(sqlite3_file* file) { return *static_cast<Handle*>(file); }
  static PowerVfs& disk(sqlite3_vfs* vfs) { return *static_cast<PowerVfs*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    PowerVfs& disk = Calls::disk(vfs);
    file->pMethods = nullptr;
    if (disk.off_) return SQLITE_IOERR;
    auto node = std::make_shared<Node>();
    if (name != nullptr) {
      const auto found = disk.names_.find(name);
      // The product makes the file of a database beforehand, on the machine's own disk.
      const bool makes = (flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)) != 0;
      if (found == disk.names_.end() && !makes) return SQLITE_CANTOPEN;
      if (found == disk.names_.end())
        disk.names_[name] = node;
      else
        node = found->second;
    }
    auto* handle = new (file) Handle();
    handle->pMethods = &methods();
    handle->disk = &disk;
    handle->node = std::move(node);
    handle->name = name == nullptr ? "" : name;
    handle->deleted_when_closed = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    handle->start = disk.starts_;
    if (out != nullptr) *out = flags;
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    PowerVfs& disk = Calls::disk(vfs);
    if (!disk.spend()) return SQLITE_IOERR_DELETE;
    if (disk.names_.erase(name) == 0) return SQLITE_IOERR_DELETE_NOENT;
    if (sync_folder != 0 && !disk.lies_) disk.durable_names_ = disk.names_;
    return SQLITE_OK;
  }
  static int access(sqlite3_vfs* vfs, const char* name, int, int* out) {
    *out = disk(vfs).names_.contains(name) ? 1 : 0;
    return SQLITE_OK;
  }
  static int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
    return sqlite3_snprintf(size, out, "%s", name) == nullptr ? SQLITE_CANTOPEN : SQLITE_OK;
  }
  static int randomness(sqlite3_vfs* vfs, int size, char* out) {
    for (std::byte& each : bytes_at(out, size))
      each = static_cast<std::byte>(disk(vfs).random_() & 0xff);
    return size;
  }
  static int pause(sqlite3_vfs*, int microseconds) { return microseconds; }
  static int now(sqlite3_vfs*, double* out) {
    *out = 2460000.5;
    return SQLITE_OK;
  }
  static int last_error(sqlite3_vfs*, int, char*) { return 0; }

  static int close(sqlite3_file* file) {
    Handle& handle = of(file);
    if (handle.deleted_when_closed && !handle.name.empty() && !handle.is_dead())
      handle.disk->names_.erase(handle.name);
    handle.~Handle();
    return SQLITE_OK;
  }
  static int read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
    const Handle& handle = of(file);
    if (handle.is_dead()) return SQLITE_IOERR_READ;
    const MutableByteSpan out = bytes_at(to, size);
    const ByteSpan content(handle.node->current);
    const std::size_t from = std::min(content.size(), checked_cast<std::size_t>(offset));
    const ByteSpan there = content.subspan(from, std::min(out.size(), content.size() - from));
    std::ranges::fill(out, std::byte{0});
    copy_bytes(out, there);
    return there.size() == out.size() ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }
  static int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    Handle& handle = of(file);
    if (handle.is_dead()) return SQLITE_IOERR_WRITE;
    const auto* bytes = static_cast<const std::byte*>(from);
    const bool spent = handle.disk->spend();
    // The write that the power goes with may be on the disk too.
    change(*handle.node, {.offset = checked_cast<std::uint64_t>(offset),
                          .data = Bytes(bytes, bytes + size),
                          .truncates = false});
    return spent ? SQLITE_OK : SQLITE_IOERR_WRITE;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    Handle& handle = of(file);
    if (handle.is_dead()) return SQLITE_IOERR_TRUNCATE;
    const bool spent = handle.disk->spend();
    change(*handle.node,
           {.offset = checked_cast<std::uint64_t>(size), .data = {}, .truncates = true});
    return spent ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
  }
  static int sync(sqlite3_file* file, int) {
    Handle& handle = of(file);
    if (handle.is_dead() || !handle.disk->spend()) return SQLITE_IOERR_FSYNC;
    PowerVfs& disk = *handle.disk;
    if (disk.lies_) return SQLITE_OK;
    handle.node->durable = handle.node->current;
    handle.node->unsynced.clear();
    const auto durable = disk.durable_names_.find(handle.name);
    if (durable == disk.durable_names_.end() || durable->second != handle.node)
      disk.durable_names_ = disk.names_;
    return SQLITE_OK;
  }
  static int size(sqlite3_file* file, sqlite3_int64* out) {
    const Handle& handle = of(file);
    *out = static_cast<sqlite3_int64>(handle.node->current.size());
    return handle.is_dead() ? SQLITE_IOERR_FSTAT : SQLITE_OK;
  }
  static int lock(sqlite3_file* file, int) {
    return of(file).is_dead() ? SQLITE_IOERR_LOCK : SQLITE_OK;
  }
  static int unlock(sqlite3_file*, int) { return SQLITE_OK; }
  static int check_lock(sqlite3_file*, int* out) {
    *out = 0;
    return SQLITE_OK;
  }
  static int control(sqlite3_file*, int operation, void* argument) {
    if (operation != SQLITE_FCNTL_HAS_MOVED) return SQLITE_NOTFOUND;
    *static_cast<int*>(argument) = 0;
    return SQLITE_OK;
  }
  static int sector_size(sqlite3_file*) { return kSector; }
  static int characteristics(sqlite3_file*) { return 0; }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods out = [] {
      sqlite3_io_methods m{};
      m.iVersion = 1;
      m.xClose = close;
      m.xRead = read;
      m.xWrite = write;
      m.xTruncate = truncate;
      m.xSync = sync;
      m.xFileSize = size;
      m.xLock = lock;
      m.xUnlock = unlock;
      m.xCheckReservedLock = check_lock;
      m.xFileControl = control;
      m.xSectorSize = sector_size;
      m.xDeviceCharacteristics = characteristics;
      return m;
    }();
    return out;
  }
  static sqlite3_vfs& vfs() {
    static sqlite3_vfs out = [] {
      sqlite3_vfs v{};
      v.iVersion = 1;
      v.szOsFile = sizeof(Handle);
      v.mxPathname = 1024;
      v.zName = "power";
      v.xOpen = open;
      v.xDelete = remove;
      v.xAccess = access;
      v.xFullPathname = full_path;
      v.xRandomness = randomness;
      v.xSleep = pause;
      v.xCurrentTime = now;
      v.xGetLastError = last_error;
      return v;
    }();
    return out;
  }
};

PowerVfs::PowerVfs(std::uint64_t seed) : random_(seed) {
  SEALANE_CHECK(sqlite3_initialize() == SQLITE_OK);
  SEALANE_CHECK(Calls::vfs().pAppData == nullptr);
  Calls::vfs().pAppData = this;
  SEALANE_CHECK(sqlite3_vfs_register(&Calls::vfs(), 1) == SQLITE_OK);
}

// The machine's own becomes the default again.
PowerVfs::~PowerVfs() {
  sqlite3_vfs_unregister(&Calls::vfs());
  Calls::vfs().pAppData = nullptr;
}

bool PowerVfs::spend() {
  if (off_) return false;
  if (left_-- > 0) return true;
  off_ = true;
  return false;
}

void PowerVfs::apply(Bytes& content, const Change& change) {
  if (change.truncates) return content.resize(std::min<std::size_t>(content.size(), change.offset));
  content.resize(std::max<std::size_t>(content.size(), change.offset + change.data.size()));
  copy_bytes(MutableByteSpan(content).subspan(change.offset), change.data);
}

void PowerVfs::change(Node& node, Change change) {
  apply(node.current, change);
  node.unsynced.push_back(std::move(change));
}

void PowerVfs::lose_unsynced(Node& node) {
  Bytes kept = node.durable;
  for (Change& change : node.unsynced) {
    const auto fate = random_() % 4;
    if (fate < 2) continue;
    if (fate == 2 && change.data.size() > kSector)
      change.data.resize(kSector * (1 + random_() % (change.data.size() / kSector)));
    apply(kept, change);
  }
  node = {.current = kept, .durable = std::move(kept), .unsynced = {}};
}

void PowerVfs::restore() {
  Names kept;
  std::set<std::string> all;
  for (const Names* names : {&names_, &durable_names_})
    for (const auto& [name, node] : *names) all.insert(name);
  for (const std::string& name : all) {
    const auto now = names_.find(name);
    const auto then = durable_names_.find(name);
    const bool is_now = now != names_.end();
    const bool was_then = then != durable_names_.end();
    const bool same = is_now && was_then && now->second == then->second;
    const bool take_now = same || random_() % 2 == 0;
    if (take_now && is_now) kept[name] = now->second;
    if (!take_now && was_then) kept[name] = then->second;
  }
  for (auto& [name, node] : kept) lose_unsynced(*node);
  names_ = kept;
  durable_names_ = std::move(kept);
  off_ = false;
  left_ = UINT64_MAX;
  ++starts_;
}

}  // namespace sealane::db
