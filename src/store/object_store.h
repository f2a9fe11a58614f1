// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace sealane::store {

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;  // MD5 of the bytes in hex, as S3 fixes it; authenticates nothing
  crypto::Sha256 sha256{};
  Time created{};
};

// Of an object's bytes.  MD5 authenticates nothing.
struct ObjectDigests {
  crypto::Sha256 sha256{};
  crypto::Md5 md5{};
};

struct ObjectStoreLimits {
  std::size_t key_bytes_max = 1024;
  std::uint64_t object_bytes_max = 5ull << 30;
};

struct ListOptions {
  std::string prefix = {};
  std::string start_after = {};  // keys greater than this one
  std::size_t max_keys = 1000;
};
struct ListPage {
  std::vector<ObjectInfo> objects;  // in byte order of their keys
  bool truncated = false;
};

class ObjectStore;

// An object on its way in.  Until commit() returns nobody sees it; a put that goes without commit
// leaves nothing.
class ObjectPut {
 public:
  ~ObjectPut();
  ObjectPut(const ObjectPut&) = delete;
  ObjectPut& operator=(const ObjectPut&) = delete;

  // Errors: TooLarge; Unavailable – the object is given up.
  Status append(ByteSpan data);
  // Of what was appended; nothing can be appended afterwards.
  const ObjectDigests& digests();
  // Errors:     Conflict – the key has an object already (head() says which); Unavailable.
  // Durability: the object and its name are on disk when it returns without error.
  Result<ObjectInfo> commit(Time now);
  void abort();

 private:
  friend class ObjectStore;
  ObjectPut(ObjectStore& store, std::string key, std::string temporary, std::unique_ptr<File> file);

  ObjectStore& store_;
  std::string key_;
  std::string temporary_;
  std::unique_ptr<File> file_;
  crypto::Sha256Hasher sha256_;
  crypto::Md5ForS3EtagHasher md5_;
  std::optional<ObjectDigests> digests_;
  std::uint64_t size_ = 0;
};

// Create-only objects of one bucket in a folder (docs/formats/object-store.md).  An object's file
// holds exactly its bytes; what is known about it stands in a sidecar that is made anew if lost.
//
// Threads: any; puts of one key at the same time end with one object and one Conflict.
class ObjectStore {
 public:
  // `folder` is made if it is missing; its parent must exist.  Removes what crashed puts left.
  static Result<std::unique_ptr<ObjectStore>> open(Env& env, std::string folder,
                                                   const ObjectStoreLimits& limits = {});

  // Errors: Conflict – the key has an object; Invalid – no such key can exist; Unavailable.
  Result<std::unique_ptr<ObjectPut>> begin_put(std::string_view key);
  Result<ObjectInfo> put(std::string_view key, ByteSpan data, Time now);

  // Errors: NotFound.
  Result<ObjectInfo> head(std::string_view key);
  // Bytes from `offset`, at most `length`; fewer at the end.  Errors: NotFound; Invalid – `offset`
  // is behind the end.
  Result<Bytes> get(std::string_view key, std::uint64_t offset, std::uint64_t length);
  Result<std::unique_ptr<File>> open_object(std::string_view key);
  Result<ListPage> list(const ListOptions& options);

  // The file of a key, relative to the folder; reversible.
  static Result<std::string> file_name(std::string_view key, const ObjectStoreLimits& limits = {});
  static std::optional<std::string> key_of(std::string_view file_name);

 private:
  friend class ObjectPut;
  ObjectStore(Env& env, std::string folder, const ObjectStoreLimits& limits);
  Status make_parents(const std::string& root, const std::string& name);
  Result<ObjectInfo> read_info(std::string_view key, const std::string& name);
  Status write_info(const std::string& name, const ObjectInfo& info);
  Status collect(const std::string& below, std::vector<std::string>& names);

  Result<bool> exists(const std::string& name);
  // The object of a key is there for good: its name is on disk.
  Error conflict(const std::string& name);
  Result<ObjectInfo> publish(const std::string& temporary, const ObjectInfo& info);

  Env& env_;
  const std::string folder_;
  const ObjectStoreLimits limits_;
  std::atomic<std::uint64_t> serial_{0};
  std::mutex publishing_;  // check, sidecar and rename of one put at a time
};

}  // namespace sealane::store
