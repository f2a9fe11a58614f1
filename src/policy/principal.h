// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sealane::policy {

enum class PrincipalKind : std::uint8_t {
  Anonymous,      // no credentials
  Device,         // a device by its certificate; also: whoever the identity documents belong to
  Root,           // the root user of an account
  User,           // an IAM user
  RoleSession,    // somebody who has assumed a role; the session's name may be unknown
  FederatedUser,  // a session of GetFederationToken
  WebIdentity,    // a token of an OpenID Connect issuer, before it is exchanged for a role
  Saml,           // an assertion of a SAML provider, likewise
  Service,        // a service of AWS that calls by itself
};
std::string_view to_string(PrincipalKind kind);

// Who asks.  Build it once for a connection; a decision reads it and copies nothing.
struct Principal {
  PrincipalKind kind = PrincipalKind::Anonymous;
  // Users, roots and sessions: the ARN that statements name.  A role session of which only the role
  // is known has the role's.
  std::string arn;
  std::string account;         // twelve digits; empty when the principal belongs to none
  std::string role_arn;        // RoleSession
  std::string user_arn;        // FederatedUser: the user who called GetFederationToken, if one did
  std::string name;            // Service, WebIdentity and Saml: what Service or Federated names
  std::string canonical_user;  // S3's name of the account, if known
  // The role is service-linked: no SCP and no RCP binds it.  Recognized in a role's ARN; an ARN of
  // a session does not show it.
  bool service_linked = false;

  static const Principal& anonymous();
  static const Principal& device();

  // What `aws:PrincipalArn` is: of a role session the role's ARN; empty: the key is absent.
  std::string_view principal_arn() const {
    return kind == PrincipalKind::RoleSession ? role_arn : arn;
  }
  friend bool operator==(const Principal&, const Principal&) = default;
};

// Reads a principal in its public form.
//
// Input:   `*` or `anonymous`; twelve digits, or `arn:P:iam::A:root`, for the account's root user;
//          `arn:P:iam::A:user/U`; `arn:P:iam::A:role/R` for a session of the role;
//          `arn:P:sts::A:assumed-role/R/S`; `arn:P:sts::A:federated-user/U`.  The ARN of a session
//          does not have the role's path: set role_arn where the role has one.
// Errors:  Invalid – none of these.
// Threads: pure.
Result<Principal> parse_principal(std::string_view text);

// The same for `{type: value}`: `AWS` as above; `Service` with `s3.amazonaws.com`; `Federated` with
// `arn:P:iam::A:saml-provider/N` for Saml and everything else for WebIdentity; `CanonicalUser`.
Result<Principal> parse_principal(std::string_view type, std::string_view value);

}  // namespace sealane::policy
