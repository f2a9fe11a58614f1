// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "crypto/x509.h"
#include "fronts/policy_snapshot.h"
#include "identity/registry.h"
#include "identity/revocation.h"
#include "pipeline/model.h"
#include "tls/policy.h"

namespace sealane::gateway {

// Everything of a node that may change while it runs, read at one time and validated together.
// Threads: immutable.
struct NodeSnapshot {
  std::uint64_t generation = 1;         // rises with each snapshot that is put into use
  std::uint64_t policy_generation = 1;  // of the newest one with other policies or things
  Time loaded{};
  std::shared_ptr<const tls::Credentials> credentials;
  crypto::CertificateFacts certificate;  // of the credentials
  std::shared_ptr<const identity::RevocationLists> authorities;
  std::shared_ptr<const fronts::PolicySnapshot> policies;
  // Of a gateway; null at a store.
  std::shared_ptr<const std::set<std::string>> things{};
  std::shared_ptr<const identity::RegistrySnapshot> registry{};
  // As they were read, so that what did not change is not compiled again.
  std::shared_ptr<const std::string> policy_text{};
  std::shared_ptr<const std::string> things_text{};

  // The CAs whose certificates peers may show: for devices all, for nodes the pipeline's own.
  std::string trusted_pem() const;
  // The pipeline's own CA.
  std::string own_ca_pem() const;
};

// The snapshot that holds now, for handshakes on every thread.
// Threads: any.
class CurrentSnapshot {
 public:
  explicit CurrentSnapshot(std::shared_ptr<const NodeSnapshot> first) : now_(std::move(first)) {}
  std::shared_ptr<const NodeSnapshot> get() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  void set(std::shared_ptr<const NodeSnapshot> next) {
    const std::lock_guard lock(mutex_);
    now_ = std::move(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const NodeSnapshot> now_;
};

// What differs between two snapshots.
struct SnapshotChange {
  bool certificate = false;
  bool trust = false;  // CAs
  bool lists = false;  // revocation lists
  bool policies = false;
  bool things = false;
  bool registry = false;

  bool any() const { return certificate || trust || lists || policies || things || registry; }
  std::vector<std::string> words() const;  // `certificate`, `trust`, …
};

struct LoadedSnapshot {
  std::shared_ptr<const NodeSnapshot> snapshot;
  SnapshotChange change;
};

// Where a node reads a snapshot from, and the registry that it keeps open.
//
// Owner:   the node; one thread.
class SnapshotSource {
 public:
  struct Files {
    const pipeline::Pipeline* pipeline = nullptr;
    std::string node;
    std::string certificate;  // paths from here on
    std::string key;
    identity::AuthorityFiles own;
    std::vector<identity::AuthorityFiles> others{};
    // Of a gateway: for devices.  At a store empty, and its policies come from the pipeline.
    std::string policy{};
    std::string things{};
    std::string registry{};
  };
  SnapshotSource(Env& env, const Clock& clock, Files files);

  // Reads and validates all of it.  `previous`: what did not change is shared with it; null at the
  // start.  Errors: name the file and say why; nothing has changed then.
  Result<LoadedSnapshot> load(const std::shared_ptr<const NodeSnapshot>& previous);
  // Looks at the registry alone; null when it is as `previous` has it.
  Result<std::shared_ptr<const NodeSnapshot>> refresh_registry(const NodeSnapshot& previous);

  // What the watched files look like now; two texts differ when a file was written, replaced,
  // made or removed in between.  The registry has a generation of its own and is not in it.
  std::string stamp() const;
  // The same just before the last load(): what changed during it is seen as a change.
  const std::string& loaded_stamp() const { return loaded_stamp_; }
  const Files& files() const { return files_; }

 private:
  Status load_credentials(NodeSnapshot& to);
  Status load_device_files(NodeSnapshot& to, const NodeSnapshot* previous, SnapshotChange& change);
  Status load_store_policies(NodeSnapshot& to, const NodeSnapshot* previous);

  Env& env_;
  const Clock& clock_;
  Files files_;
  std::optional<identity::RegistryReader> registry_;
  std::string loaded_stamp_;
};

}  // namespace sealane::gateway
