// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "policy/document.h"

namespace sealane::policy::reference {

// --- the model: what documents and requests say, before anybody reads it

struct ModelPrincipal {
  std::string type, value;  // "AWS", "123456789012"; of `"Principal": "*"` the type is "*"
};
struct ModelCondition {
  std::string quantifier, base;  // "ForAllValues:", "StringNotEquals"
  bool if_exists = false;
  std::string key;
  std::vector<std::string> values;
};
struct ModelStatement {
  bool allow = true, not_principal = false, not_action = false, not_resource = false;
  std::vector<ModelPrincipal> principals;
  std::vector<std::string> actions, resources;  // no resources: a trust policy
  std::vector<ModelCondition> conditions;
};
struct ModelDocument {
  DocumentKind kind = DocumentKind::Identity;
  std::uint32_t level = 0;  // Scp and Rcp
  bool v2012 = true;
  std::vector<ModelStatement> statements;
};
struct ModelValue {
  bool multi = false;
  std::vector<std::string> values;
};
struct ModelRequest {
  ModelPrincipal principal;  // types "device" and "anonymous" besides those of documents
  std::string action, resource, resource_account;
  std::map<std::string, ModelValue> context;  // by lower-case key
  std::int64_t now = 0;                       // seconds since 1970
  bool principal_in_management_account = false, resource_in_management_account = false,
       aws_managed_key = false;
};

// --- rules, each of which a test can take back to see that the comparison notices

enum class Rule : std::uint8_t {
  None,
  NegatedHoldsWithoutKey,
  IfExistsHoldsWithoutKey,
  ForAllValuesHoldsWithoutKey,
  ForAnyValueFailsWithoutKey,
  NegatedValuesAreNored,
  ListsNeedAQuantifier,
  EmptyTextIsNoValueInSets,
  NullWithQuantifierIsConstant,
  EmptyListWithIfExistsFails,
  SubstitutedTextIsLiteral,
  VariablesInVersion2012Alone,
  DefaultStandsInForAMissingValue,
  MissingVariableStopsNotResource,
  UnsafeValuesAreNotSubstituted,
  PartsOfArnsMatchApart,
  NumbersHaveFractions,
  EpochIsInSeconds,
  AddressFamiliesDoNotMix,
  MalformedValuesAreUnknown,
  ActionsIgnoreCase,
  ResourcesKeepCase,
  NotActionNegatesTheWholeList,
  ShortArnsFillUp,
  DenyBeatsAllow,
  DirectAllowPassesLimits,
  RoleAllowIsLimited,
  AccountAllowDelegates,
  AccountsMustBothAllow,
  KeyPolicyRulesItsKey,
  EveryScpLevelAllows,
  ServiceLinkedRolesAreExempt,
  ManagementAccountIsExempt,
  RetireGrantIsExempt,
  BoundaryLimits,
  SessionPolicyLimits,
  FederatedUserNeedsSessionPolicy,
  EndpointLimits,
  RootIsAboveIdentityPolicies,
  NotPrincipalNamesCompletely,
  CognitoNeedsBothPolicies,
};
constexpr std::size_t kRules = static_cast<std::size_t>(Rule::CognitoNeedsBothPolicies) + 1;

}  // namespace sealane::policy::reference
