// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "gateway/admin_socket.h"
#include "gateway/assemble.h"
#include "gateway/peers.h"
#include "gateway/snapshot.h"
#include "net/https_client.h"
#include "net/listener.h"
#include "net/loop.h"
#include "pipeline/model.h"
#include "tls/policy.h"
#include "tls/session_store.h"

namespace sealane::gateway {

// Where a pipeline keeps what is not declared: `.sealane/` and its parts.
struct StateLayout {
  std::string root;

  std::string trust_ca() const { return root + "/trust/ca.pem"; }
  std::string trust_crl() const { return root + "/trust/ca.crl"; }
  std::string registry() const { return root + "/registry.db"; }
  std::string node(const std::string& name) const { return root + "/nodes/" + name; }
};
StateLayout state_layout(const std::string& pipeline_file, const std::string& state_folder);

// What every running node has, whatever its kind.
struct NodeSetup {
  const RunOptions& options;
  PosixEnv env{};
  SystemClock clock{};
  pipeline::Pipeline pipeline{};
  const pipeline::Node* node = nullptr;
  std::string pipeline_folder{};
  StateLayout state{};
  std::size_t connections_max = 0;  // of each loop

  std::string node_folder() const { return state.node(node->name); }
};

// How many connections each of `loops` may have, so that peers cannot take the descriptors that the
// journal and the store need.
std::size_t connections_within(std::uint64_t descriptors, unsigned loops);

// Loads the pipeline, and sees that the node has been given its identity.
Status load_setup(NodeSetup& setup, std::vector<Diagnostic>& diagnostics);

// The files of a node that are read anew while it runs; those of devices are the caller's to add.
SnapshotSource::Files reloaded_files(const NodeSetup& setup);

// The listener of one protocol with the versions and credentials of the node.
struct ListenerRules {
  const CurrentSnapshot& current;
  PeerRule rule;
  std::shared_ptr<tls::SessionStore> sessions;
};
Result<std::shared_ptr<tls::Context>> server_context(const NodeSetup& setup,
                                                     const pipeline::Listener& listener,
                                                     const NodeSnapshot& snapshot,
                                                     const ListenerRules& rules);
Result<std::unique_ptr<net::TlsListener>> open_listener(const NodeSetup& setup, net::Loop& loop,
                                                        const pipeline::Listener& listener,
                                                        std::uint16_t port,
                                                        std::shared_ptr<tls::Context> context);
std::uint16_t port_of(const NodeSetup& setup, const pipeline::Listener& listener);

// One end of a hop into or out of a store: who connects, and how it proves itself.
struct LakeClientRequest {
  const pipeline::Pipeline& pipeline;
  const pipeline::Hop& hop;
  const pipeline::Node& lake;
  std::optional<tls::Endpoint> given;  // in place of what the pipeline says
  std::shared_ptr<const tls::Credentials> credentials;
  std::string trusted_ca_pem;
  Time now;
};
// A client that talks to that store alone and writes `upstream-open` for each connection.
// Errors: Invalid – nobody says where the store is.
Result<net::HttpsClient::Options> lake_client_options(const LakeClientRequest& request);

// Writes `listening` and what the TLS library cannot do.
void log_listening(const NodeSetup& setup, const net::TlsListener& listener);

// Gives up root, and forbids what a running node never does.
Status become_least(const NodeSetup& setup);

// The admin socket of the node, listening; open it before the registry is read.
Result<std::unique_ptr<AdminSocket>> open_admin_socket(const NodeSetup& setup);

Status run_gateway(NodeSetup& setup);
Status run_store(NodeSetup& setup);

}  // namespace sealane::gateway
