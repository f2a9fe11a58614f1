// SPDX-License-Identifier: Apache-2.0
#include "prove/term_internal.h"

#include <string_view>
#include <unordered_set>

namespace sealane::prove {
namespace {

// `unit` is what the operation of no terms is, `zero` what swallows all others.
Term fold(std::string_view operation, std::string_view unit, std::string_view zero,
          std::span<const Term> terms) {
  std::vector<const Term*> kept;
  std::unordered_set<std::string_view> known;
  for (const Term& term : terms) {
    if (term == zero) return Term(zero);
    if (term != unit && known.insert(term).second) kept.push_back(&term);
  }
  if (kept.empty()) return Term(unit);
  if (kept.size() == 1) return *kept.front();
  Term out = "(" + std::string(operation);
  for (const Term* term : kept) out += " " + *term;
  return out + ")";
}

}  // namespace

Term conj(std::span<const Term> terms) { return fold("and", "true", "false", terms); }
Term disj(std::span<const Term> terms) { return fold("or", "false", "true", terms); }

Term negate(const Term& term) {
  if (is_true(term)) return "false";
  if (is_false(term)) return "true";
  return "(not " + term + ")";
}

Term implies(const Term& a, const Term& b) { return disj({negate(a), b}); }

Term apply(std::string_view function, std::initializer_list<std::string_view> arguments) {
  Term out = "(" + std::string(function);
  for (const std::string_view argument : arguments) out += " " + std::string(argument);
  return out + ")";
}

}  // namespace sealane::prove
