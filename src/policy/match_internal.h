// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/compile_internal.h"
#include "policy/evaluate.h"
#include "policy/operator_arn.h"
#include "policy/piece_list_internal.h"
#include "policy/truth_internal.h"

namespace sealane::policy {

constexpr std::size_t kActionBytesMax = 128;
constexpr std::size_t kResourceBytesMax = 16u << 10;

// How a principal is named by a statement; it decides which gates an Allow passes by.
struct PrincipalMatch {
  Truth truth;
  bool direct = false;         // everyone, or exactly this principal
  bool by_session = false;     // its role, or the user of a federated user
  bool account_level = false;  // its account
};

// The values of one key in one request.
struct KeyValues {
  enum class State : std::uint8_t { Missing, Single, Multi };
  State state = State::Missing;
  std::string_view single;
  std::span<const std::string> multi;
};

// The pieces of one pattern with the values of its variables.
struct Instance {
  enum class State : std::uint8_t { Ready, Missing, Unsafe };
  State state = State::Ready;
  PieceList<kPatternPiecesMax> pieces;
};

// Holds the parts of statements against one request, and notes what was read of it.
// Lifetime: a decision; it borrows the program and the request.
class Matcher {
 public:
  Matcher(const Program& program, const Request& request) : program_(program), request_(request) {}
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;

  // Whether the request can be decided at all; comes first.
  Obstacle prepare();
  // The account in the resource's ARN; empty when it has none.
  std::string_view resource_account() const {
    return resource_ ? (*resource_)[4] : std::string_view();
  }
  std::string_view action() const { return {action_.data(), request_.action.size()}; }

  PrincipalMatch principal(const CompiledStatement& statement) const;
  Truth resources(const CompiledStatement& statement);
  Truth condition(const CompiledCondition& condition, DocumentKind kind);
  // Everything but principal and action.
  Truth rest(const CompiledStatement& statement);

  const KeySet& keys_read() const { return keys_read_; }
  const KeySet& keys_missing() const { return keys_missing_; }
  std::optional<Time> changes_at() const { return changes_at_; }

  KeyValues read(std::size_t key);

 private:
  KeyValues look_up(std::size_t key);
  bool head_matches(const ResourcePattern& pattern) const;
  void instantiate(const Pattern& pattern, DocumentKind kind, Instance& out);
  Truth null_holds(const CompiledCondition& condition);
  Truth base_holds(const CompiledCondition& condition, DocumentKind kind, std::string_view value,
                   bool is_time);
  Truth operand_matches(Operator op, DocumentKind kind, const Operand& operand,
                        std::string_view value, bool is_time);
  Truth pattern_matches(Operator op, DocumentKind kind, const Pattern& pattern,
                        std::string_view value);
  void note_changes(const CompiledCondition& condition);
  void note_next_second();
  void note_change(Time when) {
    if (!changes_at_ || when < *changes_at_) changes_at_ = when;
  }
  std::string_view epoch_text();
  std::string_view current_time_text();

  // Without a constructor: a decision clears only what it uses.
  union Slot {
    Slot() {}
    KeyValues values;
  };

  const Program& program_;
  const Request& request_;
  KeySet keys_read_;
  KeySet keys_missing_;
  std::optional<Time> changes_at_;
  std::optional<ArnParts> resource_;
  std::array<char, kActionBytesMax> action_;
  std::array<char, 24> epoch_;
  std::array<char, 24> current_time_;
  std::array<Slot, KeySet::kKeysMax> values_;  // INVARIANT: set for the keys in keys_read_
};

}  // namespace sealane::policy
