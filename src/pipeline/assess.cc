// SPDX-License-Identifier: Apache-2.0
#include "pipeline/assess.h"

#include <algorithm>

namespace sealane::pipeline {
namespace {

std::string day_text(std::chrono::sys_days day) { return to_rfc3339(day).substr(0, 10); }

// `1.3`, `TLSv1.3`, `TLS 1.3`; nothing for versions below 1.2.
std::optional<TlsVersion> observed_version(std::string_view text) {
  return text.size() < 3 ? std::nullopt : tls_version_of(text.substr(text.size() - 3));
}

std::string plural(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string facts_of(const Observation& o) {
  std::string out =
      o.tls.empty() ? "no TLS" : "TLS " + o.tls.substr(o.tls.size() < 3 ? 0 : o.tls.size() - 3);
  if (!o.group.empty()) out += ", " + o.group;
  if (!o.suite.empty()) out += ", " + o.suite;
  return out;
}

// The first observation that the floor rules out; empty when there is none.
std::string contradiction(const AssessInput& input, TlsVersion min_tls) {
  for (const Observation& o : input.observations) {
    if (o.tls.empty()) return "bytes passed without TLS at " + to_rfc3339(o.at);
    const auto version = observed_version(o.tls);
    if (!version || *version < min_tls)
      return "a connection at " + to_rfc3339(o.at) + " had " + facts_of(o) + ", below TLS " +
             std::string(to_string(min_tls));
    if (!o.peer_verified)
      return "a connection at " + to_rfc3339(o.at) + " had a peer that was not verified";
  }
  return {};
}

void add_evidence(const AssessInput& input, HopAssessment& out) {
  const std::string floor =
      "TLS " + std::string(to_string(out.min_tls)) + " or newer, both ends verified";
  out.evidence.push_back(
      {EvidenceClass::Declared, std::nullopt, "the pipeline file asks for " + floor});
  if (input.configured_at)
    out.evidence.push_back(
        {EvidenceClass::Configured, input.configured_at, "the running processes loaded " + floor});
  if (input.observations.empty()) return;
  const auto last = std::ranges::max_element(input.observations, {}, &Observation::at);
  out.evidence.push_back(
      {EvidenceClass::Observed, last->at,
       plural(input.observations.size(), "connection") + ", the last with " + facts_of(*last)});
}

void add_notes(const Pipeline& pipeline, const Hop& hop, const AssessInput& input,
               HopAssessment& out) {
  if (hop.floor.post_quantum == PostQuantum::Prefer && !input.build.post_quantum_groups)
    out.notes.push_back("post-quantum key exchange is preferred, and this build cannot do it (" +
                        input.build.library + " has no ML-KEM)");
  // Devices alone may show certificates of somebody else's CA.
  const Node* from = pipeline.find_node(hop.from);
  if (from != nullptr && from->kind == NodeKind::Device) {
    for (const ExternalAuthority& authority : pipeline.authorities)
      if (authority.crl_file.empty())
        out.notes.push_back("`" + authority.ca_file +
                            "` is trusted without a revocation list: what that CA revokes goes on "
                            "being accepted until the registry revokes it");
  }
  if (const Acceptance* accepted = pipeline.acceptance_of(hop, input.now))
    out.notes.push_back("TLS " + std::string(to_string(accepted->min_tls)) + " is accepted until " +
                        day_text(accepted->until) + ", because: " + accepted->because);
}

}  // namespace

HopAssessment assess(const Pipeline& pipeline, const Hop& hop, const AssessInput& input) {
  HopAssessment out;
  out.from = hop.from;
  out.to = hop.to;
  out.over = hop.over;
  out.min_tls = min_tls_at(pipeline, hop, input.now);
  add_evidence(input, out);
  add_notes(pipeline, hop, input, out);
  out.verdict = Verdict::Open;
  out.basis = Basis::None;
  if (std::string found = contradiction(input, out.min_tls); !found.empty()) {
    out.reason = std::move(found);
    return out;
  }
  if (out.min_tls == TlsVersion::Tls13 && !input.build.tls13) {
    out.reason = "this build cannot do TLS 1.3 (" + input.build.library + ")";
    return out;
  }
  if (input.configured_at && min_tls_at(pipeline, hop, *input.configured_at) < out.min_tls) {
    out.reason =
        "the processes loaded the file while a lower floor was accepted, and that ran out; restart "
        "them";
    return out;
  }
  out.verdict = Verdict::Enforced;
  out.basis = Basis::Gateway;
  out.reason = "`" + server_of(pipeline, hop) + "` takes only TLS " +
               std::string(to_string(out.min_tls)) + " or newer, from the certificates of `" +
               client_of(pipeline, hop) + "`";
  if (out.min_tls < hop.floor.min_tls)
    out.reason += "; the floor of TLS " + std::string(to_string(hop.floor.min_tls)) +
                  " is lowered until " + day_text(pipeline.acceptance_of(hop, input.now)->until);
  return out;
}

int exit_code_of(std::span<const HopAssessment> hops) {
  auto any = [&](Verdict verdict) {
    return std::ranges::any_of(hops,
                               [&](const HopAssessment& hop) { return hop.verdict == verdict; });
  };
  if (any(Verdict::Open)) return 1;
  return any(Verdict::Unknown) ? 3 : 0;
}

}  // namespace sealane::pipeline
