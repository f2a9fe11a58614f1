// SPDX-License-Identifier: Apache-2.0
#include "base/testing/fault_env.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sealane {
namespace {

constexpr std::size_t kSectorBytes = 512;

std::string name_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

Error power_off() { return fail(ErrorKind::Unavailable, "the power is off"); }

}  // namespace

// A file's contents, whatever its names are.
struct FaultEnv::Node {
  Bytes data;
  std::size_t synced = 0;           // a prefix of `data`
  std::optional<Bytes> before_cut;  // what is on disk while a truncation is not
  std::vector<std::pair<std::size_t, std::size_t>> lost;  // [begin, end): a sync of them failed

  void zero_lost(Bytes& of) const {
    for (const auto& [begin, end] : lost)
      for (std::size_t i = begin; i < std::min(end, of.size()); ++i) of[i] = std::byte{0};
  }
};

// One change of names that is not on disk.
struct FaultEnv::Event {
  enum class Kind { Create, Remove, Rename, MakeFolder } kind = Kind::Create;
  std::string name;         // Rename: the new name
  std::string from_folder;  // Rename
  std::string from_name;
  NodePtr node;
};

struct FaultEnv::Folder {
  std::map<std::string, NodePtr> names;
  std::map<std::string, NodePtr> names_on_disk;
  std::vector<Event> pending;
  bool on_disk = false;
};

class FaultFile final : public File {
 public:
  FaultFile(FaultEnv& env, FaultEnv::NodePtr node, bool writable)
      : env_(env), node_(std::move(node)), boot_(env.boot_), writable_(writable) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableByteSpan to) override {
    std::lock_guard lock(env_.mutex_);
    SEALANE_TRY(alive());
    if (offset >= node_->data.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(to.size(), node_->data.size() - offset);
    copy_bytes(to, ByteSpan(node_->data).subspan(offset, count));
    return count;
  }
  Status append(ByteSpan data) override {
    std::lock_guard lock(env_.mutex_);
    SEALANE_TRY(alive());
    if (!writable_) return fail(ErrorKind::Invalid, "the file is open for reading");
    if (Status faulty = env_.before_operation(); !faulty.ok()) {
      if (!env_.power_off_at_ || env_.operations_ <= *env_.power_off_at_)
        sealane::append(node_->data, data.first(data.size() / 2));
      return faulty;
    }
    return env_.append_locked(*node_, data);
  }
  Status sync() override {
    std::lock_guard lock(env_.mutex_);
    SEALANE_TRY(alive());
    Status allowed = env_.before_operation();
    if (allowed.ok() && env_.failing_syncs_ > 0) {
      --env_.failing_syncs_;
      allowed = fail(ErrorKind::Unavailable, "cannot sync: input/output error");
    }
    if (!allowed.ok()) {
      if (env_.power_off_at_ && env_.operations_ > *env_.power_off_at_) return allowed;
      if (node_->synced < node_->data.size())
        node_->lost.emplace_back(node_->synced, node_->data.size());
      return allowed;
    }
    if (env_.no_op_sync_) return {};
    node_->synced = node_->data.size();
    node_->before_cut.reset();
    return {};
  }
  Status truncate(std::uint64_t size) override {
    std::lock_guard lock(env_.mutex_);
    SEALANE_TRY(alive());
    SEALANE_TRY(env_.before_operation());
    Node& node = *node_;
    if (size < node.synced && !node.before_cut) {
      node.before_cut =
          Bytes(node.data.begin(), node.data.begin() + static_cast<std::ptrdiff_t>(node.synced));
      node.zero_lost(*node.before_cut);
    }
    node.data.resize(size);
    node.synced = std::min<std::size_t>(node.synced, size);
    std::erase_if(node.lost, [&](const auto& range) { return range.first >= size; });
    for (auto& range : node.lost) range.second = std::min<std::size_t>(range.second, size);
    return {};
  }
  Result<std::uint64_t> size() override {
    std::lock_guard lock(env_.mutex_);
    SEALANE_TRY(alive());
    return static_cast<std::uint64_t>(node_->data.size());
  }

 private:
  using Node = FaultEnv::Node;
  Status alive() const {
    if (boot_ != env_.boot_ || env_.power_is_off_locked()) return power_off();
    return {};
  }

  FaultEnv& env_;
  FaultEnv::NodePtr node_;
  std::uint64_t boot_;
  bool writable_;
};

FaultEnv::FaultEnv() {
  for (const char* root : {"/", "."}) {
    folders_[root] = std::make_unique<Folder>();
    folders_[root]->on_disk = true;
  }
}
FaultEnv::~FaultEnv() = default;

bool FaultEnv::power_is_off_locked() const { return power_off_at_ && operations_ > *power_off_at_; }

Status FaultEnv::before_operation() {
  const std::uint64_t number = operations_++;
  if (power_off_at_ && number >= *power_off_at_) return power_off();
  if (fault_from_ && number >= *fault_from_ && number < fault_until_) {
    return fail(ErrorKind::Unavailable, fault_ == Fault::DiskFull
                                            ? "cannot write: no space left on device"
                                            : "cannot write: input/output error");
  }
  return {};
}

Status FaultEnv::append_locked(Node& node, ByteSpan data) {
  if (space_left_ && data.size() > *space_left_) {
    sealane::append(node.data, data.first(*space_left_));
    space_left_ = 0;
    return fail(ErrorKind::Unavailable, "cannot write: no space left on device");
  }
  if (space_left_) *space_left_ -= data.size();
  sealane::append(node.data, data);
  return {};
}

FaultEnv::Folder* FaultEnv::folder_at(const std::string& path) {
  auto found = folders_.find(path);
  return found == folders_.end() ? nullptr : found->second.get();
}

Result<std::unique_ptr<File>> FaultEnv::open(const std::string& path, OpenMode mode) {
  std::lock_guard lock(mutex_);
  if (power_is_off_locked()) return power_off();
  Folder* folder = folder_at(folder_of(path));
  if (folder == nullptr)
    return fail(ErrorKind::NotFound, "cannot open `" + path + "`: no such folder");
  const std::string name = name_of(path);
  auto found = folder->names.find(name);
  if (mode == OpenMode::CreateNew) {
    if (found != folder->names.end())
      return fail(ErrorKind::Conflict, "cannot create `" + path + "`: it exists");
    SEALANE_TRY(before_operation());
    if (space_left_ && *space_left_ == 0)
      return fail(ErrorKind::Unavailable, "cannot create `" + path + "`: no space left on device");
    auto node = std::make_shared<Node>();
    folder->names[name] = node;
    folder->pending.push_back({Event::Kind::Create, name, {}, {}, node});
    return std::unique_ptr<File>(std::make_unique<FaultFile>(*this, node, true));
  }
  if (found == folder->names.end())
    return fail(ErrorKind::NotFound, "cannot open `" + path + "`: no such file");
  return std::unique_ptr<File>(
      std::make_unique<FaultFile>(*this, found->second, mode == OpenMode::Append));
}

Result<std::vector<std::string>> FaultEnv::list(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (power_is_off_locked()) return power_off();
  const Folder* folder = folder_at(path);
  if (folder == nullptr)
    return fail(ErrorKind::NotFound, "cannot list `" + path + "`: no such folder");
  std::set<std::string> names;
  for (const auto& [name, node] : folder->names) names.insert(name);
  for (const auto& [other, unused] : folders_)
    if (other != path && folder_of(other) == path && other != "." && other != "/")
      names.insert(name_of(other));
  return std::vector<std::string>(names.begin(), names.end());
}

Status FaultEnv::rename(const std::string& from, const std::string& to, IfExists if_exists) {
  std::lock_guard lock(mutex_);
  if (power_is_off_locked()) return power_off();
  Folder* source = folder_at(folder_of(from));
  Folder* target = folder_at(folder_of(to));
  if (source == nullptr || target == nullptr || !source->names.contains(name_of(from)))
    return fail(ErrorKind::NotFound, "cannot rename `" + from + "`: no such file");
  if (if_exists == IfExists::Refuse && target->names.contains(name_of(to)))
    return fail(ErrorKind::Conflict, "cannot rename to `" + to + "`: it exists");
  SEALANE_TRY(before_operation());
  NodePtr node = source->names[name_of(from)];
  source->names.erase(name_of(from));
  target->names[name_of(to)] = node;
  target->pending.push_back(
      {Event::Kind::Rename, name_of(to), folder_of(from), name_of(from), node});
  return {};
}

Status FaultEnv::remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (power_is_off_locked()) return power_off();
  Folder* folder = folder_at(folder_of(path));
  if (folder == nullptr || !folder->names.contains(name_of(path)))
    return fail(ErrorKind::NotFound, "cannot remove `" + path + "`: no such file");
  SEALANE_TRY(before_operation());
  NodePtr node = folder->names[name_of(path)];
  folder->names.erase(name_of(path));
  folder->pending.push_back({Event::Kind::Remove, name_of(path), {}, {}, node});
  return {};
}

Status FaultEnv::make_folder(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (power_is_off_locked()) return power_off();
  if (folder_at(path) != nullptr) return {};
  Folder* parent = folder_at(folder_of(path));
  if (parent == nullptr)
    return fail(ErrorKind::NotFound, "cannot create folder `" + path + "`: no such folder");
  SEALANE_TRY(before_operation());
  folders_[path] = std::make_unique<Folder>();
  parent->pending.push_back({Event::Kind::MakeFolder, path, {}, {}, nullptr});
  return {};
}

void FaultEnv::settle(Folder& folder, const Event& event) {
  switch (event.kind) {
    case Event::Kind::Create: folder.names_on_disk[event.name] = event.node; break;
    case Event::Kind::Remove:
      if (auto it = folder.names_on_disk.find(event.name);
          it != folder.names_on_disk.end() && it->second == event.node)
        folder.names_on_disk.erase(it);
      break;
    case Event::Kind::Rename: {
      if (Folder* source = folder_at(event.from_folder)) {
        auto it = source->names_on_disk.find(event.from_name);
        if (it != source->names_on_disk.end() && it->second == event.node)
          source->names_on_disk.erase(it);
        // The old name cannot come back once the new one is there.
        if (source != &folder)
          std::erase_if(source->pending, [&](const Event& other) {
            return other.kind == Event::Kind::Create && other.name == event.from_name &&
                   other.node == event.node;
          });
      }
      folder.names_on_disk[event.name] = event.node;
      break;
    }
    case Event::Kind::MakeFolder:
      if (Folder* made = folder_at(event.name)) made->on_disk = true;
      break;
  }
}

Status FaultEnv::sync_folder(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (power_is_off_locked()) return power_off();
  Folder* folder = folder_at(path);
  if (folder == nullptr)
    return fail(ErrorKind::NotFound, "cannot sync `" + path + "`: no such folder");
  SEALANE_TRY(before_operation());
  if (no_op_sync_) return {};
  std::vector<Event> pending = std::exchange(folder->pending, {});
  for (const Event& event : pending) settle(*folder, event);
  return {};
}

void FaultEnv::crash(std::uint64_t seed) {
  std::lock_guard lock(mutex_);
  std::mt19937_64 random(seed);
  auto coin = [&] { return (random() & 1) != 0; };
  for (auto& [path, folder] : folders_) {
    std::vector<Event> pending = std::exchange(folder->pending, {});
    for (const Event& event : pending)
      if (coin()) settle(*folder, event);
  }
  for (auto it = folders_.begin(); it != folders_.end();) {
    const Folder* parent = folder_at(folder_of(it->first));
    const bool gone = !it->second->on_disk || parent == nullptr;
    it = gone ? folders_.erase(it) : std::next(it);
  }
  std::set<Node*> done;
  for (auto& [path, folder] : folders_) {
    folder->names = folder->names_on_disk;
    for (auto& [name, node] : folder->names)
      if (done.insert(node.get()).second) lose_unsynced(*node, random);
  }
  ++boot_;
  power_off_at_.reset();
  fault_from_.reset();
  failing_syncs_ = 0;
  space_left_.reset();
}

void FaultEnv::lose_unsynced(Node& node, std::mt19937_64& random) {
  if (node.before_cut && (random() & 1) != 0) {
    node.data = *node.before_cut;
  } else {
    const std::size_t unsynced = node.data.size() - node.synced;
    const std::size_t kept = node.synced + random() % (unsynced + 1);
    node.data.resize(kept);
    node.zero_lost(node.data);
    if (kept > node.synced && (random() & 1) != 0) {
      const std::size_t sector = (kept - 1) / kSectorBytes * kSectorBytes;
      for (std::size_t i = std::max(sector, node.synced); i < kept; ++i)
        node.data[i] = static_cast<std::byte>(random() & 0xff);
    }
  }
  node.synced = node.data.size();
  node.before_cut.reset();
  node.lost.clear();
}

std::uint64_t FaultEnv::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}
void FaultEnv::cut_power_after(std::uint64_t operation) {
  std::lock_guard lock(mutex_);
  power_off_at_ = operations_ + operation;
}
bool FaultEnv::power_is_off() const {
  std::lock_guard lock(mutex_);
  return power_is_off_locked();
}
void FaultEnv::fail_after(std::uint64_t operation, Fault fault, std::uint64_t count) {
  std::lock_guard lock(mutex_);
  fault_from_ = operations_ + operation;
  fault_until_ = *fault_from_ + count;
  fault_ = fault;
}
void FaultEnv::fail_syncs(std::uint64_t count) {
  std::lock_guard lock(mutex_);
  failing_syncs_ = count;
}
void FaultEnv::set_space_left(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  space_left_ = bytes;
}
void FaultEnv::set_space_unlimited() {
  std::lock_guard lock(mutex_);
  space_left_.reset();
}
void FaultEnv::set_no_op_sync(bool on) {
  std::lock_guard lock(mutex_);
  no_op_sync_ = on;
}

Status FaultEnv::rot(const std::string& path, std::uint64_t offset, std::byte flip) {
  std::lock_guard lock(mutex_);
  Folder* folder = folder_at(folder_of(path));
  if (folder == nullptr || !folder->names.contains(name_of(path)))
    return fail(ErrorKind::NotFound, "no file `" + path + "`");
  Bytes& data = folder->names[name_of(path)]->data;
  if (offset >= data.size()) return fail(ErrorKind::Invalid, "offset behind the end");
  data[offset] ^= flip;
  return {};
}

Status FaultEnv::overwrite(const std::string& path, ByteSpan data) {
  std::lock_guard lock(mutex_);
  Folder* folder = folder_at(folder_of(path));
  if (folder == nullptr) return fail(ErrorKind::NotFound, "no folder for `" + path + "`");
  auto node = std::make_shared<Node>();
  node->data = to_bytes(data);
  node->synced = data.size();
  folder->names[name_of(path)] = node;
  folder->names_on_disk[name_of(path)] = node;
  return {};
}

std::uint64_t FaultEnv::bytes_stored() const {
  std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const auto& [path, folder] : folders_)
    for (const auto& [name, node] : folder->names) total += node->data.size();
  return total;
}

}  // namespace sealane
