// SPDX-License-Identifier: Apache-2.0
#include "gateway/peers.h"

#include "identity/identity.h"
#include "tls/revocation.h"

namespace sealane::gateway {
namespace {

tls::Refusal refuse(tls::RefusalReason reason, std::string detail,
                    const crypto::CertificateFacts& facts) {
  tls::Refusal refusal;
  refusal.reason = reason;
  refusal.detail = std::move(detail);
  refusal.certificate = facts;
  return refusal;
}

std::string shown(const crypto::CertificateFacts& facts) {
  return "`" + (facts.uris.empty() ? facts.subject : facts.uris.front()) + "`";
}

std::optional<tls::Refusal> judge_device(const std::string& pipeline, const NodeSnapshot& snapshot,
                                         const crypto::CertificateFacts& facts) {
  const auto identity = identity::identity_of(facts);
  const bool names_a_device =
      identity && identity->role == identity::Role::Device && identity->pipeline == pipeline;
  const identity::Device* device = snapshot.registry->find(facts.sha256);
  const bool ours = device != nullptr && device->issuer == identity::Issuer::Own;
  if ((ours || (device == nullptr && identity)) && !names_a_device)
    return refuse(tls::RefusalReason::WrongRole, "not a device of this pipeline: " + shown(facts),
                  facts);
  if (device == nullptr)
    return refuse(tls::RefusalReason::Unregistered,
                  "certificate " + facts.sha256 + " of " + shown(facts) + " is not in the registry",
                  facts);
  if (device->state == identity::DeviceState::Revoked)
    return refuse(tls::RefusalReason::Revoked, "device `" + device->thing + "` was revoked", facts);
  if ((ours && device->thing != identity->name) || !snapshot.things->contains(device->thing))
    return refuse(tls::RefusalReason::WrongRole,
                  "thing `" + device->thing + "` is not in the things file of the hop", facts);
  return std::nullopt;
}

}  // namespace

PeerRule registered_devices(std::string pipeline) {
  return [pipeline = std::move(pipeline)](const NodeSnapshot& snapshot,
                                          const crypto::CertificateFacts& facts) {
    return judge_device(pipeline, snapshot, facts);
  };
}

PeerRule nodes_named(std::vector<std::string> uris) {
  return [uris = std::move(uris)](
             const NodeSnapshot&,
             const crypto::CertificateFacts& facts) -> std::optional<tls::Refusal> {
    if (const auto identity = identity::identity_of(facts)) {
      const std::string uri = identity::to_uri(*identity);
      for (const std::string& allowed : uris)
        if (uri == allowed) return std::nullopt;
    }
    return refuse(tls::RefusalReason::WrongRole,
                  "no hop of this pipeline comes from " + shown(facts), facts);
  };
}

tls::PeerCheck check_by(const CurrentSnapshot& current, PeerRule rule) {
  return [&current, rule = std::move(rule)](const crypto::CertificateFacts& facts) {
    return rule(*current.get(), facts);
  };
}

tls::RevocationCheck revocation_by(const CurrentSnapshot& current) {
  return tls::revocation_check([&current] { return current.get()->authorities; });
}

std::optional<tls::Refusal> must_end(const NodeSnapshot& snapshot, const PeerRule& rule,
                                     const crypto::CertificateFacts& facts, Time now) {
  using Verdict = identity::RevocationLists::Verdict;
  const auto found = snapshot.authorities->check(facts, now);
  if (found.verdict == Verdict::Revoked)
    return refuse(tls::RefusalReason::Revoked, found.detail, facts);
  if (found.verdict == Verdict::UnknownAuthority)
    return refuse(tls::RefusalReason::UntrustedIssuer, found.detail, facts);
  return rule(snapshot, facts);
}

}  // namespace sealane::gateway
