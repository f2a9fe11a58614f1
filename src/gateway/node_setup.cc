// SPDX-License-Identifier: Apache-2.0
#include "gateway/node_setup.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "base/log.h"
#include "base/privileges.h"
#include "pipeline/load.h"

namespace sealane::gateway {
namespace {

constexpr std::uint64_t kTextBytesMax = 16u << 20;

// For the journal, the store, databases, logs and the lake's connection.
constexpr std::uint64_t kOwnDescriptors = 128;
constexpr std::uint64_t kConnectionsMax = 20'000;

// As many descriptors as the system lets this process have.
std::uint64_t raise_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kOwnDescriptors;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

tls::Version to_tls(pipeline::TlsVersion version) {
  return version == pipeline::TlsVersion::Tls12 ? tls::Version::Tls12 : tls::Version::Tls13;
}

}  // namespace

std::size_t connections_within(std::uint64_t descriptors, unsigned loops) {
  const std::uint64_t left = descriptors - std::min(descriptors, kOwnDescriptors);
  return static_cast<std::size_t>(
      std::clamp<std::uint64_t>(left / std::max(1u, loops), 1, kConnectionsMax));
}

StateLayout state_layout(const std::string& pipeline_file, const std::string& state_folder) {
  return {state_folder.empty() ? folder_of(pipeline_file) + "/.sealane" : state_folder};
}

Status load_setup(NodeSetup& setup, std::vector<Diagnostic>& diagnostics) {
  const std::string& file = setup.options.pipeline_file;
  SEALANE_ASSIGN(const Bytes text, read_file(setup.env, file, kTextBytesMax));
  auto parsed = pipeline::load_pipeline(as_text(text), file);
  diagnostics = std::move(parsed.diagnostics);
  if (!parsed.value) return fail(ErrorKind::Invalid, "`" + file + "` does not load");
  setup.pipeline = std::move(*parsed.value);
  setup.pipeline_folder = folder_of(file);
  setup.node = setup.pipeline.find_node(setup.options.node);
  if (setup.node == nullptr)
    return fail(ErrorKind::NotFound, "`" + file + "` has no node `" + setup.options.node + "`");
  setup.state = state_layout(file, setup.options.state_folder);
  auto ca = read_file(setup.env, setup.state.trust_ca(), kTextBytesMax);
  if (!ca.ok())
    return fail(ca.error().kind, ca.error().message,
                "`sealane ca init --pipeline " + file + "` makes the pipeline's CA");
  const std::string folder = setup.node_folder();
  auto credentials = tls::load_credentials(setup.env, folder + "/cert.pem", folder + "/key.pem");
  if (!credentials.ok())
    return fail(credentials.error().kind, credentials.error().message,
                "`sealane ca issue --pipeline " + file + " --node " + setup.node->name +
                    "` gives the node its identity");
  return {};
}

SnapshotSource::Files reloaded_files(const NodeSetup& setup) {
  SnapshotSource::Files files;
  files.pipeline = &setup.pipeline;
  files.node = setup.node->name;
  files.certificate = setup.node_folder() + "/cert.pem";
  files.key = setup.node_folder() + "/key.pem";
  files.own = {.ca_file = setup.state.trust_ca(), .crl_file = setup.state.trust_crl()};
  return files;
}

Result<std::unique_ptr<AdminSocket>> open_admin_socket(const NodeSetup& setup) {
  struct stat root{};
  if (::stat(setup.state.root.c_str(), &root) != 0)
    return fail_errno(errno, "cannot look at `" + setup.state.root + "`");
  return AdminSocket::open(setup.node_folder(), root.st_uid);
}

Result<std::shared_ptr<tls::Context>> server_context(const NodeSetup& setup,
                                                     const pipeline::Listener& listener,
                                                     const NodeSnapshot& snapshot,
                                                     const ListenerRules& rules) {
  const auto least =
      pipeline::listener_min_tls(setup.pipeline, *setup.node, listener, setup.clock.now());
  if (!least)
    return fail(ErrorKind::Invalid, "no hop ends at the " + std::string(listener.name()) +
                                        " listener of `" + setup.node->name +
                                        "`, so nobody may connect to it");
  tls::ServerPolicy policy;
  policy.version_min = to_tls(*least);
  policy.client_identity = tls::ClientIdentity::Required;
  policy.credentials = snapshot.credentials;
  policy.trusted_ca_pem = snapshot.trusted_pem();
  policy.check = check_by(rules.current, rules.rule);
  policy.revocation = revocation_by(rules.current);
  policy.sessions = rules.sessions;
  policy.listener = setup.node->name + "/" + std::string(listener.name());
  policy.generation = [&current = rules.current] { return current.get()->policy_generation; };
  policy.clock = &setup.clock;
  return tls::Context::server(std::move(policy));
}

std::uint16_t port_of(const NodeSetup& setup, const pipeline::Listener& listener) {
  const auto given = setup.options.ports.find(std::string(listener.name()));
  return given == setup.options.ports.end() ? listener.port : given->second;
}

Result<std::unique_ptr<net::TlsListener>> open_listener(const NodeSetup& setup, net::Loop& loop,
                                                        const pipeline::Listener& listener,
                                                        std::uint16_t port,
                                                        std::shared_ptr<tls::Context> context) {
  net::TlsListener::Options options;
  options.name = std::string(listener.name());
  options.address = setup.node->address;
  options.port = port;
  options.limits.connections_max = setup.connections_max;
  options.clock = &setup.clock;
  return net::TlsListener::open(loop, std::move(options), std::move(context));
}

Result<net::HttpsClient::Options> lake_client_options(const LakeClientRequest& request) {
  const std::string& lake = request.lake.name;
  net::HttpsClient::Options options;
  if (request.given) {
    options.endpoint = *request.given;
  } else {
    const pipeline::Listener* https = request.lake.listener(pipeline::ListenerProtocol::Https);
    options.endpoint = {request.lake.address, https == nullptr ? std::uint16_t{0} : https->port};
  }
  if (options.endpoint.port == 0)
    return fail(
        ErrorKind::Invalid, "nobody says at which port `" + lake + "` listens",
        "give the listener a port in the pipeline file, or use --peer " + lake + "=HOST:PORT");
  options.policy.version_min =
      to_tls(pipeline::min_tls_at(request.pipeline, request.hop, request.now));
  options.policy.version_max = tls::Version::Tls13;
  options.policy.credentials = request.credentials;
  options.policy.trusted_ca_pem = request.trusted_ca_pem;
  options.policy.expected_uri = pipeline::node_uri(request.pipeline, lake);
  options.on_open = [name = request.hop.name(),
                     peer = options.endpoint](const tls::PeerFacts& facts) {
    log::write(log::Level::Info, "upstream-open",
               {{"hop", name},
                {"peer", peer.host + ":" + std::to_string(peer.port)},
                {"identity", facts.identity},
                {"tls", facts.version},
                {"group", facts.group},
                {"suite", facts.suite}});
  };
  return options;
}

void log_listening(const NodeSetup& setup, const net::TlsListener& listener) {
  log::write(log::Level::Info, "listening",
             {{"node", setup.node->name},
              {"listener", listener.name()},
              {"address", setup.node->address},
              {"port", std::uint64_t{listener.port()}}});
  const tls::Capabilities build = tls::build_capabilities();
  if (setup.pipeline.transit.post_quantum == pipeline::PostQuantum::Prefer && !build.has_ml_kem)
    log::write(log::Level::Warning, "build-cannot",
               {{"node", setup.node->name},
                {"what", std::string("post-quantum key exchange (X25519MLKEM768)")},
                {"library", build.library}});
}

Status become_least(const NodeSetup& setup) {
  SEALANE_TRY(drop_root({.user = setup.options.user, .own_folders = {setup.node_folder()}}));
  if (::access(setup.node_folder().c_str(), R_OK | W_OK | X_OK) != 0)
    return fail(ErrorKind::Denied,
                "user `" + setup.options.user + "`, who carries this node, cannot reach `" +
                    setup.node_folder() + "`",
                "let others pass the folders above it (chmod o+x), move the pipeline, or name "
                "another user with --user");
  Status filtered = forbid_unneeded_system_calls();
  if (!filtered.ok())
    log::write(log::Level::Warning, "least-privilege", {{"detail", filtered.error().message}});
  return {};
}

Status run_node(const RunOptions& options, std::vector<Diagnostic>& diagnostics) {
  SEALANE_TRY(harden_process());
  // Until the node watches for it; a reload that early would read nothing new.
  std::signal(SIGHUP, SIG_IGN);
  NodeSetup setup{.options = options};
  setup.connections_max = connections_within(raise_descriptors(), options.threads);
  SEALANE_TRY(load_setup(setup, diagnostics));
  switch (setup.node->kind) {
    case pipeline::NodeKind::Gateway: return run_gateway(setup);
    case pipeline::NodeKind::Store: return run_store(setup);
    case pipeline::NodeKind::Device:
    case pipeline::NodeKind::Consumer: break;
  }
  return fail(ErrorKind::Unsupported,
              "node `" + options.node + "` is of kind " +
                  std::string(pipeline::to_string(setup.node->kind)) +
                  ", which `run` does not carry",
              "run a node of kind gateway or store");
}

}  // namespace sealane::gateway
