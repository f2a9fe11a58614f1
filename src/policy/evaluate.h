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

#include "base/clock.h"
#include "policy/context.h"
#include "policy/document.h"

namespace sealane::policy {

struct Program;  // compile_internal.h

// A set of the condition keys of one CompiledPolicies.
class KeySet {
 public:
  static constexpr std::size_t kKeysMax = 128;

  void add(std::size_t key) { words_[key / 64] |= std::uint64_t{1} << (key % 64); }
  bool contains(std::size_t key) const { return ((words_[key / 64] >> (key % 64)) & 1) != 0; }
  bool empty() const { return words_[0] == 0 && words_[1] == 0; }
  bool is_subset_of(const KeySet& other) const {
    return (words_[0] & ~other.words_[0]) == 0 && (words_[1] & ~other.words_[1]) == 0;
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

// Documents that together decide one principal's requests to one resource of the same account.
// No documents: everything is denied implicitly.  A document that parse_document would refuse, or
// more than KeySet::kKeysMax keys, makes the whole not evaluable.
CompiledPolicies compile(std::span<const Document> documents);

struct Request {
  std::string_view principal_arn;  // empty: no IAM principal (a device, an anonymous caller)
  std::string_view action;         // `iot:Publish`
  std::string_view resource;       // an ARN; `*` for an action without a resource
  const Context& context;
  Time now;
};

enum class Outcome : std::uint8_t {
  Allowed,
  ExplicitlyDenied,  // a Deny statement applies
  ImplicitlyDenied,  // no statement allows
  NotEvaluable,      // whether a statement applies cannot be told; counts as denied
};
std::string_view to_string(Outcome outcome);

// Why a statement could not be evaluated.
enum class Obstacle : std::uint8_t {
  None,
  Document,          // the documents themselves are not evaluable
  MalformedRequest,  // a request value is not of the operator's type
  UnsafeVariable,    // a value that may not be substituted: wildcards or separators of MQTT topics
  RequestTooLong,
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
  // Every key whose value, or absence, the decision could depend on.
  const KeySet& keys_read() const { return keys_read_; }
  // Of these the ones that the request did not have: the assumptions a verdict rests on.
  const KeySet& keys_missing() const { return keys_missing_; }
  bool reads_only(const KeySet& keys) const { return keys_read_.is_subset_of(keys); }
  // The next instant at which the same request may be decided otherwise; nothing when time was
  // not read.
  std::optional<Time> changes_at() const { return changes_at_; }

 private:
  friend class Evaluation;
  Decision(Outcome outcome, Obstacle obstacle) : outcome_(outcome), obstacle_(obstacle) {}

  Outcome outcome_;
  Obstacle obstacle_;
  std::optional<Place> decided_by_;
  KeySet keys_read_;
  KeySet keys_missing_;
  std::optional<Time> changes_at_;
};

// Decides one request.  Explicit Deny over Allow over silence, across all documents; anything that
// cannot be evaluated denies.
//
// Source:  IAM User Guide, policy evaluation logic, same account: identity policies and resource
//          policies are united.
// Bounds:  allocates nothing; statements × patterns × resource length at worst, linear in the
//          resource for patterns with one `*`.
// Threads: pure.
Decision decide(const CompiledPolicies& policies, const Request& request);

// True if the decision stays right for the same action and resource as long as the values of
// `constant_keys` do not change: it read no other key and no time.
bool decision_cacheable(const Decision& decision, const KeySet& constant_keys);

// One sentence for the operator: which statement of which file decided, and why.
std::string explain(const CompiledPolicies& policies, const Decision& decision);

}  // namespace sealane::policy
