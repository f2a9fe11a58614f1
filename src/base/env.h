// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sealane {

// An open file.  Owner: whoever opened it.  Threads: one at a time.
class File {
 public:
  virtual ~File() = default;
  // Fills `to` from `offset`; returns how many bytes there were (less only at the end of the file).
  virtual Result<std::size_t> read_at(std::uint64_t offset, MutableByteSpan to) = 0;
  // Writes all of `data` at the end of the file.  After an error an unknown prefix of it is there.
  // Durability: none until sync().
  virtual Status append(ByteSpan data) = 0;
  // Durability: contents and size are on disk when it returns without error.  After an error
  // nothing that was appended since the last good sync may be trusted, whatever a later sync says.
  virtual Status sync() = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
};

enum class OpenMode {
  Read,       // the file must exist
  CreateNew,  // the file must not exist; mode 0600
  Append,     // the file must exist; appends go to its end
};
enum class IfExists { Replace, Refuse };

// Seam: the file system.  Twin: base/testing/fault_env.h, which loses what was not synced.
//
// Errors:     NotFound, Conflict (exists already), Unavailable (disk full, EIO; try again later).
// Durability: names (creation, rename, removal) are on disk only after sync_dir of their folder.
// Threads:    any.
class Env {
 public:
  virtual ~Env() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // Names in a folder, sorted, without `.` and `..`.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  virtual Status rename(const std::string& from, const std::string& to, IfExists if_exists) = 0;
  virtual Status remove(const std::string& path) = 0;
  // Creates one folder, mode 0700; a folder that exists is no error.
  virtual Status make_folder(const std::string& path) = 0;
  virtual Status sync_folder(const std::string& path) = 0;
};

// The machine's file system.
class PosixEnv final : public Env {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Status rename(const std::string& from, const std::string& to, IfExists if_exists) override;
  Status remove(const std::string& path) override;
  Status make_folder(const std::string& path) override;
  Status sync_folder(const std::string& path) override;
};

// Reads a whole file.  Errors: TooLarge – it is longer than `limit` bytes.
Result<Bytes> read_file(Env& env, const std::string& path, std::uint64_t limit);
// Writes `path` so that after a crash it holds either its old content or all of `data`:
// temporary file, sync, rename, sync of the folder.
Status write_file_atomic(Env& env, const std::string& path, ByteSpan data, IfExists if_exists);
// The folder part of a path; "." when it has none.
std::string folder_of(const std::string& path);

}  // namespace sealane
