// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "policy/lint.h"
#include "policy/vocabulary_internal.h"

namespace sealane::policy {

// A document as far as it is understood: what is missing or wrong is left out, parse_document
// reports it.
struct LintCondition {
  std::optional<OperatorName> op;
  std::string operator_text;  // as written
  SourceSpan operator_span;
  std::string key;       // lower case
  std::string key_text;  // as written
  SourceSpan span;       // of the key
  std::vector<SourceText> values;
  bool empty_list = false;

  // True if the condition is false whenever the request has no such key.
  bool fails_without_key() const;
  // True if it compares for sameness and one of its values is `text`, in any case.
  bool equals(std::string_view text) const;
};

struct LintStatement {
  SourceSpan span;
  std::optional<Effect> effect;
  SourceSpan effect_span;
  const json::Member* principal = nullptr;
  const json::Member* not_principal = nullptr;
  Polarity action_polarity = Polarity::Listed;
  std::vector<SourceText> actions;
  Polarity resource_polarity = Polarity::Listed;
  std::vector<SourceText> resources;
  std::vector<LintCondition> conditions;

  bool allows() const { return effect == Effect::Allow; }
  bool denies() const { return effect == Effect::Deny; }
  const LintCondition* find(std::string_view lower_key) const;
};

struct LintDocument {
  DocumentKind kind{};
  SourceSpan span;
  std::optional<std::string> version;
  SourceSpan version_span;
  std::vector<LintStatement> statements;

  bool has_variables() const { return version == "2012-10-17"; }
};
// The views into `root` live as long as it does.
LintDocument read_lint_document(const json::Value& root, DocumentKind kind);

// Where a condition key comes from, and what is known of it.
struct KnownKey {
  enum class Source { Unknown, Global, Service, IotDevice, Sealane, Issuer };
  Source source = Source::Unknown;
  std::optional<KeyFacts> facts;  // nothing: its type is not known
  bool multi() const { return facts && facts->arity == Context::Arity::Multi; }
};

// Collects findings and answers what several rules ask.
class Linter {
 public:
  Linter(const LintDocument& document, const Catalogue& catalogue)
      : document_(document), catalogue_(catalogue) {}

  void report(std::string_view rule, const SourceSpan& span, std::string message,
              std::string hint = {});
  void report_as(Severity severity, std::string_view rule, const SourceSpan& span,
                 std::string message, std::string hint = {});
  bool full() const { return findings_.size() >= kLintFindingsMax; }
  std::vector<LintFinding>& findings() { return findings_; }

  const LintDocument& document() const { return document_; }
  const Catalogue& catalogue() const { return catalogue_; }
  KnownKey known_key(const std::string& lower_key);

  // How many of the actions that a pattern takes in are documented with a key.
  struct Carriers {
    bool any = false;         // one of them is
    bool none_known = false;  // the catalogue has no action that the pattern takes in
    bool by_service = false;  // the service has the key for other actions
  };
  Carriers carriers(const std::string& pattern, const std::string& lower_key);
  // True if no action of the statement is documented with the key.  False where that is not known.
  bool never_carried(const LintStatement& statement, const LintCondition& condition);

  // Counts down work that is more than linear; false when nothing is left.
  bool spend(std::size_t work);

 private:
  const LintDocument& document_;
  const Catalogue& catalogue_;
  std::vector<LintFinding> findings_;
  std::map<std::string, KnownKey> keys_;
  std::map<std::pair<std::string, std::string>, Carriers> carriers_;
  std::size_t budget_ = 50'000'000;
};

// The families of rules, one file each.
void lint_elements(Linter& linter);
void lint_conditions(Linter& linter);
void lint_transit(Linter& linter);
void lint_iot(Linter& linter);
void lint_quota(Linter& linter, std::string_view text);

const LintRule& lint_rule(std::string_view id);
// The rule that a message of parse_document belongs to; empty: another rule says it better.
std::string_view rule_of_parse_message(std::string_view message);

bool is_everything(std::string_view action_or_resource);  // `*`
// An action that AWS IoT Core asks about devices.
bool is_device_action(std::string_view action);
// `*` or `service:*`.
bool takes_in_service(std::string_view action);
// Where the variables of a text stand: the insides of `${...}`.
std::vector<std::string_view> variables_in(std::string_view text);

}  // namespace sealane::policy
