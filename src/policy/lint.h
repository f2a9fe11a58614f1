// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "policy/catalogue.h"
#include "policy/document.h"

namespace sealane::policy {

// One mistake that people make in policies.  docs/policy-lint.md says why and what to do instead.
struct LintRule {
  std::string_view id;  // stable: `vacuous-deny`
  Severity severity{};
  std::string_view what;
};
// Sorted by id.
std::span<const LintRule> lint_rules();

struct LintFinding {
  std::string_view rule;  // one of lint_rules()
  Diagnostic diagnostic;
};

struct LintReport {
  std::vector<LintFinding> findings;  // by place
  bool evaluable = false;             // parse_document takes the text
  bool has(Severity severity) const;
};

// Looks for mistakes in one document.
//
// Input:   any text; a document that cannot be evaluated is looked at as far as it is understood.
// Result:  what parse_document refuses, under the rule that it breaks; and what is legal and does
//          not do what its author can have meant.  Every error that keeps the document from being
//          evaluated is there; an error beside them is a statement that cannot do what it says.
//          What rests on the catalogue is a warning: the catalogue is documentation, not proof.
// Bounds:  at most kLintFindingsMax findings; linear in the text, but for comparing actions with
//          resources, which has a budget.
// Threads: pure.
LintReport lint(std::string_view text, DocumentKind kind, const std::string& file,
                const Catalogue& catalogue);
constexpr std::size_t kLintFindingsMax = 1'000;

// What a document is, by its content, for when nobody says.  With principals it is a resource's
// policy: a role's, when it speaks of `sts:` and of no resource; a key's, when of `kms:` alone.
// Without, it is a device's when it speaks of what IoT devices do alone, else an identity's.
DocumentKind recognise_kind(std::string_view text);

}  // namespace sealane::policy
