// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "identity/ca.h"
#include "keys/keyring.h"
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
  std::string trust_crl() const { return state + "/trust/ca.crl"; }
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
// Issues a node's certificate and replaces the present one: for the key of a signing request, or,
// when `csr_file` is empty, with a key made here.
Status issue_node(Env& env, const LoadedPipeline& loaded, const NodeNames& names,
                  const std::string& csr_file, Time now);

// The pipeline's CA, opened with the unlock key beside it.
Result<identity::CertificateAuthority> open_ca(Env& env, const LoadedPipeline& loaded);
// Errors: name the file.
Result<crypto::CertificateRequest> read_csr(Env& env, const std::string& file);
// The folder and the keyring of a gateway; of the first one when `gateway` is empty.
Result<std::string> gateway_folder(const LoadedPipeline& loaded, const std::string& gateway);
Result<std::unique_ptr<keys::Keyring>> open_gateway_keyring(Env& env, const LoadedPipeline& loaded,
                                                            const std::string& gateway,
                                                            const Clock& clock);

// Writes a file of mode 0644, whole or not at all.
Status write_public(Env& env, const std::string& path, ByteSpan data);
// mkdir -p for the parts under an existing folder.
Status make_folders(Env& env, const std::string& path);

}  // namespace sealane::cli
