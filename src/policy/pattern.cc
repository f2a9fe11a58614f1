// SPDX-License-Identifier: Apache-2.0
#include "policy/pattern.h"

#include <algorithm>

#include "policy/text.h"

namespace sealane::policy {
namespace {

constexpr std::string_view kVariableOpen = "${";

bool is_variable_character(char c) {
  return c > ' ' && c < 0x7f && c != '{' && c != '}' && c != '\'' && c != ',' && c != '$';
}

// The inside of `${...}`.
Result<PatternPiece> parse_variable(std::string_view inside) {
  PatternPiece piece;
  if (inside == "*" || inside == "?" || inside == "$") {
    piece.text = inside;
    return piece;
  }
  std::string_view name = inside;
  if (const std::size_t comma = inside.find(','); comma != std::string_view::npos) {
    name = inside.substr(0, comma);
    const std::string_view rest = inside.substr(comma + 1);
    if (rest.size() < 3 || !rest.starts_with(" '") || !rest.ends_with('\'') ||
        rest.substr(2, rest.size() - 3).contains('\''))
      return fail(ErrorKind::Invalid,
                  "the default in `${" + std::string(inside) + "}` is not quoted",
                  "write `${key, 'default'}`: comma, one space, single quotes");
    piece.fallback = std::string(rest.substr(2, rest.size() - 3));
  }
  if (name.empty() || !std::ranges::all_of(name, is_variable_character))
    return fail(ErrorKind::Invalid, "`${" + std::string(inside) + "}` does not name a variable",
                "a name has no spaces: `${iot:ClientId}`");
  const std::size_t colon = name.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == name.size())
    return fail(ErrorKind::Invalid, "the variable `${" + std::string(name) + "}` has no prefix",
                "names have the form `prefix:name`, as in `${aws:username}`");
  piece.kind = PatternPiece::Kind::Variable;
  piece.text = to_lower(name);
  return piece;
}

// Where the variable that opens at `open` closes; npos when it does not.  A brace inside a quoted
// default does not close it.
std::size_t variable_end(std::string_view text, std::size_t open) {
  bool quoted = false;
  for (std::size_t i = open + kVariableOpen.size(); i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (text[i] == '}' && !quoted) return i;
  }
  return std::string_view::npos;
}

void append_literal(std::vector<PatternPiece>& pieces, std::string_view text) {
  if (text.empty()) return;
  if (pieces.empty() || pieces.back().kind != PatternPiece::Kind::Literal) pieces.emplace_back();
  pieces.back().text += text;
}

Result<std::vector<PatternPiece>> parse_pieces(std::string_view text, PatternSyntax syntax) {
  using enum PatternPiece::Kind;
  std::vector<PatternPiece> pattern;
  std::size_t i = 0;
  while (i < text.size()) {
    if (syntax.variables && text.substr(i).starts_with(kVariableOpen)) {
      const std::size_t end = variable_end(text, i);
      if (end == std::string_view::npos)
        return fail(ErrorKind::Invalid, "a variable is not closed in `" + std::string(text) + "`",
                    "write `${$}{` for the characters themselves");
      const std::size_t inside = i + kVariableOpen.size();
      SEALANE_ASSIGN(PatternPiece piece, parse_variable(text.substr(inside, end - inside)));
      if (piece.kind == Literal)
        append_literal(pattern, piece.text);
      else
        pattern.push_back(std::move(piece));
      i = end + 1;
    } else if (syntax.wildcards && text[i] == '*') {
      // Two `*` in a row match what one does.
      if (pattern.empty() || pattern.back().kind != AnyRun)
        pattern.push_back({.kind = AnyRun, .text = {}, .fallback = {}});
      ++i;
    } else if (syntax.wildcards && text[i] == '?') {
      pattern.push_back({.kind = AnyOne, .text = {}, .fallback = {}});
      ++i;
    } else {
      append_literal(pattern, text.substr(i, 1));
      ++i;
    }
  }
  return pattern;
}

}  // namespace

GlobPiece plain_piece(const PatternPiece& piece) {
  switch (piece.kind) {
    case PatternPiece::Kind::AnyRun: return {GlobPiece::Kind::AnyRun, {}};
    case PatternPiece::Kind::AnyOne: return {GlobPiece::Kind::AnyOne, {}};
    default: return {GlobPiece::Kind::Literal, piece.text};
  }
}

Result<Pattern> parse_pattern(std::string_view text, PatternSyntax syntax) {
  Pattern pattern;
  SEALANE_ASSIGN(pattern.pieces, parse_pieces(text, syntax));
  if (pattern.pieces.size() > kPatternPiecesMax)
    return fail(ErrorKind::TooLarge, "the pattern has more than " +
                                         std::to_string(kPatternPiecesMax) +
                                         " wildcards, variables and runs of text");
  pattern.has_variables = std::ranges::any_of(pattern.pieces, [](const PatternPiece& piece) {
    return piece.kind == PatternPiece::Kind::Variable;
  });
  if (!pattern.has_variables)
    for (const PatternPiece& piece : pattern.pieces) pattern.ready.push_back(plain_piece(piece));
  return pattern;
}

std::vector<std::string_view> split_arn_pattern(std::string_view text, bool variables) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size() && parts.size() < 5; ++i) {
    if (variables && text.substr(i).starts_with(kVariableOpen)) {
      const std::size_t end = variable_end(text, i);
      if (end == std::string_view::npos) break;
      i = end;
    } else if (text[i] == ':') {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

bool has_wildcard(const Pattern& pattern) {
  return std::ranges::any_of(pattern.pieces, [](const PatternPiece& piece) {
    return piece.kind == PatternPiece::Kind::AnyRun || piece.kind == PatternPiece::Kind::AnyOne;
  });
}

}  // namespace sealane::policy
