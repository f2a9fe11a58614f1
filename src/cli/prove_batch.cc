// SPDX-License-Identifier: Apache-2.0
#include "cli/prove_batch.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "cli/prove_iot.h"
#include "cli/unified_diff.h"
#include "policy/lint.h"

namespace sealane::cli {
namespace {

constexpr std::size_t kThreadsMax = 2;

void refuse(ProvedPolicy& policy, const Error& error) {
  policy.diagnostics.push_back({.severity = Severity::Error,
                                .span = policy.input.origin,
                                .message = error.message,
                                .hint = error.hint});
}

// What the policy is attached to, by its content where nobody says; nothing for a resource of which
// only the ARN is known.
std::optional<prove::ResourceType> type_of(const ProvedPolicy& policy,
                                           const ProveSettings& settings) {
  if (settings.type) return settings.type;
  if (policy::recognise_kind(policy.input.policy()) == policy::DocumentKind::Identity)
    return prove::ResourceType::Identity;
  return std::nullopt;
}

void read(ProvedPolicy& policy, std::optional<prove::ResourceType> type) {
  const policy::DocumentKind kind =
      type ? prove::document_kind_of(*type) : policy::DocumentKind::Resource;
  auto parsed = parse_policy(policy.input, kind);
  if (parsed.value) {
    policy.diagnostics = std::move(parsed.diagnostics);
    policy.documents.push_back(std::move(*parsed.value));
    return;
  }
  policy.diagnostics = std::move(parsed.diagnostics);
}

void decide(const policy::Catalogue& catalogue, ProvedPolicy& policy,
            std::span<solver::Solver> solvers, const ProveSettings& settings) {
  if (is_of_devices(policy.input, settings)) return decide_device_policy(policy, settings);
  const auto type = type_of(policy, settings);
  read(policy, type);
  if (policy.documents.empty()) return;
  policy.documents.insert(policy.documents.end(), settings.beside.begin(), settings.beside.end());
  const prove::Claim claim = settings.options.claim;
  auto scope = prove::scope_for(catalogue, type, policy.resource, policy.documents,
                                claim == prove::Claim::Enforce || claim == prove::Claim::Floor);
  if (!scope.ok()) return refuse(policy, scope.error());
  if (scope->account.empty()) scope->account = settings.account;
  policy.scope = std::move(*scope);
  if (policy.scope->type == prove::ResourceType::KmsKey)
    policy.documents.front().kind = policy::DocumentKind::Kms;
  policy.proof =
      prove::prove(catalogue, *policy.scope, policy.documents, solvers, settings.options);
  if (!policy.proof->counterexample) return;
  const policy::RequestFile& request = policy.proof->counterexample->request;
  policy.statements = policy::explain_statements(policy::compile(policy.documents),
                                                 request.at(request.now.value_or(Time())));
  policy.repair =
      prove::repair(catalogue, *policy.scope, policy.input.policy(), *policy.proof->counterexample,
                    solvers, settings.options, settings.beside);
}

}  // namespace

bool ProvedPolicy::is_bad() const {
  return std::ranges::any_of(diagnostics,
                             [](const Diagnostic& d) { return d.severity == Severity::Error; });
}

std::string ProvedPolicy::diff() const {
  if (!repair) return "";
  const std::string& whole = *input.text;
  return unified_diff(whole, whole.substr(0, input.begin) + repair->text + whole.substr(input.end),
                      input.file);
}

std::vector<ProvedPolicy> prove_policies(
    const policy::Catalogue& catalogue, std::vector<PolicyInput> inputs,
    const ProveSettings& settings,
    const std::function<void(std::size_t done, std::size_t all)>& progress) {
  std::vector<ProvedPolicy> out;
  for (const PolicyInput& input : inputs) {
    std::vector<std::string> resources = settings.resources;
    if (resources.empty()) resources = {""};
    for (std::string& resource : resources) {
      out.emplace_back().input = input;
      out.back().resource = std::move(resource);
    }
  }
  std::atomic<std::size_t> next{0};
  std::mutex one_at_a_time;
  std::size_t done = 0;  // GUARDED_BY one_at_a_time
  const auto work = [&] {
    // Solvers end with the thread that started them.
    const solver::Limits limits{.time_max = settings.question_max};
    std::vector<solver::Solver> solvers;
    solvers.emplace_back(solver::cvc5_program(settings.cvc5), limits);
    solvers.emplace_back(solver::z3_program(settings.z3), limits);
    for (std::size_t i = next++; i < out.size(); i = next++) {
      decide(catalogue, out[i], solvers, settings);
      const std::scoped_lock lock(one_at_a_time);
      progress(++done, out.size());
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(kThreadsMax, out.size()); ++i) others.emplace_back(work);
    work();
  }
  return out;
}

}  // namespace sealane::cli
