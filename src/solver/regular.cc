// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "solver/regular_internal.h"

namespace sealane::solver {

Regulars::Regulars() {
  add({.kind = Kind::Nothing});
  add({.kind = Kind::Empty, .nullable = true});
  everything_ = star(one_of(0, kCharacterEnd - 1));
}

Regulars::Id Regulars::add(Node node) {
  const auto [at, is_new] = known_.try_emplace({node.kind, node.parts, node.first, node.last},
                                               static_cast<Id>(nodes_.size()));
  if (!is_new) return at->second;
  if (nodes_.size() >= kNodesMax) {
    full_ = true;
    return nothing();
  }
  nodes_.push_back(std::move(node));
  return at->second;
}

Regulars::Id Regulars::one_of(char32_t first, char32_t last) {
  if (first > last) return nothing();
  return add({.kind = Kind::Set, .first = first, .last = last});
}

Regulars::Id Regulars::text(std::u32string_view text) {
  Id out = empty_text();
  for (std::size_t i = text.size(); i > 0; --i) out = concat(one_of(text[i - 1], text[i - 1]), out);
  return out;
}

Regulars::Id Regulars::concat(Id a, Id b) {
  if (a == nothing() || b == nothing()) return nothing();
  if (a == empty_text()) return b;
  if (b == empty_text()) return a;
  if (a == everything_ && b == everything_) return a;
  // To the right, so that equal languages are more often equal terms.
  if (nodes_[a].kind == Kind::Concat) {
    const Id head = nodes_[a].parts[0];
    const Id rest = nodes_[a].parts[1];
    return concat(head, concat(rest, b));
  }
  return add({.kind = Kind::Concat,
              .nullable = nodes_[a].nullable && nodes_[b].nullable,
              .parts = {a, b}});
}

Regulars::Id Regulars::star(Id a) {
  if (a == nothing() || a == empty_text()) return empty_text();
  if (nodes_[a].kind == Kind::Star) return a;
  return add({.kind = Kind::Star, .nullable = true, .parts = {a}});
}

Regulars::Id Regulars::either(std::vector<Id> all) {
  std::vector<Id> flat;
  for (const Id one : all) {
    if (one == everything_) return everything_;
    if (one == nothing()) continue;
    if (nodes_[one].kind == Kind::Either)
      flat.insert(flat.end(), nodes_[one].parts.begin(), nodes_[one].parts.end());
    else
      flat.push_back(one);
  }
  std::ranges::sort(flat);
  flat.erase(std::ranges::unique(flat).begin(), flat.end());
  if (flat.empty()) return nothing();
  if (flat.size() == 1) return flat.front();
  const bool nullable = std::ranges::any_of(flat, [&](Id one) { return nodes_[one].nullable; });
  return add({.kind = Kind::Either, .nullable = nullable, .parts = std::move(flat)});
}

Regulars::Id Regulars::both(std::vector<Id> all) {
  std::vector<Id> flat;
  for (const Id one : all) {
    if (one == nothing()) return nothing();
    if (one == everything_) continue;
    if (nodes_[one].kind == Kind::Both)
      flat.insert(flat.end(), nodes_[one].parts.begin(), nodes_[one].parts.end());
    else
      flat.push_back(one);
  }
  std::ranges::sort(flat);
  flat.erase(std::ranges::unique(flat).begin(), flat.end());
  if (flat.empty()) return everything_;
  if (flat.size() == 1) return flat.front();
  const bool nullable = std::ranges::all_of(flat, [&](Id one) { return nodes_[one].nullable; });
  return add({.kind = Kind::Both, .nullable = nullable, .parts = std::move(flat)});
}

Regulars::Id Regulars::complement(Id a) {
  if (a == nothing()) return everything_;
  if (a == everything_) return nothing();
  if (nodes_[a].kind == Kind::Complement) return nodes_[a].parts[0];
  return add({.kind = Kind::Complement, .nullable = !nodes_[a].nullable, .parts = {a}});
}

Regulars::Id Regulars::derivative(Id a, char32_t c) {
  if (full_) return nothing();
  const std::uint64_t key = (std::uint64_t{a} << 32) | c;
  if (const auto at = derivatives_.find(key); at != derivatives_.end()) return at->second;
  // A copy: what follows adds nodes.
  const Node node = nodes_[a];
  Id out = nothing();
  const auto of_each = [&] {
    std::vector<Id> parts;
    for (const Id part : node.parts) parts.push_back(derivative(part, c));
    return parts;
  };
  switch (node.kind) {
    case Kind::Nothing:
    case Kind::Empty: break;
    case Kind::Set: out = c >= node.first && c <= node.last ? empty_text() : nothing(); break;
    case Kind::Concat: {
      out = concat(derivative(node.parts[0], c), node.parts[1]);
      if (nodes_[node.parts[0]].nullable) out = either({out, derivative(node.parts[1], c)});
      break;
    }
    case Kind::Star: out = concat(derivative(node.parts[0], c), a); break;
    case Kind::Either: out = either(of_each()); break;
    case Kind::Both: out = both(of_each()); break;
    case Kind::Complement: out = complement(derivative(node.parts[0], c)); break;
  }
  derivatives_.emplace(key, out);
  return out;
}

Regulars::Id Regulars::derivative(Id a, std::u32string_view text) {
  for (const char32_t c : text) a = derivative(a, c);
  return a;
}

const std::vector<char32_t>& Regulars::cuts(Id a) {
  if (const auto at = cuts_.find(a); at != cuts_.end()) return at->second;
  std::vector<char32_t> out;
  const Node& node = nodes_[a];
  if (node.kind == Kind::Set) {
    out = {node.first, node.last + 1};
  } else {
    for (std::size_t i = 0; i < node.parts.size(); ++i) {
      if (node.kind == Kind::Concat && i == 1 && !nodes_[node.parts[0]].nullable) break;
      const std::vector<char32_t>& part = cuts(node.parts[i]);
      out.insert(out.end(), part.begin(), part.end());
    }
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
  }
  return cuts_.emplace(a, std::move(out)).first->second;
}

}  // namespace sealane::solver
