// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sealane::solver {

// Expressions of a script, as a tree over its text.
struct SmtTree {
  using Id = std::uint32_t;
  struct Node {
    std::string_view text;  // the whole expression, as it stands
    bool is_list = false;
    std::vector<Id> items;
  };
  std::vector<Node> nodes;
  std::vector<Id> top;

  const Node& operator[](Id id) const { return nodes[id]; }
  // The word that a list begins with; empty for anything else.
  std::string_view head(Id id) const;
  bool is_string(Id id) const { return nodes[id].text.starts_with('"'); }
};

// Nothing when the text is no sequence of expressions, or one is nested deeper than `depth_max`.
// The tree lives no longer than the text.
std::optional<SmtTree> parse_smt(std::string_view text, std::size_t depth_max);

// The characters of a string literal, quotes included; nothing when it has an escape that this
// program does not write.
std::optional<std::u32string> characters_of(std::string_view literal);
std::string utf8_of(std::u32string_view characters);

}  // namespace sealane::solver
