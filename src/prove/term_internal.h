// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sealane::prove {

// SMT-LIB text; of sort Bool where nothing else is said.
using Term = std::string;

inline bool is_true(const Term& term) { return term == "true"; }
inline bool is_false(const Term& term) { return term == "false"; }

// These fold constants, so that what is decided without a solver never reaches one.
Term conj(std::span<const Term> terms);
Term disj(std::span<const Term> terms);
Term negate(const Term& term);
Term implies(const Term& a, const Term& b);
inline Term conj(std::initializer_list<Term> terms) {
  return conj(std::span(terms.begin(), terms.size()));
}
inline Term disj(std::initializer_list<Term> terms) {
  return disj(std::span(terms.begin(), terms.size()));
}

// `(f a b …)`
Term apply(std::string_view function, std::initializer_list<std::string_view> arguments);

}  // namespace sealane::prove
