// SPDX-License-Identifier: Apache-2.0
#include "prove/testing/fixed_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/operator_arn.h"
#include "policy/operator_date.h"
#include "policy/operator_ip.h"
#include "policy/operator_numeric.h"
#include "policy/testing/case_json.h"
#include "policy/text.h"
#include "prove/decision_internal.h"
#include "solver/smt_text.h"

namespace sealane::prove {
namespace {

using policy::reference::ModelRequest;

Term same(const Term& term, std::string_view text) {
  const auto literal = solver::string_literal(text);
  return literal.ok() ? "(= " + term + " " + *literal + ")" : Term("false");
}

std::string behind(std::string_view arn, std::string_view marker) {
  const std::size_t at = arn.find(marker);
  return at == std::string_view::npos ? "" : std::string(arn.substr(at + marker.size()));
}

// The caller by its names; nothing for one that the encoding does not have.
std::optional<Term> fixed_caller(const policy::Principal& who, const Scope& scope) {
  using enum policy::PrincipalKind;
  if (who.service_linked) return std::nullopt;
  const bool other_partition =
      !who.arn.empty() && !who.arn.starts_with("arn:" + scope.partition + ":");
  if (other_partition) return std::nullopt;
  std::vector<Term> all;
  if (!who.account.empty()) all.push_back(same("account", who.account));
  all.push_back(who.canonical_user.empty() ? same("canonical", std::string(64, 'f'))
                                           : same("canonical", who.canonical_user));
  switch (who.kind) {
    case Anonymous: all.push_back(caller_is({Caller::Anonymous})); break;
    case Root: all.push_back(caller_is({Caller::Root})); break;
    case User:
      if (who.account.empty()) return std::nullopt;
      all.insert(all.end(), {caller_is({Caller::User}), same("user", behind(who.arn, ":user/"))});
      break;
    case RoleSession: {
      const std::string role = behind(who.role_arn, ":role/");
      const std::size_t slash = role.rfind('/');
      const std::string name = slash == std::string::npos ? role : role.substr(slash + 1);
      // Of a session whose name is not known nobody names the session.
      std::string session = behind(who.arn, ":assumed-role/");
      session = session.empty() ? "nobody-names-it" : session.substr(session.find('/') + 1);
      all.insert(all.end(), {caller_is({Caller::RoleSession}), same("role_name", name),
                             same("role_path", role.substr(0, role.size() - name.size())),
                             same("session", session)});
      break;
    }
    case FederatedUser:
      all.insert(all.end(), {caller_is({Caller::FederatedUser}),
                             same("session", behind(who.arn, ":federated-user/")),
                             who.user_arn.empty() ? Term("(not of_user)") : Term("of_user")});
      if (!who.user_arn.empty()) all.push_back(same("user", behind(who.user_arn, ":user/")));
      break;
    case Service:
      all.insert(all.end(), {caller_is({Caller::Service}), same("service", who.name)});
      break;
    case Device:
    case WebIdentity:
    case Saml: return std::nullopt;
  }
  return conj(all);
}

Term address_is(const KeyModel& key, const policy::IpAddressValue& address) {
  const bool v4 = address.family == policy::IpAddressValue::Family::V4;
  std::string bits = "#b";
  for (unsigned i = 0; i < (v4 ? 32U : 128U); ++i)
    bits += ((address.bytes[i / 8] >> (7 - i % 8)) & 1U) != 0 ? '1' : '0';
  return conj({v4 ? key.is_v4 : negate(key.is_v4),
               "(= " + (v4 ? key.bits4 : key.bits6) + " " + bits + ")"});
}

std::optional<Term> one_value_is(const KeyModel& key, const std::string& value) {
  switch (key.sort) {
    case KeySort::Enumerated: {
      const auto at = std::ranges::find(key.domain, value);
      if (at == key.domain.end()) return std::nullopt;
      return key.is[static_cast<std::size_t>(at - key.domain.begin())];
    }
    case KeySort::Number: {
      if (!policy::parse_decimal(value)) return std::nullopt;
      const auto literal = solver::real_literal(value);
      if (!literal.ok()) return std::nullopt;
      return "(= " + key.value + " " + *literal + ")";
    }
    case KeySort::Date: {
      const auto time = policy::parse_date(value);
      if (!time) return std::nullopt;
      const auto micros = time->time_since_epoch().count();
      if (micros < 0) return std::nullopt;
      return fmt::format("(= {} {}.{:06})", key.value, micros / 1'000'000, micros % 1'000'000);
    }
    case KeySort::Ip: {
      const auto address = policy::parse_ip(value);
      if (!address) return std::nullopt;
      return address_is(key, *address);
    }
    case KeySort::Text: return same(key.value, value);
    case KeySort::TextSet: break;
  }
  return std::nullopt;
}

std::optional<Term> set_is(const KeyModel& key, const std::vector<std::string>& values) {
  if (values.size() > key.slots.size()) return std::nullopt;
  std::vector<Term> all;
  for (std::size_t i = 0; i < key.slots.size(); ++i) {
    const KeyModel::Slot& slot = key.slots[i];
    all.push_back(i < values.size() ? conj({slot.used, same(slot.text, values[i])})
                                    : negate(slot.used));
  }
  return conj(all);
}

// The time and the caller's ARN are no part of the context.
bool is_elsewhere(std::string_view lower) {
  return lower == "aws:currenttime" || lower == "aws:epochtime" || lower == "aws:principalarn";
}

std::optional<Term> fixed_key(const KeyModel& key, const ModelRequest& request) {
  if (is_elsewhere(key.lower)) return Term("true");
  const auto at = request.context.find(key.lower);
  if (at == request.context.end() || at->second.values.empty()) return negate(key.present);
  const bool is_set = key.sort == KeySort::TextSet;
  if (at->second.multi != is_set) return std::nullopt;
  const auto value =
      is_set ? set_is(key, at->second.values) : one_value_is(key, at->second.values[0]);
  if (!value) return std::nullopt;
  return conj({key.present, *value});
}

}  // namespace

std::optional<Scope> scope_of_request(const ModelRequest& request) {
  const std::string service = policy::to_lower(request.action.substr(0, request.action.find(':')));
  Scope scope;
  scope.resource = request.resource;
  scope.partition = "aws";
  scope.account = request.resource_account;
  scope.services = {service};
  ArnShape shape{.kind = "", .head = "", .text = "*", .service = service};
  if (request.resource != "*") {
    const auto parts = policy::split_arn(request.resource);
    if (!parts) return std::nullopt;
    scope.partition = std::string((*parts)[1]);
    shape.kind = "resource";
    shape.text = std::string((*parts)[5]);
    shape.head = request.resource.substr(0, request.resource.size() - shape.text.size());
  }
  scope.shapes.push_back(std::move(shape));
  scope.targets.push_back({.action = request.action, .in_rcps = true});
  return scope;
}

std::optional<Term> fixed(const Encoder& encoder, const ModelRequest& request) {
  const auto who = policy::reference::principal_of(request);
  if (!who || request.principal_in_management_account || request.resource_in_management_account ||
      request.aws_managed_key)
    return std::nullopt;
  const auto caller = fixed_caller(*who, encoder.scope());
  if (!caller) return std::nullopt;
  std::vector<Term> all = {*caller, "(= class 0)", fmt::format("(= now {}.0)", request.now)};
  // Nobody said who owns the resource: it is the caller's own.
  if (encoder.owner_is_open(encoder.classes()[0]))
    all.push_back(who->account.empty() ? same("owner", "111122223333") : Term("(= owner account)"));
  for (const auto& [lower, key] : encoder.keys()) {
    const auto term = fixed_key(key, request);
    if (!term) return std::nullopt;
    all.push_back(*term);
  }
  return conj(all);
}

Encoded ask_encoding(const policy::Catalogue& catalogue,
                     std::span<const policy::Document> documents, const ModelRequest& request,
                     solver::Solver& solver) {
  const auto scope = scope_of_request(request);
  if (!scope || !policy::parse_action(request.action).ok()) return Encoded::NoSuchRequest;
  auto encoder = Encoder::create(catalogue, *scope, documents);
  if (!encoder.ok()) return Encoded::Refused;
  const auto decision = Decision::create(*encoder, documents);
  if (!decision.ok()) return Encoded::Refused;
  const auto question = fixed(*encoder, request);
  if (!question) return Encoded::NoSuchRequest;
  const Term allowed = decision->allowed();
  const Term denied = decision->denied();
  encoder->note_names(*question + " " + allowed + " " + denied + " ");
  const solver::Verdict verdict =
      solver.check({.script = encoder->preamble() + "(assert " + *question + ")\n",
                    .values = {allowed, denied},
                    .assumptions = {}});
  if (verdict.answer == solver::Answer::Unsat) return Encoded::NoSuchRequest;
  if (verdict.answer != solver::Answer::Sat || verdict.values.size() != 2) return Encoded::NoAnswer;
  if (verdict.values[1].text == "true") return Encoded::Denied;
  return verdict.values[0].text == "true" ? Encoded::Allowed : Encoded::NotAllowed;
}

bool agrees(Encoded encoded, policy::Outcome outcome) {
  switch (outcome) {
    case policy::Outcome::Allowed: return encoded == Encoded::Allowed;
    case policy::Outcome::ExplicitlyDenied: return encoded == Encoded::Denied;
    case policy::Outcome::ImplicitlyDenied: return encoded == Encoded::NotAllowed;
    case policy::Outcome::NotEvaluable: break;
  }
  return true;
}

}  // namespace sealane::prove
