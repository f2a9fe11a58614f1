// SPDX-License-Identifier: Apache-2.0
#include "cli/prove_iot.h"

#include <algorithm>

#include "policy/lint.h"
#include "prove/confined.h"
#include "prove/inherent.h"

namespace sealane::cli {
namespace {

using prove::Claim;
using prove::Outcome;

void decide_confined(ProvedPolicy& policy, const ProveSettings& settings) {
  const std::span documents(&policy.documents.front(), 1);
  const prove::ConfinedOptions options{.profile = settings.mqtt_profile,
                                       .own = settings.own,
                                       .resource = policy.resource,
                                       .axioms = settings.options.axioms};
  const prove::Confinement found = prove::confined(documents, options);
  prove::Proof& proof = *policy.proof;
  proof.outcome = found.outcome;
  proof.doubt = found.doubt;
  proof.detail = found.detail;
  proof.assumptions = found.assumptions;
  policy.devices->own = found.own;
  if (!found.own_was_given)
    proof.notes.emplace_back(
        "nobody said which topics are a thing's own (--own): those that the policy names after it, "
        "else "
        "all that begin with its name");
  if (found.reached.empty()) return;
  const prove::Reached& first = found.reached.front();
  // The request that says most: the publish, or the subscription.
  policy.devices->steps = first.requests;
  const std::size_t telling = first.filter.empty() ? first.requests.size() - 1 : 1;
  proof.counterexample = prove::Counterexample{
      .request = first.requests[telling], .tls = "1.3", .sentence = first.sentence, .command = ""};
  for (std::size_t i = 1; i < found.reached.size(); ++i)
    proof.notes.push_back("also: " + found.reached[i].sentence);
  if (std::ranges::any_of(first.requests, [](const policy::RequestFile& request) {
        return request.variables == policy::VariableRule::AsSent;
      }))
    proof.notes.emplace_back(
        "AWS IoT Core substitutes a client's id as it was sent; Sealane's own gateway does not "
        "where "
        "it has `+`, `#`, `/` and the like");
  const auto least = prove::least_privilege(documents, options);
  if (!least) return;
  policy.repair = prove::Repair{.text = least->text, .what = least->what, .proof = {}};
  if (policy.input.policy().ends_with('\n')) policy.repair->text += '\n';
}

// What is no error and makes the policy say less than it seems to.
void note_transport(ProvedPolicy& policy) {
  for (const policy::Statement& statement : policy.documents.front().statements)
    for (const policy::Condition& condition : statement.conditions)
      if (condition.key == "aws:securetransport")
        policy.proof->notes.push_back("`" + condition.key_name + "` (line " +
                                      std::to_string(condition.span.line) +
                                      ") is not documented for device policies");
}

}  // namespace

bool is_of_devices(const PolicyInput& input, const ProveSettings& settings) {
  if (settings.of_devices || settings.options.claim == Claim::Confined) return true;
  return !settings.type && settings.resources.empty() &&
         policy::recognise_kind(input.policy()) == policy::DocumentKind::IotDevice;
}

void decide_device_policy(ProvedPolicy& policy, const ProveSettings& settings) {
  const Claim claim = settings.claim_was_said ? settings.options.claim : Claim::Confined;
  policy.devices.emplace();
  policy.devices->claim = claim;
  policy.devices->inherent = prove::inherent_of("iot");
  auto parsed = parse_policy(policy.input, policy::DocumentKind::IotDevice);
  policy.diagnostics = std::move(parsed.diagnostics);
  if (!parsed.value) return;
  policy.documents.push_back(std::move(*parsed.value));
  policy.proof.emplace();
  prove::Proof& proof = *policy.proof;
  proof.claim = claim;
  proof.verdict = pipeline::Verdict::Inherent;
  proof.basis = pipeline::Basis::Inherent;
  switch (claim) {
    case Claim::Confined: decide_confined(policy, settings); break;
    case Claim::Grant:
    case Claim::GrantClosed:
    case Claim::Enforce: proof.outcome = Outcome::Holds; break;
    case Claim::Floor:
      proof.doubt = prove::Doubt::Unsupported;
      proof.detail =
          "a device policy does not see the version of TLS: the security policy of the domain "
          "configuration is the floor";
      break;
    case Claim::NoWiderThan:
    case Claim::Equivalent:
      policy.proof.reset();
      policy.not_here = "device policies are not compared in this version";
      return;
  }
  note_transport(policy);
  if (!policy.proof->counterexample) return;
  const policy::RequestFile& request = policy.proof->counterexample->request;
  policy.statements = policy::explain_statements(
      policy::compile(std::span(&policy.documents.front(), 1)), request.at(Time()));
}

}  // namespace sealane::cli
