// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/crl.h"

namespace sealane::identity {

enum class DeviceState { Active, Revoked };

// Who issued a device's certificate.
enum class Issuer {
  Own,      // the pipeline's CA: the certificate names the thing
  External  // a CA that the pipeline file trusts: only this entry says which thing it is
};

// What is known of a thing, whichever of its certificates it shows.
struct ThingFacts {
  std::string type{};
  std::vector<std::string> groups{};  // sorted
  std::vector<std::pair<std::string, std::string>> attributes{};
  friend bool operator==(const ThingFacts&, const ThingFacts&) = default;
};

// A certificate in the registry, with the thing that it is.  A thing may have several active
// certificates (renewal); type, groups and attributes are the thing's and the same in each.
struct Device {
  std::string thing;
  std::string certificate_sha256;  // of the DER, lower-case hex
  std::string serial;              // as crypto::CertificateFacts has it
  Time not_after{};
  std::vector<std::pair<std::string, std::string>> attributes{};
  DeviceState state = DeviceState::Active;
  std::string type{};
  std::vector<std::string> groups{};
  Issuer issuer = Issuer::Own;
  Time revoked_at{};  // when revoked
  crypto::RevocationReason reason = crypto::RevocationReason::Unspecified;
};

// What to change of a thing.
struct ThingChange {
  std::optional<std::string> type{};                              // empty text: none
  std::optional<std::vector<std::string>> groups{};               // in place of the present ones
  std::vector<std::pair<std::string, std::string>> attributes{};  // added or replaced
  std::vector<std::string> attributes_removed{};
};

// What to do with the facts of a Device whose thing is known already.
enum class IfThingExists {
  Keep,     // type, groups and attributes stay as they are
  Replace,  // those of the Device hold from now on, for each certificate of the thing
};

// Why and when; the same for every certificate that a call revokes.
struct Revocation {
  Time at{};
  crypto::RevocationReason reason = crypto::RevocationReason::Unspecified;
};

// A certificate of the pipeline's CA that its revocation list must name.
struct RevokedCertificate {
  std::string serial;
  Time not_after{};
  Revocation revocation{};
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
    std::size_t groups_max = 10;
  };

  // Creates the file when it is not there; brings one of format 1 up to date.
  // Errors: Unsupported – a format of a later version.
  static Result<Registry> open(const std::string& path, Limits limits);
  static Result<Registry> open(const std::string& path) { return open(path, Limits()); }
  Registry(Registry&&) noexcept;
  Registry& operator=(Registry&&) noexcept;
  ~Registry();

  // All of them or, after an error, none: one transaction, one generation.
  // Errors: Conflict – a certificate is registered; Invalid – not a name, or not a SHA-256;
  //         TooLarge – over a limit.
  Status add(std::span<const Device> devices, IfThingExists if_exists = IfThingExists::Keep);
  Status add(const Device& device) { return add(std::span(&device, 1)); }
  // Changes a thing.  Result: the new generation.  Errors: NotFound; Invalid; TooLarge.
  Result<std::uint64_t> set(const std::string& thing, const ThingChange& change);
  // Revokes every certificate of `thing`; those that were revoked before keep their time.
  // Result: the new generation, which a running gateway confirms.  Errors: NotFound.
  Result<std::uint64_t> revoke(const std::string& thing, const Revocation& revocation);
  // Revokes one certificate.  Errors: NotFound.
  Result<std::uint64_t> revoke_certificate(const std::string& certificate_sha256,
                                           const Revocation& revocation);
  // Enters a certificate of a node as revoked: nodes are not devices, so only the revocation list
  // tells their peers.
  Status revoke_node_certificate(const RevokedCertificate& certificate);
  // What the pipeline's CA has issued and the registry has revoked, and has not expired at `now`.
  Result<std::vector<RevokedCertificate>> revoked(Time now);
  // The number of the next revocation list: rises by one with each call.
  Result<std::uint64_t> next_crl_number();
  // The thing's facts; nothing when no certificate of it is registered.
  Result<std::optional<ThingFacts>> find_thing(const std::string& thing);
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
  // Reads registries of format 1 too; only Registry::open changes a file.
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
