// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "base/utf8.h"
#include "solver/smt_text.h"
#include "solver/smt_tree_internal.h"

namespace sealane::solver {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Where the atom, the string or the quoted symbol at `at` ends; npos when it does not.
std::size_t end_of_word(std::string_view text, std::size_t at) {
  if (text[at] == '|') {
    const std::size_t end = text.find('|', at + 1);
    return end == std::string_view::npos ? end : end + 1;
  }
  if (text[at] != '"') {
    while (at < text.size() && !is_space(text[at]) && text[at] != '(' && text[at] != ')') ++at;
    return at;
  }
  for (++at; at < text.size(); ++at) {
    if (text[at] != '"') continue;
    if (at + 1 == text.size() || text[at + 1] != '"') return at + 1;
    ++at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string_view SmtTree::head(Id id) const {
  const Node& node = nodes[id];
  if (!node.is_list || node.items.empty()) return {};
  return nodes[node.items[0]].text;
}

std::optional<SmtTree> parse_smt(std::string_view text, std::size_t depth_max) {
  SmtTree tree;
  tree.nodes.reserve(text.size() / 8);
  struct Open {
    SmtTree::Id id;
    std::size_t begin;
  };
  std::vector<Open> open;
  const auto add = [&](SmtTree::Id id) {
    (open.empty() ? tree.top : tree.nodes[open.back().id].items).push_back(id);
  };
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
    } else if (text[at] == '(') {
      if (open.size() == depth_max) return std::nullopt;
      const auto id = static_cast<SmtTree::Id>(tree.nodes.size());
      tree.nodes.push_back({.text = {}, .is_list = true, .items = {}});
      open.push_back({id, at++});
    } else if (text[at] == ')') {
      if (open.empty()) return std::nullopt;
      const auto [id, begin] = open.back();
      tree.nodes[id].text = text.substr(begin, ++at - begin);
      open.pop_back();
      add(id);
    } else {
      const std::size_t end = end_of_word(text, at);
      if (end == std::string_view::npos) return std::nullopt;
      tree.nodes.push_back({.text = text.substr(at, end - at), .is_list = false, .items = {}});
      add(static_cast<SmtTree::Id>(tree.nodes.size() - 1));
      at = end;
    }
  }
  if (!open.empty()) return std::nullopt;
  return tree;
}

std::optional<std::u32string> characters_of(std::string_view literal) {
  std::u32string out;
  literal = literal.substr(1, literal.size() - 2);
  for (std::size_t at = 0; at < literal.size(); ++at) {
    const char c = literal[at];
    if (c == '"') ++at;  // doubled
    if (c != '\\') {
      if (static_cast<unsigned char>(c) >= 0x80) return std::nullopt;
      out += static_cast<char32_t>(c);
      continue;
    }
    const std::size_t end = literal.find('}', at);
    if (!literal.substr(at).starts_with("\\u{") || end == std::string_view::npos)
      return std::nullopt;
    std::uint32_t code = 0;
    const auto [stop, error] =
        std::from_chars(literal.data() + at + 3, literal.data() + end, code, 16);
    if (error != std::errc() || stop != literal.data() + end || code > kCharacterMax)
      return std::nullopt;
    out += static_cast<char32_t>(code);
    at = end;
  }
  return out;
}

std::string utf8_of(std::u32string_view characters) {
  std::string out;
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  for (const char32_t c : characters) {
    const auto code = static_cast<std::uint32_t>(c);
    if (code < 0x80) {
      add(code);
    } else if (code < 0x800) {
      add(0xC0 | code >> 6), add(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      add(0xE0 | code >> 12), add(0x80 | ((code >> 6) & 0x3F)), add(0x80 | (code & 0x3F));
    } else {
      add(0xF0 | code >> 18), add(0x80 | ((code >> 12) & 0x3F));
      add(0x80 | ((code >> 6) & 0x3F)), add(0x80 | (code & 0x3F));
    }
  }
  return out;
}

}  // namespace sealane::solver
