// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sealane::identity {

enum class DeviceState { Active, Revoked };

// One entry of the registry: a thing is the entry of a certificate's SHA-256.  A thing may have
// several certificates (rotation), each an entry of its own.
struct Device {
  std::string thing;
  std::string certificate_sha256;  // of the DER, lower-case hex
  std::string serial;
  Time not_after{};
  std::vector<std::pair<std::string, std::string>> attributes{};
  DeviceState state = DeviceState::Active;
};

// Every entry at one generation.  Threads: immutable.
class RegistrySnapshot {
 public:
  RegistrySnapshot(std::uint64_t generation, std::vector<Device> devices);
  std::uint64_t generation() const { return generation_; }
  std::size_t size() const { return by_sha256_.size(); }
  // nullptr: unregistered.  A revoked entry is returned with its state.
  const Device* find(const std::string& certificate_sha256) const;

 private:
  std::uint64_t generation_;
  std::unordered_map<std::string, Device> by_sha256_;
};

// The device registry, an SQLite file.
//
// Threads:    one at a time; several processes may have it open.
// Durability: a change is on disk when its function returns.
class Registry {
 public:
  struct Limits {
    std::size_t devices_max = 1'000'000;
    std::size_t attributes_max = 50;
    std::size_t attribute_bytes_max = 1024;
  };

  // Creates the file when it is not there.
  static Result<Registry> open(const std::string& path, Limits limits);
  static Result<Registry> open(const std::string& path) { return open(path, Limits()); }
  Registry(Registry&&) noexcept;
  Registry& operator=(Registry&&) noexcept;
  ~Registry();

  // Errors: Conflict – that certificate is registered; Invalid – not a name, or not a SHA-256;
  //         TooLarge – over a limit.
  Status add(const Device& device);
  // Revokes every certificate of `thing`.  Errors: NotFound – no such thing.
  Status revoke(const std::string& thing);
  Result<std::vector<Device>> list();
  Result<std::optional<Device>> find(const std::string& certificate_sha256);
  // Rises with each change.
  Result<std::uint64_t> generation();
  Result<std::shared_ptr<const RegistrySnapshot>> snapshot();

 private:
  friend class RegistryReader;
  struct Impl;
  explicit Registry(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The gateway's view: opened read-only, reloaded when the generation moved.
//
// Threads: refresh() from one thread; what current() returns may go to others.
class RegistryReader {
 public:
  // Errors: NotFound – no registry there.
  static Result<RegistryReader> open(const std::string& path);
  RegistryReader(RegistryReader&&) noexcept;
  RegistryReader& operator=(RegistryReader&&) noexcept;
  ~RegistryReader();

  const std::shared_ptr<const RegistrySnapshot>& current() const { return current_; }
  // One indexed read; true when current() is a new snapshot.  A registry that was put in the
  // file's place is opened and read.  After an error current() is as before.
  // Errors: also NotFound – the file is gone.
  Result<bool> refresh();

 private:
  RegistryReader(std::string path, Registry registry);
  std::string path_;
  std::unique_ptr<Registry> registry_;
  std::shared_ptr<const RegistrySnapshot> current_;
};

}  // namespace sealane::identity
