// SPDX-License-Identifier: Apache-2.0
#include "policy/principal.h"

#include <algorithm>
#include <optional>

#include "policy/operator_arn.h"

namespace sealane::policy {
namespace {

constexpr std::size_t kTextMax = 2'048;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Error no_principal(std::string_view text) {
  return fail(ErrorKind::Invalid, "`" + std::string(text) + "` is not a principal",
              "write `*`, an account's twelve digits, or the ARN of a user, a role or a session");
}

// What follows `prefix` in `text`, when something does.
std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() == prefix.size()) return std::nullopt;
  return text.substr(prefix.size());
}

std::string arn_of(const ArnParts& parts, std::string_view own) {
  return "arn:" + std::string(parts[1]) + ":iam::" + std::string(parts[4]) + ":" + std::string(own);
}

std::optional<Principal> of_iam(std::string_view text, std::string_view own) {
  Principal out;
  out.arn = text;
  if (own == "root") {
    out.kind = PrincipalKind::Root;
  } else if (after(own, "user/")) {
    out.kind = PrincipalKind::User;
  } else if (const auto role = after(own, "role/")) {
    out.kind = PrincipalKind::RoleSession;
    out.role_arn = text;
    out.service_linked = role->starts_with("aws-service-role/");
  } else {
    return std::nullopt;
  }
  return out;
}

std::optional<Principal> of_sts(std::string_view text, const ArnParts& parts) {
  Principal out;
  out.arn = text;
  if (const auto session = after(parts[5], "assumed-role/")) {
    const std::size_t slash = session->find('/');
    if (slash == 0 || slash == std::string_view::npos || slash + 1 == session->size())
      return std::nullopt;
    out.kind = PrincipalKind::RoleSession;
    out.role_arn = arn_of(parts, "role/" + std::string(session->substr(0, slash)));
  } else if (const auto user = after(parts[5], "federated-user/")) {
    out.kind = PrincipalKind::FederatedUser;
    out.user_arn = arn_of(parts, "user/" + std::string(*user));
  } else {
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::string_view to_string(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::Anonymous: return "anonymous";
    case PrincipalKind::Device: return "device";
    case PrincipalKind::Root: return "root";
    case PrincipalKind::User: return "user";
    case PrincipalKind::RoleSession: return "role session";
    case PrincipalKind::FederatedUser: return "federated user";
    case PrincipalKind::WebIdentity: return "web identity";
    case PrincipalKind::Saml: return "SAML";
    case PrincipalKind::Service: return "service";
  }
  return "anonymous";
}

const Principal& Principal::anonymous() {
  static const Principal out;
  return out;
}

const Principal& Principal::device() {
  static const Principal out = [] {
    Principal device;
    device.kind = PrincipalKind::Device;
    return device;
  }();
  return out;
}

Result<Principal> parse_principal(std::string_view text) {
  if (text == "*" || text == "anonymous") return Principal();
  if (text.size() > kTextMax || text.find_first_of("*? \t\r\n") != std::string_view::npos)
    return no_principal(text.substr(0, kTextMax));
  if (text.size() == 12 && is_digits(text))
    return parse_principal("arn:aws:iam::" + std::string(text) + ":root");
  const auto parts = split_arn(text);
  if (!parts || !is_digits((*parts)[4]) || !(*parts)[3].empty()) return no_principal(text);
  std::optional<Principal> out;
  if ((*parts)[2] == "iam") out = of_iam(text, (*parts)[5]);
  if ((*parts)[2] == "sts") out = of_sts(text, *parts);
  if (!out) return no_principal(text);
  out->account = (*parts)[4];
  return *std::move(out);
}

Result<Principal> parse_principal(std::string_view type, std::string_view value) {
  if (type == "AWS") return parse_principal(value);
  if (value.empty() || value.size() > kTextMax ||
      value.find_first_of("*? \t\r\n") != std::string_view::npos)
    return no_principal(value.substr(0, kTextMax));
  Principal out;
  if (type == "Service") {
    out.kind = PrincipalKind::Service;
    out.name = value;
  } else if (type == "Federated") {
    const auto parts = split_arn(value);
    const bool saml = parts && (*parts)[2] == "iam" && (*parts)[5].starts_with("saml-provider/");
    out.kind = saml ? PrincipalKind::Saml : PrincipalKind::WebIdentity;
    out.name = value;
  } else if (type == "CanonicalUser") {
    // An account under S3's name for it; nothing else is known of it.
    out.kind = PrincipalKind::User;
    out.canonical_user = value;
  } else {
    return fail(ErrorKind::Invalid, "there is no type of principal `" + std::string(type) + "`",
                "it is one of `AWS`, `Service`, `Federated` and `CanonicalUser`");
  }
  return out;
}

}  // namespace sealane::policy
