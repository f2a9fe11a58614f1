// SPDX-License-Identifier: Apache-2.0
#include "prove/fast_path_internal.h"

#include <algorithm>

#include "policy/elements.h"
#include "policy/operator_arn.h"
#include "policy/text.h"

namespace sealane::prove {
bool covers_everybody(const policy::Statement& statement) {
  if (!statement.principals) return true;
  return statement.principals->polarity == policy::Polarity::Listed &&
         std::ranges::any_of(statement.principals->entries, [](const auto& entry) {
           return entry.type == policy::PrincipalEntry::Type::Everyone;
         });
}

bool covers_actions(const policy::Statement& statement, std::string_view service) {
  if (statement.action_polarity != policy::Polarity::Listed) return false;
  return std::ranges::any_of(statement.actions, [&](const policy::SourceText& action) {
    return action.text == "*" || policy::to_lower(action.text) == std::string(service) + ":*";
  });
}

bool covers_shape(const policy::Document& document, const policy::Statement& statement,
                  const ArnShape& shape) {
  using Kind = policy::PatternPiece::Kind;
  const std::string any_arn = shape.head + "x";
  const auto head = policy::split_arn(any_arn);
  return std::ranges::any_of(statement.resources, [&](const policy::SourceText& text) {
    const auto pattern = policy::parse_resource(text.text, {document.kind, document.version});
    if (!pattern.ok()) return false;
    if (pattern->everything) return true;
    if (shape.is_template() || shape.is_any()) return false;
    if (pattern->resource.has_variables) return false;
    for (std::size_t i = 0; i < 5; ++i)
      if (!policy::glob_match(pattern->head[i].ready, (*head)[i])) return false;
    if (!shape.has_tail) return policy::glob_match(pattern->resource.ready, shape.text);
    // Literal text that the shape begins with, and `*`.
    const auto& pieces = pattern->resource.pieces;
    if (pieces.size() == 1) return pieces[0].kind == Kind::AnyRun;
    return pieces.size() == 2 && pieces[0].kind == Kind::Literal &&
           pieces[1].kind == Kind::AnyRun && shape.text.starts_with(pieces[0].text);
  });
}

namespace {

bool is_plaintext_test(const policy::Condition& condition) {
  if (condition.key != "aws:securetransport" || condition.negated ||
      condition.quantifier != policy::Quantifier::None)
    return false;
  if (condition.op != policy::Operator::Bool && condition.op != policy::Operator::StringEquals &&
      condition.op != policy::Operator::StringEqualsIgnoreCase)
    return false;
  return std::ranges::any_of(condition.values, [&](const policy::SourceText& value) {
    return condition.op == policy::Operator::StringEquals ? value.text == "false"
                                                          : policy::to_lower(value.text) == "false";
  });
}

}  // namespace

namespace {

// A document of the kind binds all whom the scope is about, whatever they ask.
bool binds_everybody(policy::DocumentKind kind, const Scope& scope) {
  using enum policy::DocumentKind;
  switch (kind) {
    case Resource:
    case Kms:
    case VpcEndpoint: return true;
    case Scp: return scope.callers != Callers::Anybody;
    case Identity: return scope.callers == Callers::Identities;
    case Rcp:
      return std::ranges::all_of(scope.targets, [](const Target& target) {
        return target.in_rcps && target.action != "kms:RetireGrant";
      });
    default: return false;
  }
}

}  // namespace

std::optional<FastPath> enforced_by_text(const Scope& scope,
                                         std::span<const policy::Document> documents) {
  for (std::size_t d = 0; d < documents.size(); ++d) {
    for (std::size_t s = 0; s < documents[d].statements.size(); ++s) {
      const policy::Statement& statement = documents[d].statements[s];
      if (statement.effect != policy::Effect::Deny || statement.conditions.size() != 1 ||
          statement.resource_polarity != policy::Polarity::Listed ||
          !is_plaintext_test(statement.conditions[0]) || !covers_everybody(statement) ||
          !binds_everybody(documents[d].kind, scope) ||
          !std::ranges::all_of(scope.services, [&](const std::string& service) {
            return covers_actions(statement, service);
          }))
        continue;
      const bool all = std::ranges::all_of(scope.shapes, [&](const ArnShape& shape) {
        return covers_shape(documents[d], statement, shape);
      });
      if (all) return FastPath{d, s, !statement.conditions[0].if_exists};
    }
  }
  return std::nullopt;
}

}  // namespace sealane::prove
