// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "policy/glob.h"
#include "policy/pattern.h"
#include "prove/term_internal.h"

namespace sealane::prove {

// What a wildcard takes in.
enum class WildcardRule {
  Anything,
  NoColon,  // inside one of the first five parts of an ARN
};

// `subject` (a String term) matches the pattern, which has no variables.
// Errors: Invalid, Unsupported – text that the theory of strings has not.
Result<Term> matches_pattern(const policy::Pattern& pattern, const Term& subject,
                             policy::CaseRule rule);

// The same for six colon parts, each matched by itself: ArnLike.
Result<Term> matches_arn_pattern(std::string_view pattern, const Term& subject);
// The well-formed ARNs as a regular expression.
Term arn_language();

// The value of a variable: its term, and whether it has one.
struct VariableTerm {
  Term text;     // String
  Term present;  // Bool
};
using VariableOf = std::function<Result<VariableTerm>(const policy::PatternPiece&)>;

// `subject` matches a pattern with variables: exact, by the greedy match that the evaluator makes.
struct InstanceTerm {
  Term matches;
  Term has_values;  // every variable has a value
};
// Errors: Unsupported – a `?` in the pattern beside a variable.
Result<InstanceTerm> matches_instance(const policy::Pattern& pattern, const Term& subject,
                                      const VariableOf& variable_of);

}  // namespace sealane::prove
