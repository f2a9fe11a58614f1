// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "identity/ca.h"
#include "pipeline/model.h"

namespace sealane::cli {

// A pipeline file, loaded, and the state folder that belongs to it.
struct LoadedPipeline {
  pipeline::Pipeline pipeline;
  std::string file;
  std::string folder;             // of the file
  std::string state;              // `.sealane` beside it, unless --state names another
  std::string passphrase_file{};  // opens keyrings in place of their unlock.key; empty: none

  std::string node_folder(const std::string& node) const { return state + "/nodes/" + node; }
  std::string ca_folder() const { return state + "/ca"; }
  std::string registry() const { return state + "/registry.db"; }
  std::string trust_ca() const { return state + "/trust/ca.pem"; }
  std::string manifest_public_key() const { return state + "/public/manifest.pub"; }
};
// Errors: Invalid – the file does not load; the findings go to `diagnostics`.
Result<LoadedPipeline> load_pipeline_file(Env& env, const std::string& file,
                                          const std::string& state,
                                          std::vector<Diagnostic>& diagnostics);

// Makes what the nodes of a pipeline need to run and keeps what is there: the CA and its trust
// bundle, an identity for each node, the device registry, a keyring with the declared keys for each
// gateway, the public half of the manifest key.  Result: one line for each thing made.
// Durability: everything is on disk when it returns without error.
Result<std::vector<std::string>> provision(Env& env, const LoadedPipeline& loaded,
                                           const Clock& clock);

struct NodeNames {
  std::string node;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
};
// The node's name, its address, and this machine.
NodeNames default_names(const pipeline::Node& node);
// Issues a node's certificate with a key made here, and replaces the present ones.
Status issue_node(Env& env, const LoadedPipeline& loaded, const NodeNames& names, Time now);

struct DeviceRequest {
  std::string thing;
  std::string csr_file;    // empty: generate the key here
  std::string out_folder;  // for cert.pem (and key.pem when generated); empty: `devices/<thing>`
};
struct AddedDevice {
  std::string thing;
  std::string certificate_file;
  std::string key_file;  // empty when the device made its key itself
  std::string certificate_sha256;
  Time not_after{};
};
// Issues a device certificate and enters it in the registry with the thing's attributes.
// Errors: NotFound – no things file of the pipeline lists the thing.
Result<AddedDevice> add_device(Env& env, const LoadedPipeline& loaded, const DeviceRequest& request,
                               Time now);

// mkdir -p for the parts under an existing folder.
Status make_folders(Env& env, const std::string& path);

}  // namespace sealane::cli
