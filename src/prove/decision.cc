// SPDX-License-Identifier: Apache-2.0
#include "prove/decision_internal.h"

#include <algorithm>
#include <set>

namespace sealane::prove {
namespace {

using policy::DocumentKind;

bool names_resources(DocumentKind kind) {
  return kind == DocumentKind::Resource || kind == DocumentKind::Trust || kind == DocumentKind::Kms;
}

Term has_account() {
  return caller_is({Caller::Root, Caller::User, Caller::RoleSession, Caller::FederatedUser});
}
Term has_identity() {
  return caller_is({Caller::User, Caller::RoleSession, Caller::FederatedUser});
}

}  // namespace

Result<Decision> Decision::create(Encoder& encoder, std::span<const policy::Document> documents) {
  Decision out(encoder);
  for (std::size_t d = 0; d < documents.size(); ++d) {
    const policy::Document& document = documents[d];
    out.documents_.emplace_back(document.kind, document.level);
    for (std::size_t s = 0; s < document.statements.size(); ++s) {
      const policy::Statement& statement = document.statements[s];
      SEALANE_ASSIGN(Term applies, encoder.matches(document, statement));
      if (statement.effect == policy::Effect::Deny) {
        out.denies_.push_back({{d, s}, std::move(applies)});
        continue;
      }
      SEALANE_ASSIGN(Encoder::Naming naming, encoder.naming(statement));
      out.allows_.push_back({document.kind, document.level, std::move(applies), std::move(naming)});
    }
  }
  return out;
}

Term Decision::denied() const {
  std::vector<Term> any;
  any.reserve(denies_.size());
  for (const Deny& one : denies_) any.push_back(one.applies);
  return disj(any);
}

bool Decision::has(DocumentKind kind) const {
  return std::ranges::any_of(documents_, [&](const auto& one) { return one.first == kind; });
}

Term Decision::gate(DocumentKind kind) const {
  std::vector<Term> any;
  for (const Allow& one : allows_)
    if (one.kind == kind) any.push_back(one.applies);
  return disj(any);
}

// Without documents it holds, and for whom they do not bind.
Term Decision::limit(DocumentKind kind) const {
  if (!has(kind)) return "true";
  const auto bound = encoder_->binds(kind);
  return bound.ok() ? implies(*bound, gate(kind)) : Term("false");
}

Term Decision::scp_levels() const {
  std::set<std::uint32_t> levels;
  for (const auto& [kind, level] : documents_)
    if (kind == DocumentKind::Scp) levels.insert(level);
  std::vector<Term> all;
  for (const std::uint32_t level : levels) {
    std::vector<Term> any;
    for (const Allow& one : allows_)
      if (one.kind == DocumentKind::Scp && one.level == level) any.push_back(one.applies);
    all.push_back(disj(any));
  }
  return implies(has_account(), conj(all));
}

Term Decision::granted() const {
  const bool any_grants =
      std::ranges::any_of(documents_, [](const auto& one) { return grants(one.first); });
  if (any_grants) {
    std::vector<Term> any;
    for (const Allow& one : allows_)
      if (grants(one.kind)) any.push_back(one.applies);
    return disj(any);
  }
  std::vector<Term> all = {scp_levels()};
  for (const DocumentKind kind :
       {DocumentKind::Boundary, DocumentKind::Session, DocumentKind::VpcEndpoint})
    all.push_back(limit(kind));
  return conj(all);
}

// The root user is not subject to identity policies.
Term Decision::identity() const {
  return disj({caller_is({Caller::Root}), conj({has_identity(), gate(DocumentKind::Identity)})});
}

Term Decision::limits_of_identity() const {
  std::vector<Term> all = {limit(DocumentKind::Boundary), limit(DocumentKind::Session)};
  if (!has(DocumentKind::Session)) all.push_back(negate(caller_is({Caller::FederatedUser})));
  return conj(all);
}

Term Decision::allowed(const Term& denied) const {
  std::vector<Term> direct;
  std::vector<Term> by_session;
  std::vector<Term> account_level;
  for (const Allow& one : allows_) {
    if (!names_resources(one.kind)) continue;
    direct.push_back(conj({one.naming.direct, one.applies}));
    by_session.push_back(conj({one.naming.by_session, one.applies}));
    account_level.push_back(conj({one.naming.account_level, one.applies}));
  }
  // A trust policy or key policy must itself hand the account's identity policies their say.
  const bool strict = has(DocumentKind::Trust) || has(DocumentKind::Kms);
  const Term own = strict ? conj({disj(account_level), identity()}) : identity();
  const Term within = disj(
      {disj(direct), conj({has_account(), disj({disj(by_session), own}), limits_of_identity()})});
  const Term across = conj({disj({disj(direct), disj(by_session), disj(account_level)}), identity(),
                            limits_of_identity()});
  const Term cross = encoder_->is_cross_account();
  return conj({negate(denied), scp_levels(), implies(cross, across), implies(negate(cross), within),
               limit(DocumentKind::VpcEndpoint)});
}

}  // namespace sealane::prove
