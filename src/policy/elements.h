// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "policy/document.h"
#include "policy/operator_ip.h"
#include "policy/pattern.h"

namespace sealane::policy {

// How the texts of a document are read.  The evaluator compiles them; the prover says them again
// in the language of solvers.

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
// Errors: Invalid – no ARN, a wildcard in the service, a variable before the fifth colon, a short
// ARN that the kind does not take.
Result<ResourcePattern> parse_resource(std::string_view text, ResourceSyntax syntax);

struct DecimalOperand {
  std::string text;
};
struct BinaryOperand {
  std::string bytes;
};
// A condition value, read as its operator reads it.
using Operand = std::variant<Pattern, DecimalOperand, BinaryOperand, Time, Cidr, bool>;
// Errors: Invalid – the text is not of the operator's type.
Result<Operand> parse_operand(Operator op, std::string_view text, LanguageVersion version);

// Reads one value of `Principal: {type: value}`.
// Errors: Invalid – no principal of that type, or one with a wildcard.
Result<PrincipalEntry::Type> parse_principal_entry(std::string_view type, std::string_view value);

}  // namespace sealane::policy
