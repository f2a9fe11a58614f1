// SPDX-License-Identifier: Apache-2.0
#include "fronts/request_context.h"

#include <string>

namespace sealane::fronts {
namespace {

// `TLSv1.3` → `1.3`, a number for Numeric operators.
std::string_view version_number(std::string_view version) {
  const std::size_t v = version.find('v');
  return v == std::string_view::npos ? version : version.substr(v + 1);
}

bool is_post_quantum(std::string_view group) {
  return group.find("MLKEM") != std::string_view::npos;
}

}  // namespace

policy::Context connection_context(const ConnectionFacts& facts) {
  policy::Context context;
  context.set_bool("aws:SecureTransport", true);
  context.set("aws:SourceIp", facts.source_ip);
  context.set("sealane:TlsVersion", version_number(facts.tls.version));
  context.set("sealane:TlsGroup", facts.tls.group);
  context.set("sealane:TlsSuite", facts.tls.suite);
  context.set_bool("sealane:PostQuantum", is_post_quantum(facts.tls.group));
  context.set_bool("sealane:Resumed", facts.tls.resumed);
  if (const auto& certificate = facts.tls.certificate) {
    const auto age = std::chrono::floor<std::chrono::days>(facts.opened - certificate->not_before);
    context.set("sealane:CertificateAgeDays", std::to_string(age.count()));
    context.set("sealane:CertificateSha256", certificate->sha256);
    if (!certificate->common_name.empty())
      context.set("iot:Certificate.Subject.CommonName", certificate->common_name);
  }
  return context;
}

void add_device(policy::Context& context, const identity::Device& device,
                std::string_view client_id) {
  context.set("iot:ClientId", client_id);
  const bool attached = client_id == device.thing;
  context.set_bool("iot:Connection.Thing.IsAttached", attached);
  if (!attached) return;
  context.set("iot:Connection.Thing.ThingName", device.thing);
  for (const auto& [name, value] : device.attributes)
    context.set("iot:Connection.Thing.Attributes[" + name + "]", value);
}

policy::KeySet constant_keys(const policy::CompiledPolicies& policies) {
  return policies.key_set({"aws:securetransport", "aws:sourceip", "sealane:*", "iot:clientid",
                           "iot:connection.thing.*", "iot:certificate.*", "aws:principalarn"});
}

std::string_view ip_of(std::string_view peer) {
  if (peer.starts_with('[')) {
    const std::size_t end = peer.find(']');
    return end == std::string_view::npos ? peer : peer.substr(1, end - 1);
  }
  return peer.substr(0, peer.rfind(':'));
}

}  // namespace sealane::fronts
