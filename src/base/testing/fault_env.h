// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/env.h"

namespace sealane {

// The Env twin: files in memory that forget what was not synced.
//
// What a power loss does (`crash`):
// - A file keeps what was synced.  Of what was appended after that, a random prefix survives; its
//   last 512-byte sector may hold garbage.  An unsynced truncation may or may not have happened.
// - Each name that was created, renamed or removed since its folder's last sync_folder is, each on
//   its own, as before or as after: renames reorder, files whose name was never synced vanish.  A
//   rename is one event: the file has its old name, or the new one, never neither.
// - Open handles are dead: every call fails with Internal.
//
// What a failed sync does: the bytes it was asked to keep stay readable until the crash and are
// zeros after it, whatever a later sync says (fdatasync on Linux after EIO).
//
// Threads: any; one lock.
class FaultEnv final : public Env {
 public:
  enum class Fault { Eio, DiskFull };

  FaultEnv();
  ~FaultEnv() override;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Status rename(const std::string& from, const std::string& to, IfExists if_exists) override;
  Status remove(const std::string& path) override;
  Status make_folder(const std::string& path) override;
  Status sync_folder(const std::string& path) override;

  // Power loss, decided by `seed` alone; afterwards everything that is there is on disk, faults
  // and a pending cut are gone, and new handles work.
  void crash(std::uint64_t seed);

  // Operations so far that change or sync something (open for reading, reads and lists do not
  // count).
  std::uint64_t operations() const;
  // The power goes before operation number `operation` (counted from now, 0 = the next one): that
  // one and all after it fail with Internal and change nothing, until crash() is called.
  void cut_power_after(std::uint64_t operation);
  bool power_is_off() const;
  // `operation` (counted from now) and the `count - 1` after it fail with `fault`.  A failed append
  // leaves half of its data behind.
  void fail_after(std::uint64_t operation, Fault fault, std::uint64_t count = 1);
  // The next `count` syncs of files fail with EIO.
  void fail_syncs(std::uint64_t count);
  // Bytes that appends may still write; what does not fit is written in part and fails.
  void set_space_left(std::uint64_t bytes);
  void set_space_unlimited();
  // Syncs return success and do nothing.
  void set_no_op_sync(bool on);

  // Changes one byte of a file where it stands, on disk and in memory.
  Status rot(const std::string& path, std::uint64_t offset, std::byte flip = std::byte{0x40});
  // Replaces a file's whole content, synced.
  Status overwrite(const std::string& path, ByteSpan data);
  std::uint64_t bytes_stored() const;

 private:
  friend class FaultFile;
  struct Node;
  struct Folder;
  struct Event;
  using NodePtr = std::shared_ptr<Node>;

  Status before_operation();  // counts, and says whether this one may go on
  Status append_locked(Node& node, ByteSpan data);
  Folder* folder_at(const std::string& path);
  void settle(Folder& folder, const Event& event);  // the change is on disk
  static void lose_unsynced(Node& node, std::mt19937_64& random);
  bool power_is_off_locked() const;

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Folder>> folders_;
  std::uint64_t boot_ = 0;  // handles of an earlier boot are dead
  std::uint64_t operations_ = 0;
  std::optional<std::uint64_t> power_off_at_;
  std::optional<std::uint64_t> fault_from_;
  std::uint64_t fault_until_ = 0;
  Fault fault_ = Fault::Eio;
  std::uint64_t failing_syncs_ = 0;
  std::optional<std::uint64_t> space_left_;
  bool no_op_sync_ = false;
};

}  // namespace sealane
