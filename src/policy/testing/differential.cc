// SPDX-License-Identifier: Apache-2.0
#include "policy/testing/differential.h"

#include "policy/testing/case_json.h"
#include "policy/testing/generator.h"

namespace sealane::policy::reference {
namespace {

constexpr std::uint64_t kRequestsEach = 50;
constexpr std::uint64_t kPairsBetweenQuestions = 1'000;

struct Pair {
  const std::vector<ModelDocument>& documents;
  const ModelRequest& request;
  Outcome product;
};

// Calls `judge(pair)` for random pairs until it returns false.
template <class Judge>
void for_pairs(const DifferentialOptions& options, DifferentialReport& report, Judge judge) {
  Generator generator(options.seed);
  while (report.pairs < options.pairs) {
    const std::vector<ModelDocument> models = generator.documents();
    ++report.sets;
    const auto documents = parse_all(models);
    if (!documents) {
      ++report.refused_sets;
      continue;
    }
    const CompiledPolicies policies = compile(*documents);
    for (std::uint64_t i = 0; i < kRequestsEach && report.pairs < options.pairs; ++i) {
      const ModelRequest request = generator.request();
      const Outcome outcome = ask(policies, request).outcome();
      ++report.pairs;
      ++report.outcomes[static_cast<std::size_t>(outcome)];
      if (!judge(Pair{models, request, outcome})) return;
      if (report.pairs % kPairsBetweenQuestions == 0 && options.enough()) return;
    }
  }
}

constexpr std::array<std::string_view, kRules> kRuleNames = {
    "None",
    "NegatedHoldsWithoutKey",
    "IfExistsHoldsWithoutKey",
    "ForAllValuesHoldsWithoutKey",
    "ForAnyValueFailsWithoutKey",
    "NegatedValuesAreNored",
    "ListsNeedAQuantifier",
    "EmptyTextIsNoValueInSets",
    "NullWithQuantifierIsConstant",
    "EmptyListWithIfExistsFails",
    "SubstitutedTextIsLiteral",
    "VariablesInVersion2012Alone",
    "DefaultStandsInForAMissingValue",
    "MissingVariableStopsNotResource",
    "UnsafeValuesAreNotSubstituted",
    "PartsOfArnsMatchApart",
    "NumbersHaveFractions",
    "EpochIsInSeconds",
    "AddressFamiliesDoNotMix",
    "MalformedValuesAreUnknown",
    "ActionsIgnoreCase",
    "ResourcesKeepCase",
    "NotActionNegatesTheWholeList",
    "ShortArnsFillUp",
    "DenyBeatsAllow",
    "DirectAllowPassesLimits",
    "RoleAllowIsLimited",
    "AccountAllowDelegates",
    "AccountsMustBothAllow",
    "KeyPolicyRulesItsKey",
    "EveryScpLevelAllows",
    "ServiceLinkedRolesAreExempt",
    "ManagementAccountIsExempt",
    "RetireGrantIsExempt",
    "BoundaryLimits",
    "SessionPolicyLimits",
    "FederatedUserNeedsSessionPolicy",
    "EndpointLimits",
    "RootIsAboveIdentityPolicies",
    "NotPrincipalNamesCompletely",
    "CognitoNeedsBothPolicies",
};
static_assert(!kRuleNames.back().empty());

}  // namespace

std::string_view to_string(Rule rule) { return kRuleNames[static_cast<std::size_t>(rule)]; }

std::uint64_t DifferentialReport::share_in_ppm(Outcome outcome) const {
  return pairs == 0 ? 0 : outcomes[static_cast<std::size_t>(outcome)] * 1'000'000 / pairs;
}

DifferentialReport compare_evaluators(const DifferentialOptions& options) {
  DifferentialReport report;
  for_pairs(options, report, [&](const Pair& pair) {
    const Outcome expected = Reference(pair.request).decide(pair.documents);
    if (expected == pair.product) return true;
    report.first = {documents_json(pair.documents), request_json(pair.request), pair.product,
                    expected};
    return false;
  });
  return report;
}

std::vector<Rule> rules_not_noticed(const DifferentialOptions& options) {
  std::vector<Rule> left;
  for (std::size_t i = 1; i < kRules; ++i) left.push_back(static_cast<Rule>(i));
  DifferentialReport report;
  for_pairs(options, report, [&](const Pair& pair) {
    std::erase_if(left, [&](Rule rule) {
      return Reference(pair.request, rule).decide(pair.documents) != pair.product;
    });
    return !left.empty();
  });
  return left;
}

}  // namespace sealane::policy::reference
