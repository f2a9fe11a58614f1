// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <optional>
#include <thread>

#include "base/log.h"
#include "fronts/connection_log.h"
#include "fronts/mqtt_front.h"
#include "gateway/delivery.h"
#include "gateway/delivery_thread.h"
#include "gateway/node_control.h"
#include "gateway/node_setup.h"
#include "gateway/token_keys.h"
#include "keys/keyring.h"
#include "keys/opener.h"
#include "keys/sealer.h"
#include "net/https_client.h"
#include "sinks/s3_sink.h"

namespace sealane::gateway {
namespace {

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

// A gateway, composed part by part in this order; each part works with those before it.
//
// Owner:   run_gateway.
// Threads: one constructs, runs and ends it; the loops, the committer and delivery have their own.
class Gateway {
 public:
  explicit Gateway(NodeSetup& setup) : setup_(setup) {}

  Status start();
  // Until SIGTERM or SIGINT.
  Status run();

 private:
  Status find_hops();
  Status open_files();
  Status open_workers();
  Status open_journal();
  Status open_delivery();
  Status open_client();
  void open_fronts();
  NodeControl::Parts control_parts();
  Result<std::shared_ptr<tls::Context>> new_context(const NodeSnapshot& snapshot) const;
  fronts::FrontSnapshot front_snapshot(const std::shared_ptr<const NodeSnapshot>& from) const;
  // Whose a certificate is that was refused.
  fronts::KnownPeer known_peer(const tls::Refusal& refusal) const {
    if (!refusal.certificate) return {};
    const auto snapshot = current_->get();
    const identity::Device* device = snapshot->registry->find(refusal.certificate->sha256);
    if (device != nullptr) return {.thing = device->thing, .foreign = false};
    const auto answer = snapshot->authorities->check(*refusal.certificate, setup_.clock.now());
    return {.thing = {}, .foreign = answer.authority != nullptr && !answer.authority->own};
  }
  std::string folder() const { return setup_.node_folder(); }

  NodeSetup& setup_;
  const pipeline::Hop* in_ = nullptr;
  const pipeline::Hop* out_ = nullptr;
  const pipeline::Listener* mqtt_ = nullptr;
  const pipeline::Node* lake_ = nullptr;

  std::unique_ptr<AdminSocket> admin_;
  std::optional<SnapshotSource> source_;
  std::optional<CurrentSnapshot> current_;
  PeerRule rule_;
  std::shared_ptr<tls::SessionStore> sessions_ = tls::SessionStore::create();
  fronts::RefusalLog refusals_;
  std::unique_ptr<keys::Keyring> keyring_;
  std::vector<std::unique_ptr<Worker>> workers_;

  std::optional<keys::Sealer> mark_sealer_;
  std::optional<keys::Opener> start_opener_;
  std::unique_ptr<store::Journal> journal_;
  std::optional<store::Committer> committer_;

  std::unique_ptr<net::HttpsClient> client_;
  std::optional<sinks::S3Sink> sink_;
  std::optional<keys::Opener> delivery_opener_;
  std::optional<keys::Sealer> dataset_sealer_;
  std::optional<crypto::Ed25519PrivateKey> manifest_key_;
  std::unique_ptr<Delivery> delivery_;
  std::optional<DeliveryThread> delivery_thread_;

  fronts::MqttHub hub_;
  std::optional<NodeControl> control_;
};

Status Gateway::start() {
  SEALANE_TRY(find_hops());
  SEALANE_TRY(open_files());
  SEALANE_TRY(open_workers());
  SEALANE_TRY(become_least(setup_));
  SEALANE_TRY(open_journal());
  SEALANE_TRY(open_delivery());
  open_fronts();
  control_.emplace(control_parts());
  return {};
}

Status Gateway::find_hops() {
  SEALANE_ASSIGN(in_, only_hop(setup_, pipeline::HopProtocol::Mqtt));
  SEALANE_ASSIGN(out_, only_hop(setup_, pipeline::HopProtocol::S3));
  mqtt_ = setup_.node->listener(pipeline::ListenerProtocol::Mqtt);
  lake_ = setup_.pipeline.find_node(out_->to);
  SEALANE_CHECK(mqtt_ != nullptr && lake_ != nullptr);
  return {};
}

// INVARIANT: the admin socket listens before the registry is read, so that a revocation is either
// in what is read here or waits for the socket's answer.
Status Gateway::open_files() {
  SEALANE_ASSIGN(admin_, open_admin_socket(setup_));
  const pipeline::Node* devices = setup_.pipeline.find_node(in_->from);
  SEALANE_CHECK(devices != nullptr);
  SnapshotSource::Files files = reloaded_files(setup_);
  for (const pipeline::ExternalAuthority& other : setup_.pipeline.authorities)
    files.others.push_back(
        {.ca_file = setup_.pipeline_folder + "/" + other.ca_file,
         .crl_file = other.crl_file.empty() ? "" : setup_.pipeline_folder + "/" + other.crl_file});
  files.policy = setup_.pipeline_folder + "/" + in_->policy_file;
  files.things = setup_.pipeline_folder + "/" + devices->things_file;
  files.registry = setup_.state.registry();
  source_.emplace(setup_.env, setup_.clock, std::move(files));
  SEALANE_ASSIGN(LoadedSnapshot loaded, source_->load(nullptr));
  current_.emplace(std::move(loaded.snapshot));
  rule_ = registered_devices(setup_.pipeline.name);
  return {};
}

Result<std::shared_ptr<tls::Context>> Gateway::new_context(const NodeSnapshot& snapshot) const {
  return server_context(setup_, *mqtt_, snapshot,
                        {.current = *current_, .rule = rule_, .sessions = sessions_});
}

// Ports first, while a low one may still be bound.
Status Gateway::open_workers() {
  SEALANE_ASSIGN(keys::Unlock unlock,
                 keys::read_unlock(setup_.env, folder(), setup_.options.passphrase_file));
  keys::KeyringParts parts;
  parts.anchors = {folder() + "/delivery/keyring.anchor"};
  SEALANE_ASSIGN(auto finder, finder_of(setup_.env, setup_.pipeline, setup_.pipeline_folder,
                                        setup_.options.environment));
  parts.provider_for = provider_for(std::move(finder));
  SEALANE_ASSIGN(keyring_,
                 keys::Keyring::open(folder(), unlock, setup_.clock, {}, std::move(parts)));
  SEALANE_TRY(check_providers(*keyring_, setup_.pipeline));
  std::uint16_t port = port_of(setup_, *mqtt_);
  for (unsigned i = 0; i < std::max(1u, setup_.options.threads); ++i) {
    auto worker = std::make_unique<Worker>(*keyring_, setup_.node->journal_key, setup_.clock);
    SEALANE_ASSIGN(auto context, new_context(*current_->get()));
    SEALANE_ASSIGN(worker->listener, open_listener(setup_, worker->loop, *mqtt_, port, context));
    port = worker->listener->port();
    workers_.push_back(std::move(worker));
  }
  return {};
}

Status Gateway::open_journal() {
  for (const char* part : {"/journal", "/spool", "/delivery"})
    SEALANE_TRY(setup_.env.make_folder(folder() + part));
  SEALANE_ASSIGN(const DeliveryState delivered,
                 load_delivery_state(setup_.env, folder() + "/delivery"));
  mark_sealer_.emplace(*keyring_, setup_.node->journal_key, setup_.clock);
  start_opener_.emplace(keys::Opener::with_key(*keyring_, setup_.node->journal_key));
  store::JournalOptions options;
  options.name = {folder() + "/journal", setup_.pipeline.name, setup_.node->journal_key};
  options.durable_at_least = delivered.next_sequence - 1;
  SEALANE_ASSIGN(journal_,
                 store::Journal::open(setup_.env, *mark_sealer_, *start_opener_, options));
  log_recovered(journal_->recovered(), journal_->durable());
  committer_.emplace(*journal_, setup_.clock);
  return {};
}

Status Gateway::open_client() {
  const auto snapshot = current_->get();
  SEALANE_ASSIGN(auto options, lake_client_options({.pipeline = setup_.pipeline,
                                                    .hop = *out_,
                                                    .lake = *lake_,
                                                    .given = given_endpoint(setup_, lake_->name),
                                                    .credentials = snapshot->credentials,
                                                    .trusted_ca_pem = snapshot->own_ca_pem(),
                                                    .now = setup_.clock.now()}));
  options.policy.revocation = revocation_by(*current_);
  SEALANE_ASSIGN(client_, net::HttpsClient::create(std::move(options)));
  return {};
}

Status Gateway::open_delivery() {
  SEALANE_TRY(open_client());
  sink_.emplace(*client_, setup_.pipeline.bucket());
  delivery_opener_.emplace(keys::Opener::with_key(*keyring_, setup_.node->journal_key));
  dataset_sealer_.emplace(*keyring_, out_->seal, setup_.clock);
  SEALANE_ASSIGN(manifest_key_, keyring_->manifest_signing_key());
  DeliveryOptions options;
  options.pipeline = setup_.pipeline.name;
  options.dataset = out_->seal;
  options.spool_folder = folder() + "/spool";
  options.state_folder = folder() + "/delivery";
  options.journal = {folder() + "/journal", setup_.pipeline.name, setup_.node->journal_key};
  const pipeline::BundleLimits& limits = lake_->bundle_limits;
  options.limits.records_max = checked_cast<std::uint32_t>(
      std::min<std::uint64_t>(limits.max_records, std::numeric_limits<std::uint32_t>::max()));
  options.limits.bytes_max = limits.max_bytes;
  options.limits.age_max = limits.max_age;
  SEALANE_ASSIGN(delivery_, Delivery::open(setup_.env, *journal_, *delivery_opener_,
                                           *dataset_sealer_, *manifest_key_, *sink_, options));
  delivery_thread_.emplace(*delivery_, setup_.clock);
  return {};
}

fronts::FrontSnapshot Gateway::front_snapshot(
    const std::shared_ptr<const NodeSnapshot>& from) const {
  fronts::FrontSnapshot snapshot{.policies = from->policies, .registry = from->registry};
  snapshot.ended = [from, rule = rule_](const crypto::CertificateFacts& facts, Time now) {
    return must_end(*from, rule, facts, now);
  };
  return snapshot;
}

void Gateway::open_fronts() {
  const auto snapshot =
      std::make_shared<const fronts::FrontSnapshot>(front_snapshot(current_->get()));
  for (auto& worker : workers_) {
    fronts::MqttFrontOptions options;
    options.listener = worker->listener->name();
    options.arn_prefix = pipeline::iot_arn_prefix(setup_.pipeline);
    worker->front =
        std::make_unique<fronts::MqttFront>(fronts::MqttFrontParts{.loop = worker->loop,
                                                                   .journal = *journal_,
                                                                   .sealer = worker->sealer,
                                                                   .committer = *committer_,
                                                                   .clock = setup_.clock,
                                                                   .hub = hub_,
                                                                   .refusals = refusals_},
                                            options, snapshot);
  }
}

NodeControl::Parts Gateway::control_parts() {
  NodeControl::Parts parts{.setup = setup_,
                           .socket = *admin_,
                           .source = *source_,
                           .current = *current_,
                           .refusals = refusals_,
                           .sessions = sessions_,
                           .rule = rule_};
  parts.new_context = [this](const NodeSnapshot& snapshot) { return new_context(snapshot); };
  parts.renew_upstream = [this](const NodeSnapshot& snapshot) {
    return client_->set_identity(snapshot.credentials, snapshot.own_ca_pem());
  };
  for (auto& worker : workers_) {
    fronts::MqttFront* front = worker->front.get();
    parts.loops.push_back(
        {.loop = worker->loop,
         .listener = *worker->listener,
         .apply =
             [this, front](const std::shared_ptr<const NodeSnapshot>& next) {
               return front->apply(
                   std::make_shared<const fronts::FrontSnapshot>(front_snapshot(next)));
             },
         .connections = [front](std::vector<fronts::ConnectionInfo>& out,
                                std::size_t most) { return front->connections(out, most); }});
  }
  return parts;
}

Status Gateway::run() {
  // Everything is constructed; from here on threads run.
  committer_->start();
  delivery_thread_->start();
  for (auto& worker : workers_) {
    worker->listener->start(
        [front = worker->front.get()](net::TlsStream stream) {
          return front->serve(std::move(stream));
        },
        [this, name = worker->listener->name()](const std::string& peer,
                                                const tls::Refusal& refusal) {
          fronts::log_connection_refused(name, peer, refusal, setup_.clock.now(), refusals_,
                                         known_peer(refusal));
        });
    worker->thread = std::thread([loop = &worker->loop] { loop->run(); });
  }
  log_listening(setup_, *workers_.front()->listener);
  control_->run();
  for (auto& worker : workers_) worker->loop.stop();
  for (auto& worker : workers_) worker->thread.join();
  committer_->stop();
  const Status closed = journal_->close();
  // A lake that does not answer holds nothing up: what it has not got stays in the journal and in
  // the spool.
  client_->interrupt();
  delivery_thread_->stop();
  return closed;
}

}  // namespace

Status run_gateway(NodeSetup& setup) {
  Gateway gateway(setup);
  SEALANE_TRY(gateway.start());
  return gateway.run();
}

}  // namespace sealane::gateway
