// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <thread>

#include "fronts/connection_log.h"
#include "fronts/s3_front.h"
#include "gateway/node_control.h"
#include "gateway/node_setup.h"
#include "identity/identity.h"
#include "store/object_store.h"

namespace sealane::gateway {
namespace {

// A store, composed part by part in this order; each part works with those before it.
//
// Owner:   run_store.
// Threads: one constructs, runs and ends it; the listener's loop has its own.
class Store {
 public:
  explicit Store(NodeSetup& setup) : setup_(setup) {}

  Status start();
  // Until SIGTERM or SIGINT.
  void run();

 private:
  Status open_files();
  Status open_front();
  NodeControl::Parts control_parts();
  Result<std::shared_ptr<tls::Context>> new_context(const NodeSnapshot& snapshot) const;
  std::shared_ptr<const fronts::FrontSnapshot> front_snapshot(
      const std::shared_ptr<const NodeSnapshot>& from) const;

  NodeSetup& setup_;
  const pipeline::Listener* https_ = nullptr;
  std::unique_ptr<AdminSocket> admin_;
  std::optional<SnapshotSource> source_;
  std::optional<CurrentSnapshot> current_;
  PeerRule rule_;
  std::shared_ptr<tls::SessionStore> sessions_ = tls::SessionStore::create();
  fronts::RefusalLog refusals_;
  net::Loop loop_;
  std::unique_ptr<net::TlsListener> listener_;
  std::unique_ptr<store::ObjectStore> objects_;
  std::optional<fronts::S3Front> front_;
  std::optional<NodeControl> control_;
};

Status Store::start() {
  https_ = setup_.node->listener(pipeline::ListenerProtocol::Https);
  if (https_ == nullptr)
    return fail(ErrorKind::Invalid, "store `" + setup_.node->name + "` has no https listener");
  SEALANE_TRY(open_files());
  SEALANE_ASSIGN(auto context, new_context(*current_->get()));
  SEALANE_ASSIGN(listener_,
                 open_listener(setup_, loop_, *https_, port_of(setup_, *https_), context));
  SEALANE_TRY(become_least(setup_));
  SEALANE_TRY(open_front());
  control_.emplace(control_parts());
  return {};
}

Status Store::open_files() {
  SEALANE_ASSIGN(admin_, open_admin_socket(setup_));
  source_.emplace(setup_.env, setup_.clock, reloaded_files(setup_));
  SEALANE_ASSIGN(LoadedSnapshot loaded, source_->load(nullptr));
  current_.emplace(std::move(loaded.snapshot));
  std::vector<std::string> uris;
  for (const pipeline::PeerRole& role :
       pipeline::peers_of(setup_.pipeline, *setup_.node, *https_, setup_.clock.now()))
    uris.push_back(pipeline::node_uri(setup_.pipeline, role.node));
  rule_ = nodes_named(std::move(uris));
  return {};
}

Result<std::shared_ptr<tls::Context>> Store::new_context(const NodeSnapshot& snapshot) const {
  return server_context(setup_, *https_, snapshot,
                        {.current = *current_, .rule = rule_, .sessions = sessions_});
}

std::shared_ptr<const fronts::FrontSnapshot> Store::front_snapshot(
    const std::shared_ptr<const NodeSnapshot>& from) const {
  fronts::FrontSnapshot snapshot{.policies = from->policies};
  snapshot.ended = [from, rule = rule_](const crypto::CertificateFacts& facts, Time now) {
    return must_end(*from, rule, facts, now);
  };
  return std::make_shared<const fronts::FrontSnapshot>(std::move(snapshot));
}

Status Store::open_front() {
  SEALANE_ASSIGN(objects_, store::ObjectStore::open(setup_.env, setup_.node_folder() + "/objects"));
  fronts::S3FrontOptions options;
  options.listener = listener_->name();
  options.bucket = setup_.pipeline.bucket();
  options.bucket_arn = pipeline::bucket_arn(setup_.pipeline);
  const auto principal_of = [&pipeline = setup_.pipeline](const std::string& uri) -> std::string {
    const auto identity = identity::parse_uri(uri);
    if (!identity || identity->role != identity::Role::Node || identity->pipeline != pipeline.name)
      return {};
    return pipeline::node_principal_arn(pipeline, identity->name);
  };
  front_.emplace(std::move(options), front_snapshot(current_->get()), principal_of, *objects_,
                 setup_.clock, refusals_);
  return {};
}

NodeControl::Parts Store::control_parts() {
  NodeControl::Parts parts{.setup = setup_,
                           .socket = *admin_,
                           .source = *source_,
                           .current = *current_,
                           .refusals = refusals_,
                           .sessions = sessions_,
                           .rule = rule_};
  parts.new_context = [this](const NodeSnapshot& snapshot) { return new_context(snapshot); };
  parts.loops.push_back(
      {.loop = loop_,
       .listener = *listener_,
       .apply =
           [this](const std::shared_ptr<const NodeSnapshot>& next) {
             return front_->apply(front_snapshot(next));
           },
       .connections = [this](std::vector<fronts::ConnectionInfo>& out,
                             std::size_t most) { return front_->connections(out, most); }});
  return parts;
}

void Store::run() {
  listener_->start([this](net::TlsStream stream) { return front_->serve(std::move(stream)); },
                   [this](const std::string& peer, const tls::Refusal& refusal) {
                     fronts::log_connection_refused(listener_->name(), peer, refusal,
                                                    setup_.clock.now(), refusals_);
                   });
  log_listening(setup_, *listener_);
  std::thread thread([this] { loop_.run(); });
  control_->run();
  loop_.stop();
  thread.join();
  listener_->stop();
}

}  // namespace

Status run_store(NodeSetup& setup) {
  Store store(setup);
  SEALANE_TRY(store.start());
  store.run();
  return {};
}

}  // namespace sealane::gateway
