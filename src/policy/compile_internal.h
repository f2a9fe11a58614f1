// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/document.h"
#include "policy/elements.h"
#include "policy/pattern.h"

namespace sealane::policy {

// Where the value of a key comes from.
enum class KeySource : std::uint8_t { Context, CurrentTime, EpochTime, PrincipalArn };
KeySource key_source(std::string_view lower_key);

struct CompiledCondition {
  Operator op{};
  Quantifier quantifier{};
  bool negated = false;
  bool if_exists = false;
  std::size_t key = 0;
  std::vector<Operand> values;
};

struct CompiledPrincipal {
  PrincipalEntry::Type type{};
  std::string text;       // Account: the twelve digits
  std::string partition;  // Account: empty when the document gave the digits alone
};

// The gate that an Allow counts for.  INVARIANT: in the order in which a decision looks at them.
// Each level of SCPs is a gate of its own behind these.
enum class Slot : std::uint8_t {
  Resource,
  Identity,
  Device,
  Boundary,
  Session,
  VpcEndpoint,
  Nothing,  // an RCP's: RCPFullAWSAccess allows the same
  FirstScp,
};
constexpr std::size_t kScpLevelsMax = 16;
constexpr std::size_t kSlots = static_cast<std::size_t>(Slot::FirstScp) + kScpLevelsMax;

struct CompiledStatement {
  std::uint32_t document = 0;
  std::uint32_t statement = 0;
  DocumentKind kind{};
  Effect effect{};
  std::uint8_t slot = 0;          // Slot, plus the level's place for SCPs
  bool everyone = true;           // no Principal element, or `*`
  Polarity principal_polarity{};  // meaningless when `everyone`
  std::vector<CompiledPrincipal> principals;
  Polarity action_polarity{};
  std::vector<ActionPattern> actions;
  Polarity resource_polarity{};
  bool any_resource = false;  // a literal `*` stands in Resource, or the kind has no Resource
  std::vector<ResourcePattern> resources;
  std::vector<CompiledCondition> conditions;
};

// What an explanation names.
struct StatementName {
  std::string file;
  std::string sid;
  std::uint32_t line = 0;
  std::vector<std::string> conditions;  // `Bool aws:SecureTransport`
};

// Which statements an action may match.  All lists rise.
struct ActionIndex {
  struct Row {
    std::string key;
    std::vector<std::uint32_t> statements;
  };
  // Actions that documents name or fronts ask about: exactly the statements that match.  By action.
  std::vector<Row> actions;
  // Statements that list actions of the service and never `*`.  By service.
  std::vector<Row> services;
  // Statements with NotAction or `*`.
  std::vector<std::uint32_t> any_service;
};
// Bounds: linear in the patterns, and kIndexWorkMax matches of a pattern at most.
ActionIndex build_action_index(const std::vector<CompiledStatement>& statements);

// The statements to consider for an action, in order.
class Candidates {
 public:
  // Exactly those that match.
  explicit Candidates(const std::vector<std::uint32_t>& statements)
      : first_(statements), exact_(true) {}
  // Those that may match.
  Candidates(std::span<const std::uint32_t> first, std::span<const std::uint32_t> second)
      : first_(first), second_(second), exact_(false) {}

  bool exact() const { return exact_; }
  std::optional<std::uint32_t> next() {
    std::span<const std::uint32_t>& from =
        first_.empty() || (!second_.empty() && second_.front() < first_.front()) ? second_ : first_;
    if (from.empty()) return std::nullopt;
    const std::uint32_t out = from.front();
    from = from.subspan(1);
    return out;
  }

 private:
  std::span<const std::uint32_t> first_;
  std::span<const std::uint32_t> second_;
  bool exact_;
};
Candidates candidates(const ActionIndex& index, std::string_view lower_action);

struct Program {
  Program() = default;
  // Compiled patterns hold views into themselves: they move and are not copied.
  Program(Program&&) = default;
  Program& operator=(Program&&) = default;

  std::optional<std::string> broken;  // why nothing can be decided
  std::vector<std::string> keys;
  std::vector<KeySource> key_sources;
  std::vector<CompiledStatement> statements;      // INVARIANT: Denies before Allows, Allows by slot
  std::vector<std::vector<StatementName>> names;  // by document, by statement
  std::array<bool, kDocumentKinds> has_kind{};
  std::vector<std::uint32_t> scp_levels;  // rising; the place is the one in the slot
  ActionIndex index;

  bool has(DocumentKind kind) const { return has_kind[static_cast<std::size_t>(kind)]; }
};

// True if the statement's Action or NotAction takes in the action.
bool matches_action(const CompiledStatement& statement, std::string_view lower_action);

}  // namespace sealane::policy
