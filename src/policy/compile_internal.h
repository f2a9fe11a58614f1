// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/document.h"
#include "policy/operator_ip.h"
#include "policy/pattern_internal.h"

namespace sealane::policy {

// A pattern has at most this many pieces, so that a decision can lay its values out on the stack.
constexpr std::size_t kPatternPiecesMax = 48;

struct ActionPattern {
  bool everything = false;  // `*`
  std::string service;      // lower case, exact
  Pattern name;             // lower case
};
// Errors: Invalid – no colon, a wildcard in the service, an empty name or one with white space.
Result<ActionPattern> parse_action(std::string_view text);
bool matches(const ActionPattern& pattern, std::string_view lower_action);

struct ResourcePattern {
  bool everything = false;  // `*`
  std::array<Pattern, 5> head;
  // The first five parts with their colons when they have no wildcard: compared at one stroke.
  std::optional<std::string> literal_head;
  Pattern resource;
};
struct ResourceSyntax {
  DocumentKind kind{};
  LanguageVersion version{};
};
// Errors: Invalid – no ARN, a wildcard in the service, a variable before the fifth colon.
Result<ResourcePattern> parse_resource(std::string_view text, ResourceSyntax syntax);

struct DecimalOperand {
  std::string text;
};
// A condition value, read as its operator reads it.
using Operand = std::variant<Pattern, DecimalOperand, Time, Cidr, bool>;
// Errors: Invalid – the text is not of the operator's type.
Result<Operand> parse_operand(Operator op, std::string_view text, LanguageVersion version);

// Where the value of a key comes from.
enum class KeySource : std::uint8_t { Context, CurrentTime, EpochTime, PrincipalArn };
KeySource key_source(std::string_view lower_key);

struct CompiledCondition {
  Operator op{};
  Quantifier quantifier{};
  bool negated = false;
  bool if_exists = false;
  std::size_t key = 0;
  std::vector<Operand> values;
};

struct CompiledStatement {
  std::uint32_t document = 0;
  std::uint32_t statement = 0;
  DocumentKind kind{};
  Effect effect{};
  bool principal_any = true;  // no Principal element, or `*`
  std::vector<std::string> principal_arns;
  Polarity action_polarity{};
  std::vector<ActionPattern> actions;
  Polarity resource_polarity{};
  std::vector<ResourcePattern> resources;
  std::vector<CompiledCondition> conditions;
};

// What an explanation names.
struct StatementName {
  std::string file;
  std::string sid;
  std::uint32_t line = 0;
};

struct Program {
  std::optional<std::string> broken;  // why nothing can be decided
  std::vector<std::string> keys;
  std::vector<KeySource> key_sources;
  std::vector<CompiledStatement> statements;      // INVARIANT: Denies before Allows
  std::vector<std::vector<StatementName>> names;  // by document, by statement

  // For actions that are likely to be asked: which statements match them.  Sorted by action.
  struct ActionRow {
    std::string action;  // lower case
    std::vector<std::uint32_t> statements;
  };
  std::vector<ActionRow> action_rows;
};

// True if the statement's Action or NotAction takes in the action.
bool matches_action(const CompiledStatement& statement, std::string_view lower_action);

}  // namespace sealane::policy
