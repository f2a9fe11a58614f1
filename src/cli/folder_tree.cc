// SPDX-License-Identifier: Apache-2.0
#include "cli/folder_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "base/env.h"
#include "crypto/random.h"

namespace sealane::cli {
namespace {

constexpr mode_t kModeBits = 0777;

Error failed(std::string_view what, const std::string& path) {
  return fail_errno(errno, std::string(what) + " `" + path + "`");
}

std::uint64_t mtime_of(const struct stat& facts) {
  return facts.st_mtime < 0 ? 0 : static_cast<std::uint64_t>(facts.st_mtime);
}

store::TarHead head_of(std::string name, const struct stat& facts) {
  const bool folder = S_ISDIR(facts.st_mode);
  return {.name = std::move(name),
          .kind = folder ? store::TarKind::Folder : store::TarKind::File,
          .size = folder ? 0 : static_cast<std::uint64_t>(facts.st_size),
          .mode = facts.st_mode & kModeBits,
          .mtime_seconds = mtime_of(facts)};
}

std::string_view kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFLNK: return "a symbolic link";
    case S_IFCHR:
    case S_IFBLK: return "a device";
    case S_IFIFO: return "a pipe";
    case S_IFSOCK: return "a socket";
    default: return "no file";
  }
}

// Names in an open folder, sorted by their bytes.
Result<std::vector<std::string>> names_in(int folder, const std::string& path,
                                          std::size_t names_max) {
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return failed("cannot list", path);
  DIR* stream = ::fdopendir(copy);
  if (stream == nullptr) {
    ::close(copy);
    return failed("cannot list", path);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> closes(stream, ::closedir);
  std::vector<std::string> out;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream);
    if (entry == nullptr && errno != 0) return failed("cannot list", path);
    if (entry == nullptr) break;
    const std::string_view name(entry->d_name);
    if (name == "." || name == "..") continue;
    if (out.size() == names_max)
      return fail(ErrorKind::TooLarge,
                  "`" + path + "` has more than " + std::to_string(names_max) + " names");
    out.emplace_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Status remove_in(int folder, const std::string& name, const std::string& path, std::size_t depth) {
  struct stat facts{};
  if (::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? Status() : Status(failed("cannot remove", path));
  if (S_ISDIR(facts.st_mode)) {
    if (depth == 0) return fail(ErrorKind::TooLarge, "`" + path + "` is too deep to be removed");
    // A folder that nobody may write to is one of ours all the same.
    static_cast<void>(::fchmodat(folder, name.c_str(), 0700, 0));
    const Descriptor inner(
        ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (inner.get() < 0) return failed("cannot remove", path);
    SEALANE_ASSIGN(const auto names, names_in(inner.get(), path, SIZE_MAX));
    for (const std::string& each : names)
      SEALANE_TRY(remove_in(inner.get(), each, path + "/" + each, depth - 1));
  }
  if (::unlinkat(folder, name.c_str(), S_ISDIR(facts.st_mode) ? AT_REMOVEDIR : 0) != 0)
    return failed("cannot remove", path);
  return {};
}

// Whether one part of a path may be made in a folder.
bool is_plain(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.size() <= 255 &&
         part.find('/') == std::string_view::npos && part.find('\0') == std::string_view::npos;
}

Error leads_elsewhere(const std::string& name) {
  return fail(ErrorKind::Corrupt, "`" + name + "` is no name inside a folder");
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<TreeWalk> TreeWalk::open(const std::string& folder, const FolderLimits& limits) {
  TreeWalk out(limits);
  out.root_ = folder;
  Descriptor root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat facts{};
  if (root.get() < 0 || ::fstat(root.get(), &facts) != 0) return failed("cannot open", folder);
  out.first_ = head_of("./", facts);
  SEALANE_TRY(out.enter(std::move(root), ""));
  return out;
}

Status TreeWalk::enter(Descriptor folder, std::string path) {
  if (levels_.size() == limits_.depth_max)
    return fail(ErrorKind::TooLarge, "`" + root_ + "/" + path + "` is more than " +
                                         std::to_string(limits_.depth_max) + " folders deep");
  SEALANE_ASSIGN(auto names, names_in(folder.get(), root_ + "/" + path, limits_.names_max));
  levels_.push_back({std::move(folder), std::move(path), std::move(names)});
  return {};
}

Result<std::optional<store::TarHead>> TreeWalk::next() {
  file_ = Descriptor();
  if (first_) return std::exchange(first_, std::nullopt);
  while (!levels_.empty() && levels_.back().at == levels_.back().names.size()) levels_.pop_back();
  if (levels_.empty()) return std::optional<store::TarHead>();
  Level& level = levels_.back();
  const std::string& name = level.names[level.at++];
  const std::string path = level.path + name;
  const std::string shown = root_ + "/" + path;
  struct stat facts{};
  // Looked at before it is opened: opening a pipe would wait, opening a device may do anything.
  if (::fstatat(level.folder.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
    return failed("cannot read", shown);
  const bool folder = S_ISDIR(facts.st_mode);
  if (!folder && !S_ISREG(facts.st_mode))
    return fail(ErrorKind::Invalid,
                "`" + shown + "` is " + std::string(kind_of(facts.st_mode)) +
                    ": only files and folders are sealed",
                "remove it, or put in its place what it names");
  Descriptor opened(
      ::openat(level.folder.get(), name.c_str(),
               O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (folder ? O_DIRECTORY : 0)));
  if (opened.get() < 0 || ::fstat(opened.get(), &facts) != 0) return failed("cannot read", shown);
  if (folder != S_ISDIR(facts.st_mode) || (!folder && !S_ISREG(facts.st_mode)))
    return fail(ErrorKind::Conflict, "`" + shown + "` changed while it was read");
  store::TarHead head = head_of(folder ? path + "/" : path, facts);
  if (folder) {
    SEALANE_TRY(enter(std::move(opened), path + "/"));
  } else {
    file_ = std::move(opened);
    file_path_ = shown;
    left_ = head.size;
  }
  return std::optional(std::move(head));
}

Result<std::size_t> TreeWalk::read(MutableByteSpan to) {
  const Error changed =
      fail(ErrorKind::Conflict, "`" + file_path_ + "` changed its size while it was read");
  // At the end one byte more is asked for: there must be none.
  std::array<std::byte, 1> beyond{};
  const MutableByteSpan room =
      left_ == 0 ? MutableByteSpan(beyond)
                 : to.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, to.size())));
  for (;;) {
    const ssize_t got = ::read(file_.get(), room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("cannot read", file_path_);
    if ((got == 0) != (left_ == 0)) return changed;
    left_ -= static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
}

Result<TreeBuild> TreeBuild::open(const std::string& folder, const FolderLimits& limits) {
  TreeBuild out(limits);
  Descriptor root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat facts{};
  if (root.get() < 0 || ::fstat(root.get(), &facts) != 0) return failed("cannot open", folder);
  out.levels_.push_back({std::move(root), "", head_of("./", facts)});
  return out;
}

// Completes the innermost folder.
Status TreeBuild::leave() {
  const Level level = std::move(levels_.back());
  levels_.pop_back();
  const timespec time{.tv_sec = static_cast<time_t>(level.head.mtime_seconds), .tv_nsec = 0};
  const timespec times[2] = {time, time};
  if (::fchmod(level.folder.get(), level.head.mode & kModeBits) != 0 ||
      ::futimens(level.folder.get(), times) != 0)
    return failed("cannot set the mode and time of", level.path);
  return {};
}

// Leaves folders until the innermost one is `parent`.
Status TreeBuild::go_to(const std::string& parent, const std::string& name) {
  while (!parent.starts_with(levels_.back().path)) SEALANE_TRY(leave());
  if (levels_.back().path != parent)
    return fail(ErrorKind::Corrupt, "the folder of `" + name + "` does not come before it");
  return {};
}

Status TreeBuild::begin(const store::TarHead& head) {
  if (head.kind == store::TarKind::Folder && head.name == "./") {
    SEALANE_TRY(go_to("", head.name));
    levels_.back().head = head;
    return {};
  }
  std::string name = head.name;
  if (head.kind == store::TarKind::Folder && name.ends_with('/')) name.pop_back();
  const std::size_t slash = name.rfind('/');
  const std::string parent = slash == std::string::npos ? "" : name.substr(0, slash + 1);
  const std::string part = slash == std::string::npos ? name : name.substr(slash + 1);
  if (!is_plain(part) || name.starts_with('/')) return leads_elsewhere(head.name);
  for (std::size_t at = 0; at < parent.size();) {
    const std::size_t end = parent.find('/', at);
    if (!is_plain(std::string_view(parent).substr(at, end - at))) return leads_elsewhere(head.name);
    at = end + 1;
  }
  SEALANE_TRY(go_to(parent, head.name));
  return head.kind == store::TarKind::Folder ? make_folder(part, head) : make_file(part, head);
}

Status TreeBuild::make_folder(const std::string& part, const store::TarHead& head) {
  if (levels_.size() > limits_.depth_max)
    return fail(ErrorKind::TooLarge, "`" + head.name + "` is too deep");
  const int parent = levels_.back().folder.get();
  if (::mkdirat(parent, part.c_str(), 0700) != 0) {
    struct stat facts{};
    if (errno != EEXIST || ::fstatat(parent, part.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
      return failed("cannot make", head.name);
    if (S_ISDIR(facts.st_mode)) {
      static_cast<void>(::fchmodat(parent, part.c_str(), 0700, 0));
    } else if (::unlinkat(parent, part.c_str(), 0) != 0 ||
               ::mkdirat(parent, part.c_str(), 0700) != 0) {
      return failed("cannot make", head.name);
    }
  }
  Descriptor opened(
      ::openat(parent, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (opened.get() < 0) return failed("cannot open", head.name);
  levels_.push_back({std::move(opened), head.name, head});
  return {};
}

Status TreeBuild::make_file(const std::string& part, const store::TarHead& head) {
  const int parent = levels_.back().folder.get();
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  file_ = Descriptor(::openat(parent, part.c_str(), kFlags, 0600));
  if (file_.get() < 0 && errno == EEXIST) {
    SEALANE_TRY(remove_in(parent, part, head.name, limits_.depth_max));
    --files_;
    file_ = Descriptor(::openat(parent, part.c_str(), kFlags, 0600));
  }
  if (file_.get() < 0) return failed("cannot make", head.name);
  file_head_ = head;
  ++files_;
  return {};
}

Status TreeBuild::write(ByteSpan data) {
  while (!data.empty()) {
    const ssize_t put = ::write(file_.get(), data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failed("cannot write", file_head_.name);
    data = data.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Status TreeBuild::end() {
  if (file_.get() < 0) return {};
  const Descriptor file = std::exchange(file_, Descriptor());
  const timespec time{.tv_sec = static_cast<time_t>(file_head_.mtime_seconds), .tv_nsec = 0};
  const timespec times[2] = {time, time};
  if (::fchmod(file.get(), file_head_.mode & kModeBits) != 0 || ::futimens(file.get(), times) != 0)
    return failed("cannot set the mode and time of", file_head_.name);
  return {};
}

Status TreeBuild::finish() {
  const Descriptor root(::fcntl(levels_.front().folder.get(), F_DUPFD_CLOEXEC, 0));
  while (!levels_.empty()) SEALANE_TRY(leave());
  // One call for all files in place of one for each.
  if (root.get() < 0 || ::syncfs(root.get()) != 0) return failed("cannot sync", "the folder");
  return {};
}

Status remove_tree(const std::string& folder) {
  return remove_in(AT_FDCWD, folder, folder, FolderLimits().depth_max + 8);
}

Result<StagedFolder> StagedFolder::create(const std::string& path) {
  std::string plain = path;
  while (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  struct stat facts{};
  if (::lstat(plain.c_str(), &facts) == 0)
    return fail(ErrorKind::Conflict, "`" + plain + "` exists");
  std::array<std::byte, 8> random{};
  crypto::random_bytes(random);
  std::string temporary = plain + ".tmp-" + to_hex(random);
  if (::mkdir(temporary.c_str(), 0700) != 0) return failed("cannot make", temporary);
  return StagedFolder(std::move(plain), std::move(temporary));
}

StagedFolder::StagedFolder(StagedFolder&& other) noexcept
    : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, {})) {}

StagedFolder::~StagedFolder() {
  if (!temporary_.empty()) static_cast<void>(remove_tree(temporary_).ok());
}

Status StagedFolder::commit() {
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0)
    return failed("cannot name", path_);
  temporary_.clear();
  return PosixEnv().sync_folder(folder_of(path_));
}

}  // namespace sealane::cli
