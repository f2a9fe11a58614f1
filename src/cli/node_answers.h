// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/command.h"
#include "cli/provision.h"
#include "gateway/admin_request.h"

namespace sealane::cli {

// What one node of a pipeline said.
struct NodeAnswer {
  std::string node;
  Result<std::optional<json::Value>> answer;  // nothing: it does not run
  std::chrono::milliseconds took{};
};

enum class AskedNodes {
  Gateways,  // those with a registry
  All,       // gateways and stores
};
// The names of the nodes that `run` carries; only `node` when it is not empty.
// Errors: NotFound – no such node.
Result<std::vector<std::string>> nodes_to_ask(const LoadedPipeline& loaded, AskedNodes which,
                                              const std::string& node);

// Asks all of them at the same time; blocks at most `wait`.
std::vector<NodeAnswer> ask_nodes(const LoadedPipeline& loaded,
                                  const std::vector<std::string>& nodes,
                                  const gateway::AdminRequest& request,
                                  std::chrono::milliseconds wait);

// What running nodes have put into use.
struct Confirmation {
  struct Node {
    std::string node;
    std::uint64_t generation = 0;
    std::uint64_t connections_closed = 0;
    std::uint64_t sessions_erased = 0;
    std::vector<std::string> changed;  // of a reload
    std::chrono::milliseconds took{};
  };
  std::vector<Node> confirmed;
  std::vector<std::string> not_running;
};
// Errors: Unavailable, or Timeout – a node that runs did not confirm; all of them are named.
Result<Confirmation> confirmation_of(const std::vector<NodeAnswer>& answers);

// Has every running gateway confirm a generation of the registry in which `thing` is revoked.
// Errors: as confirmation_of; the revocation stands in the registry all the same.
Result<Confirmation> confirm_revocation(const LoadedPipeline& loaded, const std::string& thing,
                                        std::uint64_t generation, std::chrono::milliseconds wait);

// Members `confirmed` and `not_running` of the object that `w` is in; `changed` where it is asked
// for.
void write_confirmation(json::Writer& w, const Confirmation& confirmation, bool with_changed);
// A line for each node.
std::string to_text(const Confirmation& confirmation);

// Writes what a node said as it said it.
void write_value(json::Writer& w, const json::Value& value);

void add_wait_option(CLI::App* command, double& seconds);
std::chrono::milliseconds to_milliseconds(double seconds);

}  // namespace sealane::cli
