// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sealane::solver {

// The value of one term in a model.
struct Value {
  enum class Kind {
    Bool,       // `true`, `false`
    Number,     // Int or Real: `-?digits` or `-?digits/digits`, lowest terms not promised
    String,     // UTF-8
    BitVector,  // its bits, most significant first
    Other,      // as the solver wrote it
  };
  Kind kind = Kind::Other;
  std::string text;
  friend bool operator==(const Value&, const Value&) = default;
};

struct AnswerLimits {
  std::size_t bytes_max = 4u << 20;
  std::size_t depth_max = 64;
  std::size_t values_max = 4096;
};

// The values in the answer to `(get-value (t1 t2 …))`, in its order.
//
// Source:  SMT-LIB 2.6 §4.2.6, and what cvc5 1.0 and Z3 4.8 write.
// Errors:  Invalid – no such answer, a string with characters that are no Unicode scalar values;
//          TooLarge – over a limit.
// Bounds:  linear in the text; limits.
// Threads: pure.
Result<std::vector<Value>> parse_values(std::string_view answer, const AnswerLimits& limits = {});

// The symbols in the answer to `(get-unsat-assumptions)`, unquoted.
Result<std::vector<std::string>> parse_symbols(std::string_view answer,
                                               const AnswerLimits& limits = {});

}  // namespace sealane::solver
