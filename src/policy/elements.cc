// SPDX-License-Identifier: Apache-2.0
#include "policy/elements.h"

#include <algorithm>

#include "base/bytes.h"
#include "policy/compile_internal.h"
#include "policy/operator_arn.h"
#include "policy/operator_date.h"
#include "policy/operator_numeric.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

bool has_space(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
}

// An ARN of fewer than six parts: what is missing is `*`, where the kind takes it at all.
Status check_short_arn(std::string_view text, DocumentKind kind) {
  bool taken = true;
  switch (kind) {
    case DocumentKind::IotDevice:
    case DocumentKind::Identity:
    case DocumentKind::Boundary:
    case DocumentKind::Session: break;
    case DocumentKind::Resource:
    case DocumentKind::Trust:
    case DocumentKind::Kms:
    case DocumentKind::VpcEndpoint:
      taken = text.find_first_of("*?") != std::string_view::npos;
      break;
    case DocumentKind::Scp: taken = text.ends_with('*'); break;
    case DocumentKind::Rcp: taken = false; break;
  }
  if (taken) return {};
  return fail(ErrorKind::Invalid,
              "`" + std::string(text) + "` has fewer than six parts and matches nothing",
              "write all parts of the ARN; parts may be empty");
}

bool is_account(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// `AIDA...` and `AROA...`: ids of users and roles, which AWS writes in place of the ARN when the
// user or role is deleted.
bool is_unique_id(std::string_view text) {
  return text.size() >= 16 && text.size() <= 128 && text.starts_with('A') &&
         std::ranges::all_of(
             text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

Result<PrincipalEntry::Type> parse_aws_principal(std::string_view text) {
  using enum PrincipalEntry::Type;
  if (text == "*") return Everyone;
  if (is_account(text)) return Account;
  if (is_unique_id(text)) return Nobody;
  if (text.find_first_of("*?") != std::string_view::npos)
    return fail(ErrorKind::Invalid, "a principal has no wildcards",
                "use \"*\" and a condition on `aws:PrincipalArn`");
  const auto arn = split_arn(text);
  if (!arn || (*arn)[4].empty() || ((*arn)[2] != "iam" && (*arn)[2] != "sts"))
    return fail(ErrorKind::Invalid, "`" + std::string(text) + "` is not the ARN of a principal",
                "write an account's twelve digits or `arn:aws:iam::account:role/name`");
  const std::string_view own = (*arn)[5];
  if (own == "root") return Account;
  if (own.starts_with("group/"))
    return fail(ErrorKind::Invalid, "a group cannot be a principal", "name its users");
  if (!own.starts_with("user/") && !own.starts_with("role/") && !own.starts_with("assumed-role/") &&
      !own.starts_with("federated-user/"))
    return fail(ErrorKind::Invalid, "`" + std::string(text) + "` is not the ARN of a principal",
                "it is a user, a role, a session of a role, a federated user or `root`");
  return Aws;
}

}  // namespace

Result<PrincipalEntry::Type> parse_principal_entry(std::string_view type, std::string_view value) {
  using enum PrincipalEntry::Type;
  if (type == "AWS") return parse_aws_principal(value);
  PrincipalEntry::Type out = Service;
  if (type == "Federated")
    out = Federated;
  else if (type == "CanonicalUser")
    out = CanonicalUser;
  else if (type != "Service")
    return fail(ErrorKind::Invalid, "there is no type of principal `" + std::string(type) + "`",
                "it is one of `AWS`, `Service`, `Federated` and `CanonicalUser`");
  if (value.empty() || value.find_first_of("*?") != std::string_view::npos || has_space(value))
    return fail(ErrorKind::Invalid,
                "`" + std::string(value) + "` is no principal of type `" + std::string(type) + "`",
                "a principal has no wildcards; everyone is {\"AWS\": \"*\"}");
  return out;
}

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
  SEALANE_ASSIGN(out.name, parse_pattern(name, {.wildcards = true, .variables = false}));
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
  if (is_short) SEALANE_TRY(check_short_arn(text, syntax.kind));
  std::string literal_head;
  bool head_is_literal = true;
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string_view part = i < parts.size() ? parts[i] : "*";
    if (variables && part.contains("${"))
      return fail(ErrorKind::Invalid,
                  "a variable stands before the fifth colon of `" + std::string(text) + "`",
                  "variables may stand in the resource's own part alone");
    SEALANE_ASSIGN(out.head[i], parse_pattern(part, {.wildcards = true, .variables = false}));
    head_is_literal = head_is_literal && !has_wildcard(out.head[i]);
    literal_head += part;
    literal_head += ':';
  }
  if (head_is_literal) out.literal_head = std::move(literal_head);
  SEALANE_ASSIGN(out.resource, parse_pattern(is_short ? "*" : parts[5],
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
                     parse_pattern(text, {.wildcards = false, .variables = variables}));
      return Operand(std::move(pattern));
    }
    case Operator::StringLike: {
      SEALANE_ASSIGN(Pattern pattern,
                     parse_pattern(text, {.wildcards = true, .variables = variables}));
      return Operand(std::move(pattern));
    }
    case Operator::ArnLike: {
      SEALANE_ASSIGN(Pattern pattern,
                     parse_pattern(text, {.wildcards = true, .variables = variables}));
      const auto parts = split_arn_pattern(text, variables);
      if (parts.size() < 6 && text != "*" && !pattern.has_variables)
        return wrong("an ARN",
                     "it takes six parts: `arn:partition:service:region:account:resource`");
      if (!pattern.has_variables) pattern.arn = lay_out_arn(pattern.ready);
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
    case Operator::BinaryEquals: {
      const auto bytes = from_base64(text);
      if (!bytes)
        return wrong("base64", "four characters for each three bytes, with `=` at the end");
      return Operand(BinaryOperand{std::string(as_text(*bytes))});
    }
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
