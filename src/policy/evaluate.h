// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "policy/context.h"
#include "policy/document.h"
#include "policy/request.h"

namespace sealane::policy {

struct Program;  // compile_internal.h

// A set of the condition keys of one CompiledPolicies.
class KeySet {
 public:
  static constexpr std::size_t kKeysMax = 256;

  void add(std::size_t key) { words_[key / 64] |= std::uint64_t{1} << (key % 64); }
  bool contains(std::size_t key) const { return ((words_[key / 64] >> (key % 64)) & 1) != 0; }
  bool empty() const { return *this == KeySet(); }
  bool is_subset_of(const KeySet& other) const {
    std::uint64_t beyond = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) beyond |= words_[i] & ~other.words_[i];
    return beyond == 0;
  }
  friend bool operator==(const KeySet&, const KeySet&) = default;

 private:
  std::array<std::uint64_t, kKeysMax / 64> words_{};
};

// Documents made ready for decisions.  Immutable; copies share.
// Threads: any.
class CompiledPolicies {
 public:
  // Policies that decide NotEvaluable on every request.
  static CompiledPolicies not_evaluable(std::string reason);

  // The condition keys and variables that the documents name, lower case.
  std::span<const std::string> keys() const;
  // Those of `names` that the documents name; a name ending in `*` stands for all with that prefix.
  KeySet key_set(std::span<const std::string_view> names) const;
  KeySet key_set(std::initializer_list<std::string_view> names) const {
    return key_set(std::span(names.begin(), names.size()));
  }
  const Program& program() const { return *program_; }

 private:
  friend CompiledPolicies compile(std::span<const Document>);
  explicit CompiledPolicies(std::shared_ptr<const Program> program)
      : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

// Documents that together decide the requests of one principal to one resource: all kinds at once,
// each taking its part.  No documents: everything is denied implicitly.  A document that
// parse_document would refuse, or more than KeySet::kKeysMax keys, makes the whole not evaluable.
CompiledPolicies compile(std::span<const Document> documents);

enum class Outcome : std::uint8_t {
  Allowed,
  ExplicitlyDenied,  // a Deny statement applies
  ImplicitlyDenied,  // no statement allows; `gate` says where one is wanting
  NotEvaluable,      // whether a statement applies cannot be told; counts as denied
};
std::string_view to_string(Outcome outcome);

// Where an Allow is wanting.
enum class Gate : std::uint8_t {
  None,
  Scp,          // at one level of the principal's organization
  Resource,     // the resource's policy
  Identity,     // the identity's policies
  Device,       // the IoT policies of an identity that has a role as well
  Boundary,     // the permissions boundary
  Session,      // the session policy
  VpcEndpoint,  // the policy of the endpoint
};
std::string_view to_string(Gate gate);

// Why a statement could not be evaluated.
enum class Obstacle : std::uint8_t {
  None,
  Document,          // the documents themselves are not evaluable
  MalformedRequest,  // a request value is not of the operator's type
  UnsafeVariable,    // a value that may not be substituted: wildcards or separators of MQTT topics
  RequestTooLong,
  PartialNotPrincipal,  // a Deny's NotPrincipal names the account or the role, and not all of it
};

// What was decided and what it rests on.
class Decision {
 public:
  Outcome outcome() const { return outcome_; }
  bool allowed() const { return outcome_ == Outcome::Allowed; }
  // The statement that decided: the Deny, the Allow, or the one that could not be evaluated.
  struct Place {
    std::uint32_t document;
    std::uint32_t statement;
  };
  std::optional<Place> decided_by() const { return decided_by_; }
  Obstacle obstacle() const { return obstacle_; }
  // ImplicitlyDenied: the first gate without an Allow, in the order of AWS's evaluation; of Scp
  // also the level.
  Gate gate() const { return gate_; }
  std::uint32_t gate_level() const { return gate_level_; }
  // True if nobody said who owns the resource, or which account asks, and both were taken for one.
  bool account_assumed() const { return account_assumed_; }
  // Every key whose value, or absence, the decision could depend on.
  const KeySet& keys_read() const { return keys_read_; }
  // Of these the ones that the request did not have: the assumptions a verdict rests on.
  const KeySet& keys_missing() const { return keys_missing_; }
  bool reads_only(const KeySet& keys) const { return keys_read_.is_subset_of(keys); }
  // The next instant at which the same request may be decided otherwise; nothing when time was
  // not read.
  std::optional<Time> changes_at() const { return changes_at_; }

 private:
  friend class Deciding;
  Decision() = default;

  Outcome outcome_ = Outcome::ImplicitlyDenied;
  Obstacle obstacle_ = Obstacle::None;
  Gate gate_ = Gate::None;
  bool account_assumed_ = false;
  std::uint32_t gate_level_ = 0;
  std::optional<Place> decided_by_;
  KeySet keys_read_;
  KeySet keys_missing_;
  std::optional<Time> changes_at_;
};

// Decides one request.  What cannot be evaluated denies.
//
//   same account  : (direct resource Allow) or (identity and boundary and session)
//                   or (resource Allow by role, or by a federated user's user, and boundary and
//                   session)
//   trust, KMS key: the same, with (account-level resource Allow and identity) for identity
//   cross account : (any resource Allow) and identity and boundary and session
//   no account    : direct resource Allow (anonymous callers, services, web identities, SAML)
//   all           : and every SCP level, and the VPC endpoint, and no Deny, each where it applies
//
// A gate without documents holds, but: identity and resource policies grant and must be there; a
// federated user needs a session policy.  RCPFullAWSAccess is attached everywhere and cannot be
// detached, so that an RCP's Denies alone count.  The root user is not subject to identity
// policies, boundaries and session policies.  SCPs do not bind services, service-linked roles, the
// management account, and callers without an account; RCPs not service-linked roles, resources of
// the management account, AWS's own KMS keys, services that they do not reach, and
// `kms:RetireGrant`.  IotDevice documents are a
// device's identity policies; for a role's session they are one gate more, for the actions of AWS
// IoT Core that ask both.
//
// A Deny with NotPrincipal spares a principal that it names completely: account and user; account,
// role and session.  One that it names in part is NotEvaluable.  An Allow with NotPrincipal spares
// whoever it names in any way.
//
// Source:  IAM User Guide, policy evaluation logic, same account and across accounts.
// Bounds:  allocates nothing; statements × patterns × resource length at worst, linear in the
//          resource for patterns with one `*`.
// Threads: pure.
Decision decide(const CompiledPolicies& policies, const Request& request);

// True if the decision stays right for the same action and resource as long as the values of
// `constant_keys` do not change: it read no other key and no time.
bool decision_cacheable(const Decision& decision, const KeySet& constant_keys);

// One sentence for the operator: which statement of which file decided, or which gate, and why.
std::string explain(const CompiledPolicies& policies, const Decision& decision);

enum class Match : std::uint8_t { No, Yes, Unknown };
std::string_view to_string(Match match);  // `no`, `yes`, `unknown`

// Whether one statement applies to a request, and why not.
struct StatementExplanation {
  Decision::Place place;
  DocumentKind kind{};
  Effect effect{};
  std::string file;
  std::uint32_t line = 0;
  std::string sid;  // empty when the statement has none
  Match matched = Match::No;
  // The first element that fails: `Condition Bool aws:SecureTransport: the request has no such
  // key`.
  std::string why;
};

// Every statement in order; allocates.  Empty when the documents cannot be evaluated at all.
std::vector<StatementExplanation> explain_statements(const CompiledPolicies& policies,
                                                     const Request& request);

}  // namespace sealane::policy
