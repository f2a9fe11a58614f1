// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <set>
#include <thread>

#include "base/log.h"
#include "fronts/connection_log.h"
#include "fronts/mqtt_front.h"
#include "gateway/delivery.h"
#include "gateway/delivery_thread.h"
#include "gateway/node_setup.h"
#include "identity/identity.h"
#include "identity/registry.h"
#include "keys/keyring.h"
#include "keys/opener.h"
#include "keys/sealer.h"
#include "net/https_client.h"
#include "pipeline/things.h"
#include "policy/document.h"
#include "policy/evaluate.h"
#include "sinks/s3_sink.h"

namespace sealane::gateway {
namespace {

constexpr std::chrono::milliseconds kRegistryLookInterval{100};
constexpr int kLooksPerComplaint = 100;

// The registry as it is now, for handshakes and fronts on every thread.
class SharedRegistry {
 public:
  void set(std::shared_ptr<const identity::RegistrySnapshot> snapshot) {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(snapshot);
  }
  std::shared_ptr<const identity::RegistrySnapshot> get() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const identity::RegistrySnapshot> snapshot_;
};

tls::Refusal refuse(tls::RefusalReason reason, std::string detail,
                    const crypto::CertificateFacts& facts) {
  tls::Refusal refusal;
  refusal.reason = reason;
  refusal.detail = std::move(detail);
  refusal.certificate = facts;
  return refusal;
}

// A device of this pipeline, listed in the hop's things file, whose certificate the registry has.
tls::PeerCheck only_registered_devices(std::string pipeline,
                                       std::shared_ptr<const std::set<std::string>> things,
                                       const SharedRegistry& registry) {
  return [pipeline = std::move(pipeline), things,
          &registry](const crypto::CertificateFacts& facts) -> std::optional<tls::Refusal> {
    const auto identity = identity::identity_of(facts);
    if (!identity || identity->role != identity::Role::Device || identity->pipeline != pipeline)
      return refuse(tls::RefusalReason::WrongRole,
                    "not a device of this pipeline: `" +
                        (facts.uris.empty() ? facts.subject : facts.uris.front()) + "`",
                    facts);
    const auto snapshot = registry.get();
    const identity::Device* device = snapshot->find(facts.sha256);
    if (device == nullptr)
      return refuse(
          tls::RefusalReason::Unregistered,
          "certificate " + facts.sha256 + " of `" + identity->name + "` is not in the registry",
          facts);
    if (device->state == identity::DeviceState::Revoked)
      return refuse(tls::RefusalReason::Revoked, "device `" + device->thing + "` was revoked",
                    facts);
    if (device->thing != identity->name || !things->contains(device->thing))
      return refuse(tls::RefusalReason::WrongRole,
                    "thing `" + device->thing + "` is not in the things file of the hop", facts);
    return std::nullopt;
  };
}

// The one hop of each protocol that this version carries for a gateway.
Result<const pipeline::Hop*> only_hop(const NodeSetup& setup, pipeline::HopProtocol over) {
  const pipeline::Hop* found = nullptr;
  for (const pipeline::Hop& hop : setup.pipeline.hops) {
    const bool ours = over == pipeline::HopProtocol::Mqtt ? hop.to == setup.node->name
                                                          : hop.from == setup.node->name;
    if (!ours || hop.over != over) continue;
    if (found != nullptr)
      return fail(ErrorKind::Unsupported, "several " + std::string(pipeline::to_string(over)) +
                                              " hops at gateway `" + setup.node->name +
                                              "`: not in this version");
    found = &hop;
  }
  if (found == nullptr)
    return fail(ErrorKind::Invalid, "gateway `" + setup.node->name + "` has no " +
                                        std::string(pipeline::to_string(over)) + " hop");
  return found;
}

Result<policy::CompiledPolicies> device_policies(NodeSetup& setup, const pipeline::Hop& hop) {
  SEALANE_ASSIGN(const std::string text, read_beside(setup, hop.policy_file));
  auto parsed = policy::parse_document(text, policy::DocumentKind::IotDevice, hop.policy_file);
  for (const Diagnostic& d : parsed.diagnostics)
    log::write(d.severity == Severity::Error ? log::Level::Error : log::Level::Warning,
               "policy-diagnostic", {{"detail", to_text(d)}});
  if (!parsed.value)
    return fail(ErrorKind::Invalid, "policy `" + hop.policy_file + "` cannot be evaluated",
                "the lines above say where and why");
  return policy::compile(std::span(&*parsed.value, 1));
}

Result<std::shared_ptr<const std::set<std::string>>> things_of(NodeSetup& setup,
                                                               const pipeline::Hop& hop) {
  const pipeline::Node* devices = setup.pipeline.find_node(hop.from);
  SEALANE_CHECK(devices != nullptr);
  SEALANE_ASSIGN(const std::string text, read_beside(setup, devices->things_file));
  auto parsed = pipeline::parse_things(text, devices->things_file);
  if (!parsed.value) return fail(ErrorKind::Invalid, to_text(parsed.diagnostics.front()));
  auto names = std::make_shared<std::set<std::string>>();
  for (const pipeline::Thing& thing : *parsed.value) names->insert(thing.name);
  return std::shared_ptr<const std::set<std::string>>(names);
}

std::optional<tls::Endpoint> given_endpoint(const NodeSetup& setup, const std::string& node) {
  const auto given = setup.options.peers.find(node);
  if (given == setup.options.peers.end()) return std::nullopt;
  return given->second;
}

void log_recovered(const store::Recovered& recovered, std::uint64_t durable) {
  log::write(recovered.torn_bytes > 0 ? log::Level::Warning : log::Level::Info, "journal-recovered",
             {{"last", durable},
              {"torn_bytes", recovered.torn_bytes},
              {"torn_segment", recovered.torn_segment},
              {"torn_offset", recovered.torn_offset},
              {"clean_close", recovered.clean_close}});
}

// One thread of the MQTT front.
struct Worker {
  explicit Worker(keys::Keyring& keyring, const std::string& key, const Clock& clock)
      : sealer(keyring, key, clock) {}
  net::Loop loop;
  keys::Sealer sealer;
  std::unique_ptr<net::TlsListener> listener;
  std::unique_ptr<fronts::MqttFront> front;
  std::thread thread;
};

}  // namespace

Status run_gateway(NodeSetup& setup) {
  SEALANE_ASSIGN(const pipeline::Hop* in, only_hop(setup, pipeline::HopProtocol::Mqtt));
  SEALANE_ASSIGN(const pipeline::Hop* out, only_hop(setup, pipeline::HopProtocol::S3));
  const pipeline::Listener* mqtt = setup.node->listener(pipeline::ListenerProtocol::Mqtt);
  const pipeline::Node* lake = setup.pipeline.find_node(out->to);
  SEALANE_CHECK(mqtt != nullptr && lake != nullptr);
  SEALANE_ASSIGN(const policy::CompiledPolicies compiled, device_policies(setup, *in));
  SEALANE_ASSIGN(auto things, things_of(setup, *in));

  const std::string folder = setup.node_folder();
  SEALANE_ASSIGN(keys::Unlock unlock,
                 keys::read_unlock(setup.env, folder, setup.options.passphrase_file));
  SEALANE_ASSIGN(auto registry, identity::RegistryReader::open(setup.state.registry()));
  SharedRegistry shared_registry;
  shared_registry.set(registry.current());

  // Ports first, while a low one may still be bound.
  SEALANE_ASSIGN(auto keyring, keys::Keyring::open(folder, unlock, setup.clock));
  std::vector<std::unique_ptr<Worker>> workers;
  std::uint16_t port = port_of(setup, *mqtt);
  for (unsigned i = 0; i < std::max(1u, setup.options.threads); ++i) {
    auto worker = std::make_unique<Worker>(*keyring, setup.node->journal_key, setup.clock);
    SEALANE_ASSIGN(auto context, server_context(setup, *mqtt,
                                                only_registered_devices(setup.pipeline.name, things,
                                                                        shared_registry)));
    SEALANE_ASSIGN(worker->listener, open_listener(setup, worker->loop, *mqtt, port, context));
    port = worker->listener->port();
    workers.push_back(std::move(worker));
  }
  SEALANE_TRY(become_least(setup));

  for (const char* part : {"/journal", "/spool", "/delivery"})
    SEALANE_TRY(setup.env.make_folder(folder + part));
  const store::JournalName journal_name{folder + "/journal", setup.pipeline.name,
                                        setup.node->journal_key};
  SEALANE_ASSIGN(const DeliveryState delivered,
                 load_delivery_state(setup.env, folder + "/delivery"));
  keys::Sealer mark_sealer(*keyring, setup.node->journal_key, setup.clock);
  keys::Opener start_opener = keys::Opener::with_keyring(*keyring);
  store::JournalOptions journal_options;
  journal_options.name = journal_name;
  journal_options.durable_at_least = delivered.next_sequence - 1;
  SEALANE_ASSIGN(auto journal,
                 store::Journal::open(setup.env, mark_sealer, start_opener, journal_options));
  log_recovered(journal->recovered(), journal->durable());
  store::Committer committer(*journal, setup.clock);

  SEALANE_ASSIGN(auto client_options,
                 lake_client_options({.pipeline = setup.pipeline,
                                      .hop = *out,
                                      .lake = *lake,
                                      .given = given_endpoint(setup, lake->name),
                                      .credentials = setup.credentials,
                                      .trusted_ca_pem = setup.trusted_ca_pem,
                                      .now = setup.clock.now()}));
  SEALANE_ASSIGN(auto client, net::HttpsClient::create(std::move(client_options)));
  sinks::S3Sink sink(*client, setup.pipeline.bucket());
  keys::Opener delivery_opener = keys::Opener::with_keyring(*keyring);
  keys::Sealer dataset_sealer(*keyring, out->seal, setup.clock);
  SEALANE_ASSIGN(const crypto::Ed25519PrivateKey manifest_key, keyring->manifest_signing_key());
  DeliveryOptions delivery_options;
  delivery_options.pipeline = setup.pipeline.name;
  delivery_options.dataset = out->seal;
  delivery_options.spool_folder = folder + "/spool";
  delivery_options.state_folder = folder + "/delivery";
  delivery_options.journal = journal_name;
  delivery_options.limits.records_max = checked_cast<std::uint32_t>(std::min<std::uint64_t>(
      lake->bundle_limits.max_records, std::numeric_limits<std::uint32_t>::max()));
  delivery_options.limits.bytes_max = lake->bundle_limits.max_bytes;
  delivery_options.limits.age_max = lake->bundle_limits.max_age;
  SEALANE_ASSIGN(auto delivery, Delivery::open(setup.env, *journal, delivery_opener, dataset_sealer,
                                               manifest_key, sink, delivery_options));
  DeliveryThread delivery_thread(*delivery, setup.clock);

  fronts::MqttHub hub;
  const auto snapshot = std::make_shared<const fronts::PolicySnapshot>(compiled);
  for (auto& worker : workers) {
    fronts::MqttFrontOptions options;
    options.listener = worker->listener->name();
    options.arn_prefix = pipeline::iot_arn_prefix(setup.pipeline);
    worker->front = std::make_unique<fronts::MqttFront>(
        fronts::MqttFrontParts{.loop = worker->loop,
                               .journal = *journal,
                               .sealer = worker->sealer,
                               .committer = committer,
                               .clock = setup.clock,
                               .hub = hub,
                               .registry = [&shared_registry] { return shared_registry.get(); }},
        options, snapshot);
  }

  // Everything is constructed; from here on threads run.
  committer.start();
  delivery_thread.start();
  for (auto& worker : workers) {
    worker->listener->start(
        [front = worker->front.get()](net::TlsStream stream) {
          return front->serve(std::move(stream));
        },
        [name = worker->listener->name()](const std::string& peer, const tls::Refusal& refusal) {
          fronts::log_connection_refused(name, peer, refusal);
        });
    worker->thread = std::thread([loop = &worker->loop] { loop->run(); });
  }
  log_listening(setup, *workers.front()->listener);

  net::Loop admin;
  stop_at_signals(admin);
  net::asio::steady_timer look(admin.context());
  int unreadable = 0;  // looks in a row
  std::function<void()> look_again = [&] {
    look.expires_after(kRegistryLookInterval);
    look.async_wait([&](const boost::system::error_code& error) {
      if (error) return;
      auto changed = registry.refresh();
      if (!changed.ok()) {
        if (unreadable++ % kLooksPerComplaint == 0)
          log::write(log::Level::Error, "registry-unreadable",
                     {{"detail", changed.error().message}});
        look_again();
        return;
      }
      unreadable = 0;
      if (*changed) {
        shared_registry.set(registry.current());
        for (auto& worker : workers) worker->front->recheck(registry.current());
        log::write(log::Level::Info, "registry-reloaded",
                   {{"generation", registry.current()->generation()}});
      }
      look_again();
    });
  };
  look_again();
  admin.run();

  for (auto& worker : workers) worker->loop.stop();
  for (auto& worker : workers) worker->thread.join();
  committer.stop();
  const Status closed = journal->close();
  // A lake that does not answer holds nothing up: what it has not got stays in the journal and in
  // the spool.
  client->interrupt();
  delivery_thread.stop();
  return closed;
}

}  // namespace sealane::gateway
