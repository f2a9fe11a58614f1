// SPDX-License-Identifier: Apache-2.0
#include "pipeline/model.h"

#include <algorithm>

#include "pipeline/verdict.h"

namespace sealane::pipeline {
namespace {

template <class Items, class Proj>
auto find_by(const Items& items, std::string_view wanted, Proj proj) -> decltype(&items.front()) {
  const auto at = std::ranges::find(items, wanted, proj);
  return at == items.end() ? nullptr : &*at;
}

bool is_name_with(std::string_view text, bool upper) {
  constexpr std::size_t kNameMax = 63;
  if (text.empty() || text.size() > kNameMax) return false;
  auto alnum = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (upper && c >= 'A' && c <= 'Z');
  };
  return alnum(text.front()) && std::ranges::all_of(text, [&](char c) {
           return alnum(c) || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

std::string_view to_string(TlsVersion version) {
  return version == TlsVersion::Tls12 ? "1.2" : "1.3";
}
std::optional<TlsVersion> tls_version_of(std::string_view text) {
  if (text == "1.2") return TlsVersion::Tls12;
  if (text == "1.3") return TlsVersion::Tls13;
  return std::nullopt;
}
std::string_view to_string(PostQuantum post_quantum) {
  return post_quantum == PostQuantum::Off ? "off" : "prefer";
}
std::string_view to_string(NodeKind kind) {
  switch (kind) {
    case NodeKind::Device: return "device";
    case NodeKind::Gateway: return "gateway";
    case NodeKind::Store: return "store";
    case NodeKind::Consumer: return "consumer";
  }
  return "device";
}
std::string_view to_string(ListenerProtocol protocol) {
  return protocol == ListenerProtocol::Mqtt ? "mqtt" : "https";
}
std::string_view to_string(BundleFormat) { return "webdataset"; }
std::string_view to_string(HopProtocol protocol) {
  return protocol == HopProtocol::Mqtt ? "mqtt" : "s3";
}
ListenerProtocol listener_of(HopProtocol protocol) {
  return protocol == HopProtocol::Mqtt ? ListenerProtocol::Mqtt : ListenerProtocol::Https;
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::Enforced: return "enforced";
    case Verdict::Inherent: return "inherent";
    case Verdict::Open: return "open";
    case Verdict::Unknown: return "unknown";
    case Verdict::NotApplicable: return "not-applicable";
  }
  return "unknown";
}
std::string_view to_string(Basis basis) {
  switch (basis) {
    case Basis::Inherent: return "inherent";
    case Basis::Configuration: return "configuration";
    case Basis::DenyPolicy: return "deny-policy";
    case Basis::OrgGuard: return "org-guard";
    case Basis::Gateway: return "gateway";
    case Basis::ClientDuty: return "client-duty";
    case Basis::None: return "none";
  }
  return "none";
}
std::string_view to_string(EvidenceClass evidence) {
  switch (evidence) {
    case EvidenceClass::Declared: return "declared";
    case EvidenceClass::Configured: return "configured";
    case EvidenceClass::Proven: return "proven";
    case EvidenceClass::Probed: return "probed";
    case EvidenceClass::Observed: return "observed";
  }
  return "declared";
}

const Listener* Node::listener(ListenerProtocol protocol) const {
  const auto at = std::ranges::find(listen, protocol, &Listener::protocol);
  return at == listen.end() ? nullptr : &*at;
}

const Node* Pipeline::find_node(std::string_view node) const {
  return find_by(nodes, node, &Node::name);
}
const KeySpec* Pipeline::find_key(std::string_view key) const {
  return find_by(keys, key, &KeySpec::name);
}
const Hop* Pipeline::find_hop(std::string_view from, std::string_view to) const {
  const auto at =
      std::ranges::find_if(hops, [&](const Hop& hop) { return hop.from == from && hop.to == to; });
  return at == hops.end() ? nullptr : &*at;
}
const Acceptance* Pipeline::acceptance_of(const Hop& hop, Time now) const {
  const auto at = std::ranges::find_if(accept, [&](const Acceptance& a) {
    return a.from == hop.from && a.to == hop.to && a.holds_at(now);
  });
  return at == accept.end() ? nullptr : &*at;
}
std::string_view Pipeline::account() const {
  return aws ? std::string_view(aws->account) : "000000000000";
}
std::string_view Pipeline::region() const { return aws ? std::string_view(aws->region) : "local"; }

TlsVersion min_tls_at(const Pipeline& pipeline, const Hop& hop, Time now) {
  const Acceptance* accepted = pipeline.acceptance_of(hop, now);
  return accepted != nullptr ? std::min(hop.floor.min_tls, accepted->min_tls) : hop.floor.min_tls;
}

std::optional<TlsVersion> listener_min_tls(const Pipeline& pipeline, const Node& node,
                                           const Listener& listener, Time now) {
  std::optional<TlsVersion> lowest;
  for (const PeerRole& peer : peers_of(pipeline, node, listener, now))
    lowest = lowest ? std::min(*lowest, peer.min_tls) : peer.min_tls;
  return lowest;
}

const std::string& server_of(const Pipeline& pipeline, const Hop& hop) {
  const Node* to = pipeline.find_node(hop.to);
  return to != nullptr && to->kind == NodeKind::Consumer ? hop.from : hop.to;
}
const std::string& client_of(const Pipeline& pipeline, const Hop& hop) {
  return &server_of(pipeline, hop) == &hop.to ? hop.from : hop.to;
}

std::vector<PeerRole> peers_of(const Pipeline& pipeline, const Node& node, const Listener& listener,
                               Time now) {
  std::vector<PeerRole> peers;
  for (const Hop& hop : pipeline.hops) {
    if (server_of(pipeline, hop) != node.name || listener_of(hop.over) != listener.protocol)
      continue;
    const Node* client = pipeline.find_node(client_of(pipeline, hop));
    if (client == nullptr) continue;
    const auto kind =
        client->kind == NodeKind::Device ? PeerRole::Kind::Device : PeerRole::Kind::Node;
    peers.push_back({kind, client->name, min_tls_at(pipeline, hop, now)});
  }
  return peers;
}

std::string node_uri(const Pipeline& pipeline, std::string_view node) {
  return "spiffe://" + pipeline.name + "/node/" + std::string(node);
}
std::string device_uri(const Pipeline& pipeline, std::string_view thing) {
  return "spiffe://" + pipeline.name + "/device/" + std::string(thing);
}
std::string node_principal_arn(const Pipeline& pipeline, std::string_view node) {
  return "arn:aws:iam::" + std::string(pipeline.account()) + ":role/" + std::string(node);
}
std::string iot_arn_prefix(const Pipeline& pipeline) {
  return "arn:aws:iot:" + std::string(pipeline.region()) + ":" + std::string(pipeline.account()) +
         ":";
}
std::string bucket_arn(const Pipeline& pipeline) { return "arn:aws:s3:::" + pipeline.bucket(); }

bool is_name(std::string_view text) { return is_name_with(text, true); }
bool is_pipeline_name(std::string_view text) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (text.size() < 3 || text.size() > 63) return false;
  if (!alphanumeric(text.front()) || !alphanumeric(text.back())) return false;
  if (text.find("..") != std::string_view::npos) return false;
  const bool like_an_address = text.find_first_not_of("0123456789.") == std::string_view::npos;
  return !like_an_address &&
         std::ranges::all_of(text, [&](char c) { return alphanumeric(c) || c == '-' || c == '.'; });
}

}  // namespace sealane::pipeline
