// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace sealane::db {

// A disk in memory on which every SQLite database lies that is opened while the object lives.  It
// keeps what was synced; what was not, a loss of power takes or leaves, write by write, at random.
//
// - A synced file has all its writes.  Of the others each is lost, kept, or torn at a sector.
// - A file that was made or deleted since its folder was last synced is there or not.  A folder is
//   synced with the first sync of a file made in it, and by a deletion that asks for it.
//
// Lifetime: one at a time; databases opened on it are closed before it goes.
class PowerVfs {
 public:
  explicit PowerVfs(std::uint64_t seed);
  ~PowerVfs();
  PowerVfs(const PowerVfs&) = delete;
  PowerVfs& operator=(const PowerVfs&) = delete;

  // The power goes with the write, sync, truncation or deletion after `operations` more; what is
  // done from then on fails.
  void cut_after(std::uint64_t operations) { left_ = operations; }
  void cut() { off_ = true; }
  bool is_off() const { return off_; }
  // The machine starts again with what the disk has kept.
  void restore();
  // A disk that says it has synced and has not.
  void lie_about_sync(bool lies) { lies_ = lies; }

 private:
  struct Change {
    std::uint64_t offset = 0;
    Bytes data;
    bool truncates = false;
  };
  struct Node {
    Bytes current;
    Bytes durable;
    std::vector<Change> unsynced;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  struct Handle;
  struct Calls;

  // Whether the operation still happens.
  bool spend();
  static void change(Node& node, Change change);
  static void apply(Bytes& content, const Change& change);
  void lose_unsynced(Node& node);

  std::mt19937_64 random_;
  std::uint64_t left_ = UINT64_MAX;
  std::uint64_t starts_ = 0;
  bool off_ = false;
  bool lies_ = false;
  Names names_;
  Names durable_names_;
};

}  // namespace sealane::db
