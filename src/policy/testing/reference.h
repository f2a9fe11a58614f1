// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "policy/evaluate.h"
#include "policy/testing/model.h"
#include "policy/testing/texts.h"

// A second evaluator, written from the language's description for obviousness alone: it works on
// texts, one character at a time, and shares nothing with the product's but the names of kinds and
// outcomes.
namespace sealane::policy::reference {

// --- three-valued logic

enum class Tri : std::uint8_t { False, True, Unknown };
inline Tri tri(bool value) { return value ? Tri::True : Tri::False; }
inline Tri operator!(Tri a) { return a == Tri::Unknown ? a : tri(a == Tri::False); }
inline Tri operator|(Tri a, Tri b) {
  if (a == Tri::True || b == Tri::True) return Tri::True;
  return a == Tri::Unknown || b == Tri::Unknown ? Tri::Unknown : Tri::False;
}
inline Tri operator&(Tri a, Tri b) { return !(!a | !b); }

// --- who asks

struct Who {
  enum Kind { Anonymous, Device, Root, User, RoleSession, FederatedUser, Issuer, Service };
  Kind kind = Anonymous;
  std::string arn = {}, account = {};
  std::string parent = {};  // of a role's session the role, of a federated user the user
  std::string name = {};    // of an issuer, a service, a canonical user
  bool service_linked = false;
};
inline Who who_of(const ModelPrincipal& principal) {
  const std::string& value = principal.value;
  if (principal.type == "device") return {.kind = Who::Device};
  if (principal.type == "anonymous" || value == "*") return {.kind = Who::Anonymous};
  if (principal.type == "Service") return {.kind = Who::Service, .name = value};
  if (principal.type == "Federated") return {.kind = Who::Issuer, .name = value};
  if (principal.type == "CanonicalUser") return {.kind = Who::User, .name = value};
  if (is_digits(value))
    return {.kind = Who::Root, .arn = "arn:aws:iam::" + value + ":root", .account = value};
  const auto parts = split6(value);
  const std::string iam = parts[0] + ":" + parts[1] + ":iam::" + parts[4] + ":";
  Who out{.kind = Who::User, .arn = value, .account = parts[4]};
  if (parts[5] == "root") out.kind = Who::Root;
  if (parts[5].starts_with("role/")) {
    out.kind = Who::RoleSession;
    out.parent = value;
    out.service_linked = parts[5].starts_with("role/aws-service-role/");
  }
  if (parts[5].starts_with("assumed-role/")) {
    out.kind = Who::RoleSession;
    const std::string role = parts[5].substr(13);
    out.parent = iam + "role/" + role.substr(0, role.find('/'));
  }
  if (parts[5].starts_with("federated-user/")) {
    out.kind = Who::FederatedUser;
    out.parent = iam + "user/" + parts[5].substr(15);
  }
  return out;
}

// --- the reference

class Reference {
 public:
  explicit Reference(const ModelRequest& request, Rule broken = Rule::None)
      : request_(request), who_(who_of(request.principal)), broken_(broken) {}

  Outcome decide(std::span<const ModelDocument> documents) {
    const std::size_t colon = request_.action.find(':');
    if (colon == 0 || colon >= request_.action.size() - 1 ||
        request_.action.find_first_of(" *?") != std::string::npos)
      return Outcome::NotEvaluable;
    if (request_.resource != "*" && !is_arn(request_.resource)) return Outcome::NotEvaluable;
    documents_ = documents;
    const Tri deny = denied();
    const Tri allow = allowed();
    if (!keeps(Rule::DenyBeatsAllow) && allow == Tri::True) return Outcome::Allowed;
    if (deny == Tri::True) return Outcome::ExplicitlyDenied;
    if (deny == Tri::Unknown) return Outcome::NotEvaluable;
    if (allow == Tri::True) return Outcome::Allowed;
    return allow == Tri::Unknown ? Outcome::NotEvaluable : Outcome::ImplicitlyDenied;
  }

 private:
  using enum DocumentKind;

  bool keeps(Rule rule) const { return rule != broken_; }

  // --- §7, the decision

  bool is_user_or_session() const {
    return who_.kind == Who::User || who_.kind == Who::RoleSession ||
           who_.kind == Who::FederatedUser;
  }

  // Whether documents of a kind have a say about this request.
  bool binds(DocumentKind kind) const {
    const bool exempt = who_.service_linked && keeps(Rule::ServiceLinkedRolesAreExempt);
    const std::string action = lower_case(request_.action);
    switch (kind) {
      case Resource:
      case Trust:
      case Kms:
      case VpcEndpoint: return true;
      case Identity:
      case Boundary:
      case Session:
        return who_.kind == Who::Device || is_user_or_session() ||
               (who_.kind == Who::Root && !keeps(Rule::RootIsAboveIdentityPolicies));
      case IotDevice: {
        // A Cognito identity's role is not enough for these.
        if (who_.kind == Who::Device) return true;
        if (!is_user_or_session() || !keeps(Rule::CognitoNeedsBothPolicies)) return false;
        for (const char* one :
             {"iot:connect", "iot:publish", "iot:subscribe", "iot:receive", "iot:getthingshadow",
              "iot:updatethingshadow", "iot:deletethingshadow"})
          if (action == one) return true;
        return false;
      }
      case Scp:
        return !exempt && (who_.kind == Who::Root || is_user_or_session()) &&
               !(request_.principal_in_management_account &&
                 keeps(Rule::ManagementAccountIsExempt));
      case Rcp:
        return !exempt && !request_.resource_in_management_account && !request_.aws_managed_key &&
               !(action == "kms:retiregrant" && keeps(Rule::RetireGrantIsExempt));
    }
    return false;
  }

  bool has(DocumentKind kind) const {
    for (const ModelDocument& document : documents_)
      if (document.kind == kind) return true;
    return false;
  }

  Tri denied() {
    Tri out = Tri::False;
    for (const ModelDocument& document : documents_) {
      document_ = &document;
      for (const ModelStatement& statement : document.statements)
        if (!statement.allow && binds(document.kind)) out = out | applies(statement);
    }
    return out;
  }

  // How a resource's policy takes in the one who asks.
  enum class By : std::uint8_t { Any, Direct, Parent, Account };

  Tri allows(DocumentKind kind, By by = By::Any, std::optional<std::uint32_t> level = {}) {
    Tri out = Tri::False;
    for (const ModelDocument& document : documents_) {
      if (document.kind != kind || (level && document.level != *level)) continue;
      document_ = &document;
      for (const ModelStatement& statement : document.statements) {
        if (!statement.allow) continue;
        const Named who = granting(statement);
        if (by == By::Direct && !who.direct) continue;
        if (by == By::Parent && !who.parent) continue;
        if (by == By::Account && !who.account) continue;
        out = out | applies(statement);
      }
    }
    return out;
  }
  Tri resource_allows(By by) { return allows(Resource, by) | allows(Trust, by) | allows(Kms, by); }
  // A limit holds where there are no such documents.
  Tri within(DocumentKind kind, Rule rule) {
    return has(kind) && binds(kind) && keeps(rule) ? allows(kind) : Tri::True;
  }

  Tri allowed() {
    Tri direct = resource_allows(By::Direct);
    const Tri by_parent = resource_allows(By::Parent);
    const Tri by_account = resource_allows(By::Account);
    if (!keeps(Rule::RoleAllowIsLimited)) direct = direct | by_parent;
    if (!keeps(Rule::AccountAllowDelegates)) direct = direct | by_account;
    return granted(direct, by_parent, by_account) & service_control() &
           within(VpcEndpoint, Rule::EndpointLimits);
  }

  Tri granted(Tri direct, Tri by_parent, Tri by_account) {
    if (who_.kind == Who::Anonymous || who_.kind == Who::Issuer || who_.kind == Who::Service)
      return direct;
    const bool above = who_.kind == Who::Root && keeps(Rule::RootIsAboveIdentityPolicies);
    Tri identity = above ? Tri::True : allows(Identity);
    Tri limits = within(Boundary, Rule::BoundaryLimits) & session_allows();
    if (who_.kind == Who::Device)
      identity = identity | allows(IotDevice);
    else
      limits = limits & within(IotDevice, Rule::CognitoNeedsBothPolicies);
    if (!keeps(Rule::DirectAllowPassesLimits)) direct = direct & limits;
    if (is_cross_account() && keeps(Rule::AccountsMustBothAllow))
      return (direct | by_parent | by_account) & identity & limits;
    if ((has(Trust) || has(Kms)) && keeps(Rule::KeyPolicyRulesItsKey))
      return direct | ((by_parent | (by_account & identity)) & limits);
    return direct | ((by_parent | identity) & limits);
  }

  Tri session_allows() {
    if (who_.kind == Who::FederatedUser && !has(Session))
      return tri(!keeps(Rule::FederatedUserNeedsSessionPolicy));
    return within(Session, Rule::SessionPolicyLimits);
  }

  // The root of the organization, each unit and the account: every level must allow.
  Tri service_control() {
    if (!has(Scp) || !binds(Scp)) return Tri::True;
    const bool every = keeps(Rule::EveryScpLevelAllows);
    Tri out = tri(every);
    for (const ModelDocument& document : documents_)
      if (document.kind == Scp) {
        const Tri level = allows(Scp, By::Any, document.level);
        out = every ? out & level : out | level;
      }
    return out;
  }

  bool is_cross_account() const {
    std::string owner = request_.resource_account;
    if (owner.empty() && request_.resource != "*") owner = split6(request_.resource)[4];
    return !who_.account.empty() && !owner.empty() && owner != "aws" && owner != who_.account;
  }

  // --- §2, a statement

  Tri applies(const ModelStatement& statement) {
    const Tri who = principal(statement);
    if (who == Tri::False || !action(statement)) return Tri::False;
    Tri out = who & resource(statement);
    for (const ModelCondition& one : statement.conditions) {
      if (out == Tri::False) return out;
      out = out & condition(one);
    }
    return out;
  }

  struct Named {
    bool everyone = false, direct = false, parent = false, account = false;
    bool any() const { return direct || parent || account; }
  };
  Named named(const ModelStatement& statement) const {
    Named out;
    for (const ModelPrincipal& one : statement.principals)
      if (one.value == "*")
        out.everyone = out.direct = true;
      else if (one.type == "AWS")
        add_aws(one.value, out);
      else if (who_.kind == kind_of(one.type) && who_.name == one.value)
        out.direct = true;
    return out;
  }
  static Who::Kind kind_of(const std::string& type) {
    if (type == "Service") return Who::Service;
    return type == "Federated" ? Who::Issuer : Who::User;
  }
  void add_aws(const std::string& value, Named& out) const {
    if (is_digits(value) || value.ends_with(":root")) {
      if (who_.account.empty()) return;
      // Digits alone are the account in every partition.
      const std::string root = "arn:" + split6(who_.arn)[1] + ":iam::" + who_.account + ":root";
      if (value == who_.account || value == root) out.account = true;
    } else if (!who_.parent.empty() && value == who_.parent) {
      out.parent = true;
    } else if (value == who_.arn) {
      out.direct = true;
    }
  }
  // Whom NotPrincipal does not spare, it means as `*` does.
  Named granting(const ModelStatement& statement) const {
    if (statement.principals.empty()) return {};
    const Named out = named(statement);
    if (!statement.not_principal) return out;
    return {.direct = !out.any()};
  }

  Tri principal(const ModelStatement& statement) const {
    if (statement.principals.empty()) return Tri::True;
    const Named out = named(statement);
    if (!statement.not_principal) return tri(out.any());
    if (!out.any()) return Tri::True;
    if (statement.allow || out.everyone || !keeps(Rule::NotPrincipalNamesCompletely))
      return Tri::False;
    // A Deny spares whom it names with all that he is: the account, the role or user, the session.
    bool complete = out.direct;
    if (who_.kind == Who::Root) complete = out.account;
    if (who_.kind == Who::User) complete = out.direct && (out.account || who_.account.empty());
    if (who_.kind == Who::RoleSession || who_.kind == Who::FederatedUser)
      complete = out.account && out.parent && (out.direct || who_.arn == who_.parent);
    return complete ? Tri::False : Tri::Unknown;
  }

  bool action(const ModelStatement& statement) const {
    const bool fold = keeps(Rule::ActionsIgnoreCase);
    const std::string asked = fold ? lower_case(request_.action) : request_.action;
    const std::size_t colon = asked.find(':');
    bool any = false, every = true;
    for (const std::string& text : statement.actions) {
      const std::string pattern = fold ? lower_case(text) : text;
      const std::size_t cut = pattern.find(':');
      const bool listed =
          pattern == "*" || (pattern.substr(0, cut) == asked.substr(0, colon) &&
                             glob(pattern.substr(cut + 1), asked.substr(colon + 1)));
      any = any || listed;
      every = every && listed;
    }
    if (!statement.not_action) return any;
    return keeps(Rule::NotActionNegatesTheWholeList) ? !any : !every;
  }

  Tri resource(const ModelStatement& statement) {
    if (statement.resources.empty()) return Tri::True;
    bool any = false, missing = false, unsafe = false;
    for (const std::string& text : statement.resources) {
      const Entry entry = resource_entry(text);
      any = any || entry == Entry::Matches;
      missing = missing || entry == Entry::MissingValue;
      unsafe = unsafe || entry == Entry::UnsafeValue;
    }
    // A value that may not be substituted: an Allow does not match, a Deny cannot tell.
    const Tri cannot_tell = statement.allow ? Tri::False : Tri::Unknown;
    if (!statement.not_resource) {
      if (any) return Tri::True;
      return unsafe ? cannot_tell : Tri::False;
    }
    if (any || (missing && keeps(Rule::MissingVariableStopsNotResource))) return Tri::False;
    return unsafe ? cannot_tell : Tri::True;
  }

  enum class Entry : std::uint8_t { Differs, Matches, MissingValue, UnsafeValue };

  // A request for `*` is matched by a literal `*` alone.
  Entry resource_entry(const std::string& text) {
    if (text == "*") return Entry::Matches;
    if (request_.resource == "*") return Entry::Differs;
    const bool fold = !keeps(Rule::ResourcesKeepCase);
    const auto asked = split6(fold ? lower_case(request_.resource) : request_.resource);
    auto pattern = split6(fold ? lower_case(text) : text);
    if (pattern.size() < 6 && !keeps(Rule::ShortArnsFillUp)) return Entry::Differs;
    pattern.resize(6, "*");
    const Expansion own = expand(pattern[5], true);
    if (own.state == Expansion::Missing) return Entry::MissingValue;
    for (std::size_t i = 0; i < 5; ++i)
      if (!glob(pattern[i], asked[i])) return Entry::Differs;
    if (!glob(own.tokens, characters(asked[5], false))) return Entry::Differs;
    return own.state == Expansion::Unsafe ? Entry::UnsafeValue : Entry::Matches;
  }

  // --- §6, variables

  std::optional<ModelValue> key_value(const std::string& key) {
    if (key == "aws:currenttime") return ModelValue{false, {time_text()}};
    if (key == "aws:epochtime") return ModelValue{false, {std::to_string(request_.now)}};
    if (key == "aws:principalarn") {
      const std::string& arn = who_.kind == Who::RoleSession ? who_.parent : who_.arn;
      return arn.empty() ? std::nullopt : std::optional(ModelValue{false, {arn}});
    }
    const auto at = request_.context.find(key);
    return at == request_.context.end() || at->second.values.empty() ? std::nullopt
                                                                     : std::optional(at->second);
  }
  std::string time_text() const {
    return to_rfc3339(Time(std::chrono::seconds(request_.now))).substr(0, 19) + "Z";
  }

  struct Expansion {
    enum { Ready, Missing, Unsafe } state = Ready;
    Tokens tokens;
  };

  // `${key}`, `${key, 'default'}`, `${*}`, `${?}` and `${$}`.
  Expansion expand(const std::string& text, bool wildcards) {
    Expansion out;
    std::string rest = text;
    auto append = [&](const Tokens& more) {
      out.tokens.insert(out.tokens.end(), more.begin(), more.end());
    };
    const bool active = document_->v2012 || !keeps(Rule::VariablesInVersion2012Alone);
    while (active && rest.find("${") != std::string::npos) {
      const std::size_t open = rest.find("${");
      append(characters(rest.substr(0, open), wildcards));
      const std::size_t close = rest.find('}', open);
      const std::string inside = rest.substr(open + 2, close - open - 2);
      rest = rest.substr(close + 1);
      if (inside.size() == 1) {
        append(characters(inside, false));
        continue;
      }
      const std::size_t comma = inside.find(", '");
      const auto value = key_value(lower_case(inside.substr(0, comma)));
      if (value && !value->multi) {
        const std::string& one = value->values[0];
        const bool unsafe =
            document_->kind == IotDevice && keeps(Rule::UnsafeValuesAreNotSubstituted) &&
            (one.size() > 1'024 || one.find_first_of("*$+?#/") != std::string::npos);
        if (unsafe && out.state == Expansion::Ready) out.state = Expansion::Unsafe;
        append(unsafe ? characters("*", true)
                      : characters(one, wildcards && !keeps(Rule::SubstitutedTextIsLiteral)));
      } else if (!value && comma != std::string::npos &&
                 keeps(Rule::DefaultStandsInForAMissingValue)) {
        append(characters(inside.substr(comma + 3, inside.size() - comma - 4), false));
      } else {
        out.state = Expansion::Missing;
      }
    }
    append(characters(rest, wildcards));
    return out;
  }

  // --- §3, the frame of conditions

  Tri condition(const ModelCondition& condition) {
    const auto value = key_value(lower_case(condition.key));
    if (condition.base == "Null") return null_condition(condition, value.has_value());
    const bool negated = condition.base.contains("Not");
    const bool if_exists = condition.if_exists && keeps(Rule::IfExistsHoldsWithoutKey);
    if (!condition.quantifier.empty()) return set_condition(condition, value, negated, if_exists);
    if (!value) return tri(if_exists || (negated && keeps(Rule::NegatedHoldsWithoutKey)));
    if (value->multi && keeps(Rule::ListsNeedAQuantifier)) return Tri::False;
    if (condition.values.empty() && condition.if_exists && keeps(Rule::EmptyListWithIfExistsFails))
      return Tri::False;
    return of_one(condition, value->values[0], negated);
  }

  Tri null_condition(const ModelCondition& condition, bool present) const {
    if (!condition.quantifier.empty() && keeps(Rule::NullWithQuantifierIsConstant))
      return tri(condition.quantifier == "ForAllValues:");
    Tri out = Tri::False;
    for (const std::string& one : condition.values)
      out = out | tri((lower_case(one) == "true") != present);
    return out;
  }

  Tri set_condition(const ModelCondition& condition, const std::optional<ModelValue>& value,
                    bool negated, bool if_exists) {
    const bool all = condition.quantifier == "ForAllValues:";
    if (all && !value) return tri(keeps(Rule::ForAllValuesHoldsWithoutKey));
    if (all && is_null_set(*value)) return Tri::True;
    if (condition.values.empty()) return Tri::False;
    if (!value) return tri(if_exists || (negated && !keeps(Rule::ForAnyValueFailsWithoutKey)));
    if (is_null_set(*value)) return Tri::False;
    Tri out = tri(all);
    for (const std::string& one : value->values) {
      const Tri holds = of_one(condition, one, negated);
      out = all ? out & holds : out | holds;
    }
    return out;
  }
  bool is_null_set(const ModelValue& value) const {
    if (!keeps(Rule::EmptyTextIsNoValueInSets)) return value.values.empty();
    for (const std::string& one : value.values)
      if (!one.empty()) return false;
    return true;
  }

  Tri of_one(const ModelCondition& condition, const std::string& value, bool negated) {
    Tri any = Tri::False, any_not = Tri::False;
    for (const std::string& one : condition.values) {
      const Tri matches = atom(condition, one, value);
      any = any | matches;
      any_not = any_not | !matches;
    }
    if (!negated) return any;
    return keeps(Rule::NegatedValuesAreNored) || condition.values.empty() ? !any : any_not;
  }

  // --- §4, operators

  Tri atom(const ModelCondition& condition, const std::string& policy, const std::string& value) {
    std::string op = condition.base;
    if (const std::size_t at = op.find("Not"); at != std::string::npos) op.erase(at, 3);
    const Tri malformed = keeps(Rule::MalformedValuesAreUnknown) ? Tri::Unknown : Tri::False;
    if (op.starts_with("String")) return text_atom(op, policy, value);
    if (op.starts_with("Arn")) return is_arn(value) ? arn_atom(policy, value) : malformed;
    if (op == "BinaryEquals") return tri(bytes_of_base64(policy) == value);
    if (op == "IpAddress") return ip_atom(policy, value, malformed);
    if (op == "Bool") {
      const std::string word = lower_case(value);
      return word == "true" || word == "false" ? tri(word == lower_case(policy)) : malformed;
    }
    const auto order =
        op.starts_with("Date") ? order_of_dates(value, policy) : order_of_numbers(value, policy);
    return order ? tri(holds(op, *order)) : malformed;
  }

  // Of the request's value to the policy's: -1, 0 or 1.
  std::optional<int> order_of_dates(const std::string& value, const std::string& policy) const {
    const std::int64_t unit = keeps(Rule::EpochIsInSeconds) ? 1'000'000 : 1'000;
    const auto a = date_of(value, unit), b = date_of(policy, unit);
    if (!a || !b) return std::nullopt;
    return *a < *b ? -1 : static_cast<int>(*a > *b);
  }
  std::optional<int> order_of_numbers(const std::string& value, const std::string& policy) const {
    auto a = number_of(value), b = number_of(policy);
    if (!a || !b) return std::nullopt;
    if (!keeps(Rule::NumbersHaveFractions)) a->fraction = b->fraction = "";
    return compare(*a, *b);
  }
  static bool holds(const std::string& op, int order) {
    if (op.ends_with("LessThan")) return order < 0;
    if (op.ends_with("LessThanEquals")) return order <= 0;
    if (op.ends_with("GreaterThan")) return order > 0;
    if (op.ends_with("GreaterThanEquals")) return order >= 0;
    return order == 0;
  }

  Tri text_atom(const std::string& op, const std::string& policy, const std::string& value) {
    Expansion pattern = expand(policy, op == "StringLike");
    if (pattern.state == Expansion::Missing) return Tri::False;
    if (pattern.state == Expansion::Unsafe) return Tri::Unknown;
    const bool fold = op == "StringEqualsIgnoreCase";
    if (fold)
      for (Token& one : pattern.tokens) one.bytes = lower_case(one.bytes);
    return tri(glob(pattern.tokens, characters(fold ? lower_case(value) : value, false)));
  }

  Tri arn_atom(const std::string& policy, const std::string& value) {
    const Expansion pattern = expand(policy, true);
    if (pattern.state == Expansion::Missing) return Tri::False;
    if (pattern.state == Expansion::Unsafe) return Tri::Unknown;
    if (policy == "*") return Tri::True;
    if (!keeps(Rule::PartsOfArnsMatchApart))
      return tri(glob(pattern.tokens, characters(value, false)));
    std::vector<Tokens> parts(1);
    for (const Token& one : pattern.tokens) {
      if (one.bytes == ":" && parts.size() < 6)
        parts.emplace_back();
      else
        parts.back().push_back(one);
    }
    if (parts.size() != 6) return Tri::Unknown;
    bool matches = true;
    for (std::size_t i = 0; i < 6; ++i)
      matches = matches && glob(parts[i], characters(split6(value)[i], false));
    return tri(matches);
  }

  Tri ip_atom(const std::string& policy, const std::string& value, Tri malformed) const {
    const std::size_t slash = policy.find('/');
    const auto range = bits_of(policy.substr(0, slash));
    const auto address = bits_of(value);
    if (!range || !address) return malformed;
    if (range->size() != address->size()) return tri(!keeps(Rule::AddressFamiliesDoNotMix));
    std::size_t prefix = range->size();
    if (slash != std::string::npos) {
      prefix = 0;
      for (const char c : policy.substr(slash + 1))
        prefix = prefix * 10 + static_cast<std::size_t>(c - '0');
      if (range->size() == 32 && policy.contains(':')) prefix -= 96;
    }
    return tri(range->substr(0, prefix) == address->substr(0, prefix));
  }

  const ModelRequest& request_;
  const Who who_;
  const Rule broken_;
  std::span<const ModelDocument> documents_;
  const ModelDocument* document_ = nullptr;
};

}  // namespace sealane::policy::reference
