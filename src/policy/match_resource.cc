// SPDX-License-Identifier: Apache-2.0
// Actions and resources.
#include <algorithm>

#include "policy/glob.h"
#include "policy/match_internal.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

bool is_action(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != 0 && colon != std::string_view::npos && colon + 1 < text.size() &&
         text.find_first_of(" \t\r\n*?") == std::string_view::npos;
}

}  // namespace

Obstacle Matcher::prepare() {
  if (program_.broken) return Obstacle::Document;
  if (request_.action.size() > kActionBytesMax || request_.resource.size() > kResourceBytesMax)
    return Obstacle::RequestTooLong;
  std::ranges::transform(request_.action, action_.begin(), lower);
  if (!is_action(action())) return Obstacle::MalformedRequest;
  if (request_.resource != "*") {
    resource_ = split_arn(request_.resource);
    if (!resource_) return Obstacle::MalformedRequest;
  }
  return Obstacle::None;
}

Truth Matcher::resources(const CompiledStatement& statement) {
  const bool listed = statement.resource_polarity == Polarity::Listed;
  if (statement.any_resource) return truth_of(listed);
  bool missing = false;
  bool unsafe = false;
  bool any = false;
  // Of a request for `*` a literal `*` alone matches.
  for (const ResourcePattern& pattern : statement.resources) {
    if (!resource_) break;
    const bool head = head_matches(pattern);
    if (!pattern.resource.has_variables) {
      if (head && glob_match(pattern.resource.ready, (*resource_)[5])) any = true;
    } else if (head || !listed) {
      Instance instance;
      instantiate(pattern.resource, statement.kind, instance);
      if (instance.state == Instance::State::Missing)
        missing = true;
      else if (head && glob_match(instance.pieces.span(), (*resource_)[5]))
        (instance.state == Instance::State::Unsafe ? unsafe : any) = true;
    }
    if (any && listed) return kTrue;
  }
  // An entry without its value matches nothing, and NotResource does not invert that.
  if (any || (missing && !listed)) return kFalse;
  // Would match if the value could be substituted: an Allow does not, a Deny cannot tell.
  if (unsafe) return statement.effect == Effect::Deny ? unknown(Obstacle::UnsafeVariable) : kFalse;
  return truth_of(!listed);
}

bool Matcher::head_matches(const ResourcePattern& pattern) const {
  if (pattern.literal_head) return request_.resource.starts_with(*pattern.literal_head);
  for (std::size_t i = 0; i < pattern.head.size(); ++i)
    if (!glob_match(pattern.head[i].ready, (*resource_)[i])) return false;
  return true;
}

Truth Matcher::rest(const CompiledStatement& statement) {
  Truth out = resources(statement);
  if (out.is_false()) return out;
  for (const CompiledCondition& one : statement.conditions) {
    const Truth truth = condition(one, statement.kind);
    if (truth.is_false()) return truth;
    if (truth.is_unknown()) out = truth;
  }
  return out;
}

bool matches(const ActionPattern& pattern, std::string_view action) {
  if (pattern.everything) return true;
  const std::size_t colon = action.find(':');
  return action.substr(0, colon) == pattern.service &&
         glob_match(pattern.name.ready, action.substr(colon + 1));
}

bool matches_action(const CompiledStatement& statement, std::string_view lower_action) {
  const bool any = std::ranges::any_of(statement.actions, [&](const ActionPattern& pattern) {
    return matches(pattern, lower_action);
  });
  return any == (statement.action_polarity == Polarity::Listed);
}

}  // namespace sealane::policy
