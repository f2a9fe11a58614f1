// SPDX-License-Identifier: Apache-2.0
// What documents tell apart: keys, their kinds of values, and classes of actions.
#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "policy/operator_arn.h"
#include "policy/text.h"
#include "prove/encode_internal.h"
#include "prove/glob_term_internal.h"
#include "solver/smt_text.h"

namespace sealane::prove {
namespace {

using policy::Operator;
using policy::ValueType;

bool is_time_key(std::string_view lower) {
  return lower == "aws:currenttime" || lower == "aws:epochtime";
}
bool is_tls_version_key(std::string_view lower) { return lower.ends_with(":tlsversion"); }

// The sort that an operator wants; nothing when it takes any.
std::optional<KeySort> sort_of(Operator op) {
  switch (op) {
    case Operator::StringEquals:
    case Operator::StringEqualsIgnoreCase:
    case Operator::StringLike:
    case Operator::ArnLike:
    case Operator::BinaryEquals: return KeySort::Text;
    case Operator::NumericEquals:
    case Operator::NumericLessThan:
    case Operator::NumericLessThanEquals:
    case Operator::NumericGreaterThan:
    case Operator::NumericGreaterThanEquals: return KeySort::Number;
    case Operator::DateEquals:
    case Operator::DateLessThan:
    case Operator::DateLessThanEquals:
    case Operator::DateGreaterThan:
    case Operator::DateGreaterThanEquals: return KeySort::Date;
    case Operator::IpAddress: return KeySort::Ip;
    case Operator::Bool: return KeySort::Enumerated;
    case Operator::Null: return std::nullopt;
  }
  return std::nullopt;
}

KeySort sort_of(const policy::KeyFacts& facts) {
  if (facts.arity == policy::Context::Arity::Multi) return KeySort::TextSet;
  switch (facts.type) {
    case ValueType::Bool: return KeySort::Enumerated;
    case ValueType::Numeric: return KeySort::Number;
    case ValueType::Date: return KeySort::Date;
    case ValueType::IpAddress: return KeySort::Ip;
    case ValueType::String:
    case ValueType::Arn:
    case ValueType::Binary: return KeySort::Text;
  }
  return KeySort::Text;
}

std::optional<policy::KeyFacts> documented(const policy::Catalogue& catalogue,
                                           std::string_view lower) {
  if (const auto* global = policy::find_global_key(lower)) return global->facts;
  return catalogue.find_key(lower);
}

// Keys whose values follow from something else, and their sorts.
std::optional<KeySort> special_sort(std::string_view lower) {
  if (lower == "aws:securetransport" || is_tls_version_key(lower)) return KeySort::Enumerated;
  if (is_time_key(lower)) return KeySort::Date;
  if (lower == "aws:principalarn" || lower == "aws:principalaccount" ||
      lower == "aws:resourceaccount")
    return KeySort::Text;
  return std::nullopt;
}

Error unsupported(const policy::Document& document, const SourceSpan& span, std::string what) {
  return fail(ErrorKind::Unsupported,
              fmt::format("{}:{}:{}: {}", document.file, span.line, span.column, what));
}

}  // namespace

Result<Encoder> Encoder::create(const policy::Catalogue& catalogue, const Scope& scope,
                                std::span<const policy::Document> documents) {
  Encoder encoder(catalogue, scope);
  SEALANE_TRY(encoder.survey(documents));
  SEALANE_TRY(encoder.make_classes(documents));
  encoder.declare_keys();
  encoder.add_axioms();
  return encoder;
}

Status Encoder::survey(std::span<const policy::Document> documents) {
  for (const policy::Document& document : documents) {
    for (const policy::Statement& statement : document.statements) {
      for (const policy::Condition& condition : statement.conditions)
        SEALANE_TRY(survey_condition(document, condition));
      for (const policy::SourceText& resource : statement.resources) {
        SEALANE_ASSIGN(const auto pattern,
                       policy::parse_resource(resource.text, {document.kind, document.version}));
        SEALANE_TRY(note_variables(pattern.resource));
      }
    }
  }
  // The keys that the axioms tie to each other.
  for (const char* name : {"aws:SecureTransport"})
    SEALANE_TRY(note_key(policy::to_lower(name), name, KeySort::Enumerated));
  for (const std::string& service : scope_.services) {
    const std::string version = service + ":TlsVersion";
    const bool carried = std::ranges::any_of(scope_.targets, [&](const Target& target) {
      return target.carries_tls_version && target.action.starts_with(service + ":");
    });
    if (carried) SEALANE_TRY(note_key(policy::to_lower(version), version, KeySort::Enumerated));
  }
  return {};
}

Status Encoder::survey_condition(const policy::Document& document,
                                 const policy::Condition& condition) {
  const auto wanted = sort_of(condition.op);
  const auto facts = documented(catalogue_, condition.key);
  KeySort sort = wanted.value_or(KeySort::Text);
  if (const auto special = special_sort(condition.key))
    sort = *special;
  else if (facts)
    sort = sort_of(*facts);
  if (const Status noted = note_key(condition.key, condition.key_name, sort); !noted.ok())
    return unsupported(document, condition.span, noted.error().message);
  const KeySort have = keys_.at(condition.key).sort;
  if (condition.quantifier != policy::Quantifier::None && have == KeySort::TextSet)
    ++set_atoms_[condition.key];
  // What a key of one sort cannot be asked exactly.
  const bool fits = !wanted || have == *wanted || have == KeySort::Enumerated ||
                    have == KeySort::TextSet ||
                    (have == KeySort::Text && *wanted == KeySort::Enumerated);
  if (!fits || (have == KeySort::TextSet && wanted && *wanted != KeySort::Text &&
                *wanted != KeySort::Enumerated))
    return unsupported(document, condition.span,
                       fmt::format("{} on the key {}, whose values are of another kind",
                                   condition.operator_name, condition.key_name));
  for (const policy::SourceText& value : condition.values) {
    SEALANE_ASSIGN(const auto operand,
                   policy::parse_operand(condition.op, value.text, document.version));
    const auto* pattern = std::get_if<policy::Pattern>(&operand);
    if (pattern == nullptr || !pattern->has_variables) continue;
    if (condition.op == Operator::ArnLike || condition.op == Operator::StringEqualsIgnoreCase)
      return unsupported(document, value.span,
                         "a variable in a value of " + condition.operator_name);
    SEALANE_TRY(note_variables(*pattern));
  }
  return {};
}

Status Encoder::note_key(const std::string& lower, const std::string& name, KeySort wanted) {
  const auto [at, is_new] = keys_.try_emplace(lower);
  if (is_new) {
    at->second.lower = lower;
    at->second.name = name;
    at->second.sort = wanted;
    return {};
  }
  if (at->second.sort == wanted || wanted == KeySort::Text) return {};
  // Asked about its presence alone until now.
  if (at->second.sort == KeySort::Text && !documented(catalogue_, lower)) {
    at->second.sort = wanted;
    return {};
  }
  return fail(ErrorKind::Unsupported, "the key " + name + " is taken for two kinds of values");
}

Status Encoder::note_variables(const policy::Pattern& pattern) {
  for (const policy::PatternPiece& piece : pattern.pieces) {
    if (piece.kind != policy::PatternPiece::Kind::Variable) continue;
    if (is_time_key(piece.text))
      return fail(ErrorKind::Unsupported, "the time as a variable: `${" + piece.text + "}`");
    const auto facts = documented(catalogue_, piece.text);
    KeySort sort = facts ? sort_of(*facts) : KeySort::Text;
    if (const auto special = special_sort(piece.text)) sort = *special;
    if (sort == KeySort::Number || sort == KeySort::Date || sort == KeySort::Ip)
      return fail(ErrorKind::Unsupported,
                  "a number, date or address as a variable: `${" + piece.text + "}`");
    SEALANE_TRY(note_key(piece.text, facts ? std::string(facts->name) : piece.text, sort));
  }
  return {};
}

namespace {

// What Resource elements and the resource's owner tell apart about a shape: shapes that every
// element takes in or leaves out alike are one.
std::string shape_signature(const ArnShape& shape, std::size_t number,
                            std::span<const policy::ResourcePattern> patterns) {
  if (shape.is_any()) return "*";
  const std::string any_arn = shape.head + "x";
  const auto head = policy::split_arn(any_arn);
  const auto is_constant = [&](const policy::ResourcePattern& pattern) {
    if (pattern.everything) return true;
    for (std::size_t i = 0; i < 5; ++i)
      if (shape.head_variables[i].empty() && !policy::glob_match(pattern.head[i].ready, (*head)[i]))
        return true;
    return false;
  };
  if (!std::ranges::all_of(patterns, is_constant)) return std::to_string(number);
  return std::string((*head)[4]) + shape.head_variables[4] + " ";
}

}  // namespace

Status Encoder::make_classes(std::span<const policy::Document> documents) {
  std::vector<policy::ActionPattern> patterns;
  std::vector<policy::ResourcePattern> resources;
  for (const policy::Document& document : documents) {
    has_rcps_ = has_rcps_ || document.kind == policy::DocumentKind::Rcp;
    for (const policy::Statement& statement : document.statements) {
      for (const policy::SourceText& action : statement.actions) {
        SEALANE_ASSIGN(auto pattern, policy::parse_action(action.text));
        patterns.push_back(std::move(pattern));
      }
      for (const policy::SourceText& one : statement.resources) {
        SEALANE_ASSIGN(auto pattern,
                       policy::parse_resource(one.text, {document.kind, document.version}));
        resources.push_back(std::move(pattern));
      }
    }
  }
  std::vector<std::string> of_shape;
  for (std::size_t i = 0; i < scope_.shapes.size(); ++i)
    of_shape.push_back(shape_signature(scope_.shapes[i], i, resources));
  std::map<std::string, std::size_t> by_signature;
  std::map<std::string, bool> in_rcps;  // by service
  for (std::size_t i = 0; i < scope_.targets.size(); ++i) {
    const Target& target = scope_.targets[i];
    const std::string lower = policy::to_lower(target.action);
    const std::string service = lower.substr(0, lower.find(':'));
    in_rcps[service] = target.in_rcps;
    const std::string version_of = target.carries_tls_version ? service : "";
    const bool bound = !has_rcps_ || (target.in_rcps && lower != "kms:retiregrant");
    std::string signature = of_shape[target.shape] + "|" + version_of + (bound ? "|r" : "|-");
    for (const auto& pattern : patterns) signature += policy::matches(pattern, lower) ? '1' : '0';
    const auto [at, is_new] = by_signature.try_emplace(signature, classes_.size());
    if (is_new)
      classes_.push_back({.targets = {},
                          .shape = target.shape,
                          .tls_version_of = version_of,
                          .in_catalogue = true,
                          .in_rcps = bound,
                          .service = service});
    classes_[at->second].targets.push_back(i);
  }
  // An action that the catalogue does not have yet, of each shape: only `service:*` takes it in.
  std::set<std::string> unknown;
  for (std::size_t shape = 0; shape < scope_.shapes.size(); ++shape) {
    const std::string& service = scope_.shapes[shape].service;
    const bool bound = !has_rcps_ || in_rcps[service];
    // Of services that no element names one is like another.
    const bool named = std::ranges::any_of(
        patterns, [&](const auto& pattern) { return pattern.service == service; });
    const std::string signature = of_shape[shape] + "|" +
                                  (named || scope_.services.size() == 1 ? service : "") +
                                  (bound ? "|r" : "|-");
    if (!unknown.insert(signature).second) continue;
    classes_.push_back(
        {.targets = {},
         .shape = shape,
         .tls_version_of = catalogue_.find_key(service + ":TlsVersion") ? service : "",
         .in_catalogue = false,
         .in_rcps = bound,
         .service = service});
  }
  return {};
}

void Encoder::declare_keys() {
  for (auto& [lower, key] : keys_) {
    key.present = *solver::symbol("has " + lower);
    declarations_ += "(declare-const " + key.present + " Bool)\n";
    if (special_sort(lower))
      declare_special(key);
    else
      declare_general(key);
  }
}

void Encoder::declare_special(KeyModel& key) {
  if (key.lower == "aws:securetransport") {
    key.domain = {"true", "false"};
    key.is = {"(not (= transport 0))", "(= transport 0)"};
  } else if (is_tls_version_key(key.lower)) {
    const std::string value = *solver::symbol("value " + key.lower);
    declarations_ += "(declare-const " + value + " Int)\n(assert (and (<= 1 " + value +
                     ") (<= " + value + " 4)))\n";
    for (std::size_t i = 0; i < std::size(kTlsVersions); ++i) {
      key.domain.emplace_back(kTlsVersions[i]);
      key.is.push_back("(= " + value + " " + std::to_string(i + 1) + ")");
    }
  } else if (is_time_key(key.lower)) {
    key.value = "now";
    declarations_ += "(assert " + key.present + ")\n";
  } else if (key.lower == "aws:principalarn") {
    key.value = principal_arn_term(scope_);
    declarations_ +=
        "(assert (= " + key.present + " " +
        caller_is({Caller::Root, Caller::User, Caller::RoleSession, Caller::FederatedUser}) +
        "))\n";
  } else if (key.lower == "aws:resourceaccount") {
    key.value = scope_.account.empty() ? "owner" : "\"" + scope_.account + "\"";
  } else {
    key.value = "(ite " + caller_is({Caller::Anonymous}) + " \"anonymous\" account)";
    declarations_ += "(assert " + key.present + ")\n";
  }
}

void Encoder::declare_general(KeyModel& key) {
  const std::string value = *solver::symbol("value " + key.lower);
  switch (key.sort) {
    case KeySort::Enumerated:
      declarations_ += "(declare-const " + value + " Bool)\n";
      key.domain = {"true", "false"};
      key.is = {value, negate(value)};
      return;
    case KeySort::Number:
    case KeySort::Date:
      declarations_ += "(declare-const " + value + " Real)\n";
      if (key.sort == KeySort::Date) declarations_ += "(assert (>= " + value + " 0.0))\n";
      key.value = value;
      return;
    case KeySort::Ip:
      key.is_v4 = *solver::symbol("v4 " + key.lower);
      key.bits4 = *solver::symbol("bits4 " + key.lower);
      key.bits6 = *solver::symbol("bits6 " + key.lower);
      declarations_ += "(declare-const " + key.is_v4 + " Bool)\n(declare-const " + key.bits4 +
                       " (_ BitVec 32))\n(declare-const " + key.bits6 + " (_ BitVec 128))\n";
      // An IPv4 address mapped into IPv6 is IPv4 to the evaluator.
      declarations_ +=
          "(assert (not (= ((_ extract 127 32) " + key.bits6 + ") #x00000000000000000000ffff)))\n";
      return;
    case KeySort::Text:
      declarations_ += "(declare-const " + value + " String)\n";
      key.value = value;
      if (const auto facts = documented(catalogue_, key.lower);
          facts && facts->type == ValueType::Arn)
        declarations_ += "(assert (str.in_re " + value + " " + arn_language() + "))\n";
      return;
    case KeySort::TextSet: break;
  }
  // Quantifiers see a set through as many witnesses as there are quantified conditions on it, and
  // one more for a set that none of them needs.
  const std::size_t slots = set_atoms_[key.lower] + 1;
  std::vector<Term> any;
  for (std::size_t i = 0; i < slots; ++i) {
    KeyModel::Slot slot{*solver::symbol(fmt::format("used {} {}", i, key.lower)),
                        *solver::symbol(fmt::format("item {} {}", i, key.lower))};
    declarations_ +=
        "(declare-const " + slot.used + " Bool)\n(declare-const " + slot.text + " String)\n";
    any.push_back(slot.used);
    key.slots.push_back(std::move(slot));
  }
  declarations_ += "(assert (= " + key.present + " " + disj(any) + "))\n";
}

}  // namespace sealane::prove
