// SPDX-License-Identifier: Apache-2.0
// How the texts of a document are read: actions, resources and condition values.
#include <algorithm>

#include "policy/compile_internal.h"
#include "policy/operator_date.h"
#include "policy/operator_numeric.h"
#include "policy/text_internal.h"

namespace sealane::policy {
namespace {

bool has_space(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
}

Result<Pattern> bounded_pattern(std::string_view text, PatternSyntax syntax) {
  SEALANE_ASSIGN(Pattern pattern, parse_pattern(text, syntax));
  if (pattern.size() > kPatternPiecesMax)
    return fail(ErrorKind::TooLarge, "the pattern has more than " +
                                         std::to_string(kPatternPiecesMax) +
                                         " wildcards, variables and runs of text");
  return pattern;
}

}  // namespace

Result<ActionPattern> parse_action(std::string_view text) {
  ActionPattern out;
  if (text == "*") {
    out.everything = true;
    return out;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size() || has_space(text))
    return fail(ErrorKind::Invalid, "`" + std::string(text) + "` is not an action",
                "actions have the form `service:Name`, as in `iot:Publish`");
  const std::string_view service = text.substr(0, colon);
  if (service.find_first_of("*?") != std::string_view::npos)
    return fail(ErrorKind::Invalid, "the service in `" + std::string(text) + "` has a wildcard",
                "name the service; wildcards may stand in the action's name, or `*` alone");
  out.service = to_lower(service);
  const std::string name = to_lower(text.substr(colon + 1));
  SEALANE_ASSIGN(out.name, bounded_pattern(name, {.wildcards = true, .variables = false}));
  return out;
}

Result<ResourcePattern> parse_resource(std::string_view text, ResourceSyntax syntax) {
  const bool variables = syntax.version == LanguageVersion::V2012;
  ResourcePattern out;
  if (text == "*") {
    out.everything = true;
    return out;
  }
  const auto parts = split_arn_pattern(text, variables);
  if (parts[0] != "arn" || parts.size() < 2)
    return fail(ErrorKind::Invalid, "`" + std::string(text) + "` is not an ARN",
                "resources have the form `arn:partition:service:region:account:resource`, or `*`");
  if (parts.size() > 2 && parts[2].find_first_of("*?") != std::string_view::npos)
    return fail(ErrorKind::Invalid, "the service in `" + std::string(text) + "` has a wildcard",
                "name the service");
  const bool is_short = parts.size() < 6;
  if (is_short && syntax.kind == DocumentKind::Resource &&
      text.find_first_of("*?") == std::string_view::npos)
    return fail(ErrorKind::Invalid,
                "`" + std::string(text) + "` has fewer than six parts and matches nothing",
                "write all parts of the ARN; parts may be empty");
  std::string literal_head;
  bool head_is_literal = true;
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string_view part = i < parts.size() ? parts[i] : "*";
    if (variables && part.contains("${"))
      return fail(ErrorKind::Invalid,
                  "a variable stands before the fifth colon of `" + std::string(text) + "`",
                  "variables may stand in the resource's own part alone");
    SEALANE_ASSIGN(out.head[i], bounded_pattern(part, {.wildcards = true, .variables = false}));
    head_is_literal = head_is_literal && !has_wildcard(out.head[i]);
    literal_head += part;
    literal_head += ':';
  }
  if (head_is_literal) out.literal_head = std::move(literal_head);
  SEALANE_ASSIGN(out.resource, bounded_pattern(is_short ? "*" : parts[5],
                                               {.wildcards = true, .variables = variables}));
  return out;
}

Result<Operand> parse_operand(Operator op, std::string_view text, LanguageVersion version) {
  const bool variables = version == LanguageVersion::V2012;
  auto wrong = [&](const char* what, const char* hint) {
    return fail(ErrorKind::Invalid, "`" + std::string(text) + "` is not " + what, hint);
  };
  switch (op) {
    case Operator::StringEquals:
    case Operator::StringEqualsIgnoreCase: {
      SEALANE_ASSIGN(Pattern pattern,
                     bounded_pattern(text, {.wildcards = false, .variables = variables}));
      return Operand(std::move(pattern));
    }
    case Operator::StringLike: {
      SEALANE_ASSIGN(Pattern pattern,
                     bounded_pattern(text, {.wildcards = true, .variables = variables}));
      return Operand(std::move(pattern));
    }
    case Operator::ArnLike: {
      SEALANE_ASSIGN(Pattern pattern,
                     bounded_pattern(text, {.wildcards = true, .variables = variables}));
      const auto parts = split_arn_pattern(text, variables);
      if (parts.size() < 6 && text != "*" && !has_variable(pattern))
        return wrong("an ARN",
                     "it takes six parts: `arn:partition:service:region:account:resource`");
      return Operand(std::move(pattern));
    }
    case Operator::NumericEquals:
    case Operator::NumericLessThan:
    case Operator::NumericLessThanEquals:
    case Operator::NumericGreaterThan:
    case Operator::NumericGreaterThanEquals:
      if (!parse_decimal(text)) return wrong("a number", "digits, and a point between them, alone");
      return Operand(DecimalOperand{std::string(text)});
    case Operator::DateEquals:
    case Operator::DateLessThan:
    case Operator::DateLessThanEquals:
    case Operator::DateGreaterThan:
    case Operator::DateGreaterThanEquals: {
      const auto date = parse_date(text);
      if (!date)
        return wrong("a date", "write it as `2027-06-30T00:00:00Z`, or as seconds since 1970");
      return Operand(*date);
    }
    case Operator::Bool:
    case Operator::Null:
      if (equal_ignoring_case(text, "true")) return Operand(true);
      if (equal_ignoring_case(text, "false")) return Operand(false);
      return wrong("`true` or `false`", "");
    case Operator::IpAddress: {
      const auto range = parse_cidr(text);
      if (!range)
        return wrong("an IP address or range", "write it as `192.0.2.0/24` or `2001:db8::/32`");
      return Operand(*range);
    }
  }
  return wrong("a value of this operator", "");
}

}  // namespace sealane::policy
