// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/glob.h"
#include "policy/operator_arn.h"

namespace sealane::policy {

// A pattern has at most this many pieces, so that a decision can lay its values out on the stack.
constexpr std::size_t kPatternPiecesMax = 48;

// One element of a pattern as it stands in a document.
struct PatternPiece {
  enum class Kind : std::uint8_t { Literal, AnyRun, AnyOne, Variable };
  Kind kind = Kind::Literal;
  std::string text;                     // the literal; the variable's key, lower case
  std::optional<std::string> fallback;  // a variable's default
  std::size_t key = 0;                  // a variable's place among the keys; set by compile
};

// A text with wildcards and variables.  Moves and does not copy: `ready` views into `pieces`.
struct Pattern {
  Pattern() = default;
  Pattern(Pattern&&) = default;
  Pattern& operator=(Pattern&&) = default;

  std::vector<PatternPiece> pieces;
  std::vector<GlobPiece> ready;  // the pieces as the matcher takes them; none with variables
  bool has_variables = false;
  std::optional<ArnLayout> arn;  // of an ARN operator's value without variables
};

// Which characters are more than themselves.
struct PatternSyntax {
  bool wildcards = false;
  bool variables = false;
};

// Literal runs become one piece each.  `${*}`, `${?}` and `${$}` are the literal characters.
// Errors: Invalid – a brace or quote that is not closed, a name with a space or without a prefix;
// TooLarge – more than kPatternPiecesMax pieces.
Result<Pattern> parse_pattern(std::string_view text, PatternSyntax syntax);

// Where `text` is cut at its first five colons, those inside `${...}` not counted.
std::vector<std::string_view> split_arn_pattern(std::string_view text, bool variables);

bool has_wildcard(const Pattern& pattern);
GlobPiece plain_piece(const PatternPiece& piece);

}  // namespace sealane::policy
