// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "fronts/connection_log.h"
#include "fronts/s3_front.h"
#include "gateway/node_setup.h"
#include "identity/identity.h"
#include "pipeline/lake_policy.h"
#include "policy/evaluate.h"
#include "store/object_store.h"

namespace sealane::gateway {
namespace {

// Only the nodes at the other end of this listener's hops.
tls::PeerCheck only_hop_peers(std::vector<std::string> uris) {
  return [uris = std::move(uris)](
             const crypto::CertificateFacts& facts) -> std::optional<tls::Refusal> {
    const auto identity = identity::identity_of(facts);
    if (identity) {
      const std::string uri = identity::to_uri(*identity);
      for (const std::string& allowed : uris)
        if (uri == allowed) return std::nullopt;
    }
    tls::Refusal refusal;
    refusal.reason = tls::RefusalReason::WrongRole;
    refusal.detail = "no hop of this pipeline comes from `" +
                     (facts.uris.empty() ? facts.subject : facts.uris.front()) + "`";
    refusal.certificate = facts;
    return refusal;
  };
}

}  // namespace

Status run_store(NodeSetup& setup) {
  const pipeline::Listener* https = setup.node->listener(pipeline::ListenerProtocol::Https);
  if (https == nullptr)
    return fail(ErrorKind::Invalid, "store `" + setup.node->name + "` has no https listener");
  const Time now = setup.clock.now();
  std::vector<std::string> uris;
  for (const pipeline::PeerRole& role :
       pipeline::peers_of(setup.pipeline, *setup.node, *https, now))
    uris.push_back(pipeline::node_uri(setup.pipeline, role.node));
  SEALANE_ASSIGN(auto context, server_context(setup, *https, only_hop_peers(std::move(uris))));
  SEALANE_ASSIGN(const policy::Document document,
                 pipeline::store_policy(setup.pipeline, *setup.node, now));
  const policy::CompiledPolicies compiled = policy::compile(std::span(&document, 1));

  net::Loop loop;
  SEALANE_ASSIGN(auto listener,
                 open_listener(setup, loop, *https, port_of(setup, *https), context));
  SEALANE_TRY(become_least(setup));
  SEALANE_ASSIGN(auto objects,
                 store::ObjectStore::open(setup.env, setup.node_folder() + "/objects"));

  fronts::S3FrontOptions options;
  options.listener = listener->name();
  options.bucket = setup.pipeline.bucket();
  options.bucket_arn = pipeline::bucket_arn(setup.pipeline);
  const auto principal_of = [&setup](const std::string& uri) -> std::string {
    const auto identity = identity::parse_uri(uri);
    if (!identity || identity->role != identity::Role::Node ||
        identity->pipeline != setup.pipeline.name)
      return {};
    return pipeline::node_principal_arn(setup.pipeline, identity->name);
  };
  fronts::S3Front front(options, std::make_shared<fronts::PolicySnapshot>(compiled), principal_of,
                        *objects, setup.clock);
  listener->start([&front](net::TlsStream stream) { return front.serve(std::move(stream)); },
                  [&options](const std::string& peer, const tls::Refusal& refusal) {
                    fronts::log_connection_refused(options.listener, peer, refusal);
                  });
  stop_at_signals(loop);
  log_listening(setup, *listener);
  loop.run();
  listener->stop();
  return {};
}

}  // namespace sealane::gateway
