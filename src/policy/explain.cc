// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "base/diagnostic.h"
#include "policy/decide_internal.h"
#include "policy/match_internal.h"

namespace sealane::policy {
namespace {

constexpr std::size_t kShownMax = 80;

// A text of the request as it may stand in a message.
std::string shown(std::string_view text) {
  if (text.size() <= kShownMax) return "`" + one_line(std::string(text)) + "`";
  // Not within a character.
  std::size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return "`" + one_line(std::string(text.substr(0, end))) + "...`";
}

std::string explain_gate(const Program& program, const Decision& decision) {
  switch (decision.gate()) {
    case Gate::Scp:
      return "no service control policy at level " + std::to_string(decision.gate_level()) +
             " allows it";
    case Gate::Session:
      return program.has(DocumentKind::Session)
                 ? "no statement of the session policy allows it"
                 : "a federated user has nothing without a session policy";
    case Gate::Device: return "no statement of the IoT policies allows it";
    case Gate::Boundary: return "no statement of the permissions boundary allows it";
    case Gate::VpcEndpoint: return "no statement of the VPC endpoint's policy allows it";
    default: break;
  }
  // One kind of policy alone needs no name.
  if (std::ranges::count(program.has_kind, true) <= 1) return "no statement allows it";
  return "no statement of the " + std::string(to_string(decision.gate())) + " allows it";
}

// Why a kind of documents does not bind the request.
std::string not_bound(DocumentKind kind, const Request& request) {
  const Principal& who = request.principal;
  if (kind == DocumentKind::Scp || kind == DocumentKind::Rcp) {
    const char* organization = "the organization's policies do not bind ";
    if (who.service_linked) return std::string(organization) + "a service-linked role";
    if (kind == DocumentKind::Scp)
      return std::string(organization) + (request.exemptions.principal_in_management_account
                                              ? "the management account"
                                              : "a principal of this kind");
    if (request.exemptions.resource_in_management_account)
      return std::string(organization) + "resources of the management account";
    if (request.exemptions.aws_managed_key) return std::string(organization) + "AWS's own keys";
    return std::string(organization) + "this action";
  }
  if (kind == DocumentKind::IotDevice && who.kind != PrincipalKind::Device)
    return "an IoT policy is not asked about this principal's action";
  return "a policy of kind " + std::string(to_string(kind)) +
         " does not bind a principal of kind " + std::string(to_string(who.kind));
}

std::string_view to_text(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::MalformedRequest: return "a value of the request is not of the operator's type";
    case Obstacle::UnsafeVariable:
      return "a value with `*`, `$`, `+`, `?`, `#` or `/` cannot be substituted";
    case Obstacle::PartialNotPrincipal:
      return "it names the principal in part; account, role and session must all stand there";
    default: return "it cannot be evaluated";
  }
}

std::string_view element(Polarity polarity, std::string_view listed, std::string_view not_listed) {
  return polarity == Polarity::Listed ? listed : not_listed;
}

}  // namespace

// Looks at every element of every statement.
class Explaining {
 public:
  Explaining(const Program& program, const Request& request)
      : program_(program), request_(request), matcher_(program, request) {}

  std::vector<StatementExplanation> run() {
    std::vector<StatementExplanation> out;
    if (program_.broken) return out;
    const Obstacle obstacle = matcher_.prepare();
    standing_ = standing_of(request_, obstacle == Obstacle::None ? matcher_.action() : "");
    for (const CompiledStatement& statement : program_.statements) {
      StatementExplanation& one = out.emplace_back();
      const StatementName& name = program_.names[statement.document][statement.statement];
      one.place = {statement.document, statement.statement};
      one.kind = statement.kind;
      one.effect = statement.effect;
      one.file = name.file;
      one.line = name.line;
      one.sid = name.sid;
      if (obstacle == Obstacle::None) {
        explain_statement(statement, name, one);
      } else {
        one.matched = Match::Unknown;
        one.why = obstacle == Obstacle::RequestTooLong
                      ? "the request's action or resource is too long"
                      : "the request's action or resource is malformed";
      }
    }
    std::ranges::sort(out, {}, [](const StatementExplanation& one) {
      return std::pair(one.place.document, one.place.statement);
    });
    return out;
  }

 private:
  void explain_statement(const CompiledStatement& statement, const StatementName& name,
                         StatementExplanation& out) {
    if (!standing_.is_bound_by(statement.kind)) {
      out.why = not_bound(statement.kind, request_);
      return;
    }
    if (names_principals(statement.kind) && !note(matcher_.principal(statement).truth, out, [&] {
          return std::string(element(statement.principal_polarity, "Principal", "NotPrincipal")) +
                 (statement.principal_polarity == Polarity::Listed ? " does not name "
                                                                   : " names ") +
                 who();
        }))
      return;
    if (!note(truth_of(matches_action(statement, matcher_.action())), out, [&] {
          return std::string(element(statement.action_polarity, "Action", "NotAction")) +
                 (statement.action_polarity == Polarity::Listed ? " does not take in "
                                                                : " takes in ") +
                 shown(request_.action);
        }))
      return;
    if (!note(matcher_.resources(statement), out, [&] { return resource_reason(statement); }))
      return;
    for (std::size_t i = 0; i < statement.conditions.size(); ++i) {
      const CompiledCondition& condition = statement.conditions[i];
      if (!note(
              matcher_.condition(condition, statement.kind), out,
              [&] {
                return "Condition " + name.conditions[i] + ": " + condition_reason(condition);
              },
              "Condition " + name.conditions[i] + ": "))
        return;
    }
    if (out.why.empty()) {
      out.matched = Match::Yes;
      out.why = "every element matches";
    }
  }

  // Takes down what an element came to; false when the statement cannot apply any more.
  template <class Reason>
  static bool note(Truth truth, StatementExplanation& out, Reason reason,
                   const std::string& where = {}) {
    if (truth.is_false()) {
      out.matched = Match::No;
      out.why = reason();
      return false;
    }
    if (truth.is_unknown() && out.why.empty()) {
      out.matched = Match::Unknown;
      out.why = where + std::string(to_text(truth.obstacle));
    }
    return true;
  }

  std::string who() const {
    const Principal& principal = request_.principal;
    if (!principal.arn.empty()) return shown(principal.arn);
    if (!principal.name.empty()) return shown(principal.name);
    return std::string("a principal of kind ") + std::string(to_string(principal.kind));
  }

  static std::string resource_reason(const CompiledStatement& statement, std::string text) {
    return std::string(element(statement.resource_polarity, "Resource", "NotResource")) +
           std::move(text);
  }
  std::string resource_reason(const CompiledStatement& statement) {
    for (const ResourcePattern& pattern : statement.resources)
      for (const PatternPiece& piece : pattern.resource.pieces)
        if (piece.kind == PatternPiece::Kind::Variable && !piece.fallback &&
            matcher_.read(piece.key).state != KeyValues::State::Single)
          return resource_reason(statement,
                                 ": the request has no single value for `${" + piece.text + "}`");
    return resource_reason(statement, statement.resource_polarity == Polarity::Listed
                                          ? " does not take in " + shown(request_.resource)
                                          : " takes in " + shown(request_.resource));
  }

  std::string condition_reason(const CompiledCondition& condition) {
    const KeyValues values = matcher_.read(condition.key);
    if (condition.op == Operator::Null)
      return condition.quantifier != Quantifier::None    ? "with a quantifier it never matches"
             : values.state == KeyValues::State::Missing ? "the request has no such key"
                                                         : "the request has the key";
    if (values.state == KeyValues::State::Missing) return "the request has no such key";
    if (condition.values.empty()) return "the list of values is empty";
    if (values.state == KeyValues::State::Single)
      return "the request's " + shown(values.single) +
             (condition.negated ? " is among the values" : " does not match");
    if (condition.quantifier == Quantifier::None)
      return "the key has several values, and the operator no quantifier";
    return condition.quantifier == Quantifier::ForAllValues
               ? "not every value of the request satisfies it"
               : "no value of the request satisfies it";
  }

  const Program& program_;
  const Request& request_;
  Matcher matcher_;
  Standing standing_;
};

std::vector<StatementExplanation> explain_statements(const CompiledPolicies& policies,
                                                     const Request& request) {
  return Explaining(policies.program(), request).run();
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::Allowed: return "allowed";
    case Outcome::ExplicitlyDenied: return "explicitly-denied";
    case Outcome::ImplicitlyDenied: return "implicitly-denied";
    case Outcome::NotEvaluable: return "not-evaluable";
  }
  return "not-evaluable";
}

std::string_view to_string(Gate gate) {
  switch (gate) {
    case Gate::None: return "none";
    case Gate::Scp: return "service control policies";
    case Gate::Resource: return "resource policy";
    case Gate::Identity: return "identity policies";
    case Gate::Device: return "IoT policies";
    case Gate::Boundary: return "permissions boundary";
    case Gate::Session: return "session policy";
    case Gate::VpcEndpoint: return "VPC endpoint policy";
  }
  return "none";
}

std::string_view to_string(Match match) {
  switch (match) {
    case Match::No: return "no";
    case Match::Yes: return "yes";
    case Match::Unknown: return "unknown";
  }
  return "unknown";
}

std::string explain(const CompiledPolicies& policies, const Decision& decision) {
  const Program& program = policies.program();
  std::string place;
  if (const auto at = decision.decided_by()) {
    const StatementName& name = program.names.at(at->document).at(at->statement);
    place = name.file + ":" + std::to_string(name.line) + " statement " +
            (name.sid.empty() ? std::to_string(at->statement + 1) : "`" + name.sid + "`");
  }
  switch (decision.outcome()) {
    case Outcome::Allowed:
      return place.empty() ? "allowed: the account's root user needs no statement"
                           : "allowed by " + place;
    case Outcome::ExplicitlyDenied: return "denied by " + place;
    case Outcome::ImplicitlyDenied: return explain_gate(program, decision);
    case Outcome::NotEvaluable: break;
  }
  switch (decision.obstacle()) {
    case Obstacle::Document:
      return "the policy cannot be evaluated: " + program.broken.value_or("");
    case Obstacle::MalformedRequest:
      return place.empty()
                 ? "the request's action or resource is malformed"
                 : "a value of the request is not of the type that " + place + " asks for";
    case Obstacle::UnsafeVariable:
      return "a value with `*`, `$`, `+`, `?`, `#` or `/` cannot be substituted in " + place;
    case Obstacle::PartialNotPrincipal:
      return "`NotPrincipal` of " + place +
             " names the principal in part: its account, its role and its session must all stand "
             "there";
    case Obstacle::RequestTooLong: return "the request's action or resource is too long";
    case Obstacle::None: break;
  }
  return "the policy cannot be evaluated";
}

}  // namespace sealane::policy
