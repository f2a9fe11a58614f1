// SPDX-License-Identifier: Apache-2.0
// Principal and NotPrincipal.
#include "policy/match_internal.h"

namespace sealane::policy {
namespace {

// `arn:P:` of an ARN is the entry's partition; digits alone are of every partition.
bool same_partition(std::string_view partition, std::string_view arn) {
  if (partition.empty()) return true;
  constexpr std::string_view kPrefix = "arn:";
  return arn.starts_with(kPrefix) && arn.substr(kPrefix.size()).starts_with(partition) &&
         arn.substr(kPrefix.size() + partition.size()).starts_with(':');
}

void match_entry(const CompiledPrincipal& entry, const Principal& who, PrincipalMatch& out) {
  using enum PrincipalEntry::Type;
  switch (entry.type) {
    case Everyone: out.direct = true; break;
    case Account:
      if (!who.account.empty() && entry.text == who.account &&
          same_partition(entry.partition, who.arn))
        out.account_level = true;
      break;
    case Aws:
      if (who.arn.empty()) break;
      if (who.kind == PrincipalKind::RoleSession && entry.text == who.role_arn)
        out.by_session = true;
      else if (who.kind == PrincipalKind::FederatedUser && !who.user_arn.empty() &&
               entry.text == who.user_arn)
        out.by_session = true;
      else if (entry.text == who.arn)
        out.direct = true;
      break;
    case Service:
      out.direct = out.direct || (who.kind == PrincipalKind::Service && entry.text == who.name);
      break;
    case Federated:
      out.direct = out.direct ||
                   ((who.kind == PrincipalKind::WebIdentity || who.kind == PrincipalKind::Saml) &&
                    entry.text == who.name);
      break;
    case CanonicalUser:
      out.direct = out.direct || (!who.canonical_user.empty() && entry.text == who.canonical_user);
      break;
    case Nobody: break;
  }
}

// Whether a Deny's NotPrincipal names all that the principal is.
// Source: IAM User Guide, "Specifying NotPrincipal with Deny": the account beside the user; account
// and role beside the session.
bool is_complete(const PrincipalMatch& named, bool everyone, const Principal& who) {
  if (everyone) return true;
  switch (who.kind) {
    case PrincipalKind::Root: return named.account_level;
    case PrincipalKind::User: return named.direct && (named.account_level || who.account.empty());
    case PrincipalKind::RoleSession:
      // Of a session whose name is not known the role stands for it.
      return named.account_level && named.by_session && (named.direct || who.arn == who.role_arn);
    case PrincipalKind::FederatedUser:
      return named.account_level && named.direct && (named.by_session || who.user_arn.empty());
    default: return named.direct;
  }
}

}  // namespace

PrincipalMatch Matcher::principal(const CompiledStatement& statement) const {
  PrincipalMatch out;
  const bool listed = statement.principal_polarity == Polarity::Listed;
  if (statement.everyone && listed) {
    out.truth = kTrue;
    out.direct = true;
    return out;
  }
  for (const CompiledPrincipal& entry : statement.principals)
    match_entry(entry, request_.principal, out);
  const bool named = out.direct || out.by_session || out.account_level;
  if (listed) {
    out.truth = truth_of(named);
    return out;
  }
  if (!named)
    out.truth = kTrue;
  else if (statement.effect == Effect::Allow ||
           is_complete(out, statement.everyone, request_.principal))
    out.truth = kFalse;
  else
    out.truth = unknown(Obstacle::PartialNotPrincipal);
  // Whoever NotPrincipal does not spare is meant as `*` means everyone.
  out.direct = !named;
  out.by_session = false;
  out.account_level = false;
  return out;
}

}  // namespace sealane::policy
