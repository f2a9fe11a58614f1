// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "policy/compile_internal.h"

namespace sealane::policy {
namespace {

// Actions that the fronts ask about, beside those that documents name.
constexpr std::array<std::string_view, 8> kCommonActions = {
    "iot:connect",       "iot:publish",  "iot:subscribe", "iot:receive",
    "iot:retainpublish", "s3:putobject", "s3:getobject",  "s3:listbucket"};

// Statements that are held against actions while the index is built; what is left out is found by
// its service.
constexpr std::size_t kIndexWorkMax = 1'000'000;

std::string_view service_of(std::string_view action) { return action.substr(0, action.find(':')); }

bool is_of_any_service(const CompiledStatement& statement) {
  return statement.action_polarity == Polarity::NotListed ||
         std::ranges::any_of(statement.actions, &ActionPattern::everything);
}

std::vector<ActionIndex::Row> to_rows(std::map<std::string, std::vector<std::uint32_t>> lists) {
  std::vector<ActionIndex::Row> out;
  for (auto& [key, statements] : lists) out.push_back({key, std::move(statements)});
  return out;
}

std::span<const std::uint32_t> find(const std::vector<ActionIndex::Row>& rows,
                                    std::string_view key) {
  const auto row = std::ranges::lower_bound(rows, key, {}, &ActionIndex::Row::key);
  if (row == rows.end() || row->key != key) return {};
  return row->statements;
}

// The actions that documents name without wildcards, and the common ones first.
std::vector<std::string> likely_actions(const std::vector<CompiledStatement>& statements) {
  std::vector<std::string> out(kCommonActions.begin(), kCommonActions.end());
  std::set<std::string> seen(out.begin(), out.end());
  for (const CompiledStatement& statement : statements)
    for (const ActionPattern& pattern : statement.actions) {
      if (pattern.everything || has_wildcard(pattern.name)) continue;
      std::string action = pattern.service + ":" + pattern.name.pieces.front().text;
      if (seen.insert(action).second) out.push_back(std::move(action));
    }
  return out;
}

}  // namespace

ActionIndex build_action_index(const std::vector<CompiledStatement>& statements) {
  ActionIndex out;
  std::map<std::string, std::vector<std::uint32_t>> by_service;
  for (std::uint32_t i = 0; i < statements.size(); ++i) {
    if (is_of_any_service(statements[i])) {
      out.any_service.push_back(i);
      continue;
    }
    for (const ActionPattern& pattern : statements[i].actions) {
      auto& list = by_service[pattern.service];
      if (list.empty() || list.back() != i) list.push_back(i);
    }
  }
  out.services = to_rows(std::move(by_service));

  std::map<std::string, std::vector<std::uint32_t>> by_action;
  std::size_t work = 0;
  for (const std::string& action : likely_actions(statements)) {
    Candidates some(find(out.services, service_of(action)), out.any_service);
    std::vector<std::uint32_t> matching;
    for (auto i = some.next(); i; i = some.next()) {
      work += statements[*i].actions.size();
      if (matches_action(statements[*i], action)) matching.push_back(*i);
    }
    by_action.emplace(action, std::move(matching));
    if (work > kIndexWorkMax) break;
  }
  out.actions = to_rows(std::move(by_action));
  return out;
}

Candidates candidates(const ActionIndex& index, std::string_view action) {
  const auto row = std::ranges::lower_bound(index.actions, action, {}, &ActionIndex::Row::key);
  if (row != index.actions.end() && row->key == action) return Candidates(row->statements);
  return {find(index.services, service_of(action)), index.any_service};
}

}  // namespace sealane::policy
