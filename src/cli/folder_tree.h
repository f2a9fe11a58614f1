// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "store/tar_stream.h"

namespace sealane::cli {

struct FolderLimits {
  std::size_t depth_max = 128;
  std::size_t names_max = 4'000'000;  // in one folder
};

// An open descriptor, closed when it goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// Walks a folder: the folder itself as `./`, then its files and folders, each folder before what is
// in it and names in the order of their bytes.  No symbolic link is followed.
//
// Errors:  Invalid – a symbolic link, device, pipe or socket, named; NotFound; Denied; TooLarge.
// Bounds:  the names of the folders between the root and the place where it is.
// Threads: one at a time.
class TreeWalk {
 public:
  static Result<TreeWalk> open(const std::string& folder, const FolderLimits& limits = {});
  // Nothing at the end.  A file is open until the next call.
  Result<std::optional<store::TarHead>> next();
  // Of the file that next() gave: fills `to` as far as there is something; 0 at its end.
  // Errors: Conflict – the file has another size than when it was opened.
  Result<std::size_t> read(MutableByteSpan to);

 private:
  struct Level {
    Descriptor folder;
    std::string path;  // `` or ends with `/`
    std::vector<std::string> names;
    std::size_t at = 0;
  };
  explicit TreeWalk(const FolderLimits& limits) : limits_(limits) {}
  Status enter(Descriptor folder, std::string path);

  FolderLimits limits_;
  std::string root_;
  std::vector<Level> levels_;
  std::optional<store::TarHead> first_;
  Descriptor file_;
  std::string file_path_;
  std::uint64_t left_ = 0;
};

// Makes a folder's contents from members in the order in which TreeWalk gives them.
//
// A name is relative, its parts neither empty nor `.` nor `..`, and its folder is one that was made
// before it and is still the one being filled: each part is made in its open parent, so that no
// name leads out of the folder, whatever was written.  A later member replaces an earlier one of
// its name. Modes are kept without set-user-id, set-group-id and sticky bits; folders get theirs,
// and their time, when they are complete.
//
// Errors:  Corrupt – a name that cannot be, with the name; those of the system.
// Bounds:  limits.depth_max open folders.
class TreeBuild {
 public:
  // `folder` is there, and empty.
  static Result<TreeBuild> open(const std::string& folder, const FolderLimits& limits = {});
  Status begin(const store::TarHead& head);
  Status write(ByteSpan data);
  Status end();
  // Gives folders their modes and times.  Durability: all of it is on disk when it returns.
  Status finish();
  std::uint64_t files() const { return files_; }

 private:
  struct Level {
    Descriptor folder;
    std::string path;
    store::TarHead head;
  };
  explicit TreeBuild(const FolderLimits& limits) : limits_(limits) {}
  Status leave();
  Status go_to(const std::string& parent, const std::string& name);
  Status make_folder(const std::string& part, const store::TarHead& head);
  Status make_file(const std::string& part, const store::TarHead& head);

  FolderLimits limits_;
  std::vector<Level> levels_;
  Descriptor file_;
  store::TarHead file_head_;
  std::uint64_t files_ = 0;
};

// Removes a folder and what is in it; following no link.  A folder that is not there is no error.
Status remove_tree(const std::string& folder);

// A new folder that gets its name when it is complete.  One that goes before is removed.
class StagedFolder {
 public:
  // `path` does not exist, its parent does.  Errors: Conflict – it exists.
  static Result<StagedFolder> create(const std::string& path);
  ~StagedFolder();
  StagedFolder(StagedFolder&& other) noexcept;
  StagedFolder& operator=(StagedFolder&&) = delete;
  const std::string& path() const { return temporary_; }
  // Errors: Conflict – somebody made `path` meanwhile.
  // Durability: the name is on disk when it returns without error; what is inside is the caller's.
  Status commit();

 private:
  StagedFolder(std::string path, std::string temporary)
      : path_(std::move(path)), temporary_(std::move(temporary)) {}
  std::string path_;
  std::string temporary_;  // empty: nothing is to be removed
};

}  // namespace sealane::cli
