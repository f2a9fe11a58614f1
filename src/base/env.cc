// SPDX-License-Identifier: Apache-2.0
#include "base/env.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>

namespace sealane {
namespace {

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { ::close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<std::size_t> read_at(std::uint64_t offset, MutableByteSpan to) override {
    std::size_t done = 0;
    while (done < to.size()) {
      const ssize_t got =
          ::pread(fd_, to.data() + done, to.size() - done, checked_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno(errno, "cannot read `" + path_ + "`");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Status append(ByteSpan data) override {
    while (!data.empty()) {
      const ssize_t put = ::write(fd_, data.data(), data.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return fail_errno(errno, "cannot write `" + path_ + "`");
      data = data.subspan(static_cast<std::size_t>(put));
    }
    return {};
  }

  Status sync() override {
    if (::fdatasync(fd_) != 0) return fail_errno(errno, "cannot sync `" + path_ + "`");
    return {};
  }

  Status truncate(std::uint64_t size) override {
    if (::ftruncate(fd_, checked_cast<off_t>(size)) != 0)
      return fail_errno(errno, "cannot cut `" + path_ + "`");
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat facts{};
    if (::fstat(fd_, &facts) != 0) return fail_errno(errno, "cannot examine `" + path_ + "`");
    return static_cast<std::uint64_t>(facts.st_size);
  }

 private:
  int fd_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<File>> PosixEnv::open(const std::string& path, OpenMode mode) {
  int flags = O_CLOEXEC;
  switch (mode) {
    case OpenMode::Read: flags |= O_RDONLY; break;
    case OpenMode::CreateNew: flags |= O_RDWR | O_APPEND | O_CREAT | O_EXCL; break;
    case OpenMode::Append: flags |= O_RDWR | O_APPEND; break;
  }
  const int fd = ::open(path.c_str(), flags, 0600);
  if (fd < 0) return fail_errno(errno, "cannot open `" + path + "`");
  return std::unique_ptr<File>(std::make_unique<PosixFile>(fd, path));
}

Result<std::vector<std::string>> PosixEnv::list(const std::string& folder) {
  DIR* handle = ::opendir(folder.c_str());
  if (handle == nullptr) return fail_errno(errno, "cannot list `" + folder + "`");
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(handle)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  ::closedir(handle);
  std::ranges::sort(names);
  return names;
}

Status PosixEnv::rename(const std::string& from, const std::string& to, IfExists if_exists) {
  // A node gives root up: what root replaces stays that of its owner.
  struct stat present{};
  if (::geteuid() == 0 && if_exists == IfExists::Replace && ::lstat(to.c_str(), &present) == 0 &&
      present.st_uid != 0 && ::lchown(from.c_str(), present.st_uid, present.st_gid) != 0)
    return fail_errno(errno, "cannot give `" + from + "` to the owner of `" + to + "`");
  const unsigned flags = if_exists == IfExists::Refuse ? RENAME_NOREPLACE : 0;
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) != 0)
    return fail_errno(errno, "cannot rename `" + from + "` to `" + to + "`");
  return {};
}

Status PosixEnv::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return fail_errno(errno, "cannot remove `" + path + "`");
  return {};
}

Status PosixEnv::make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno(errno, "cannot create folder `" + path + "`");
  return {};
}

Status PosixEnv::sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "cannot open folder `" + path + "`");
  const int synced = ::fsync(fd);
  const int saved = errno;
  ::close(fd);
  if (synced != 0) return fail_errno(saved, "cannot sync folder `" + path + "`");
  return {};
}

Result<Bytes> read_file(Env& env, const std::string& path, std::uint64_t limit) {
  SEALANE_ASSIGN(auto file, env.open(path, OpenMode::Read));
  SEALANE_ASSIGN(std::uint64_t size, file->size());
  if (size > limit)
    return fail(ErrorKind::TooLarge,
                "`" + path + "` has more than " + std::to_string(limit) + " bytes");
  Bytes out(size);
  SEALANE_ASSIGN(std::size_t got, file->read_at(0, out));
  out.resize(got);
  return out;
}

Status write_file_atomic(Env& env, const std::string& path, ByteSpan data, IfExists if_exists) {
  static std::atomic<unsigned> serial{0};
  const std::string temporary =
      path + ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(serial++);
  {
    SEALANE_ASSIGN(auto file, env.open(temporary, OpenMode::CreateNew));
    Status written = file->append(data);
    if (written.ok()) written = file->sync();
    if (!written.ok()) {
      static_cast<void>(env.remove(temporary).ok());
      return written;
    }
  }
  if (Status renamed = env.rename(temporary, path, if_exists); !renamed.ok()) {
    static_cast<void>(env.remove(temporary).ok());
    return renamed;
  }
  return env.sync_folder(folder_of(path));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace sealane
