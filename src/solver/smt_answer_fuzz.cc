// SPDX-License-Identifier: Apache-2.0
// Property: what parses has as many values as it has pairs, numbers are fractions of digits, and a
// string that was written as a literal is read back as it was.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "solver/smt_answer.h"
#include "solver/smt_text.h"

namespace sealane::solver {
namespace {

void must(bool property) {
  if (!property) std::abort();
}

void check_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t slash = text.find('/');
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  must(digits(text.substr(0, slash)));
  if (slash != std::string_view::npos) must(digits(text.substr(slash + 1)));
}

void check_values(std::string_view answer) {
  const auto values = parse_values(answer);
  if (!values.ok()) return;
  for (const Value& value : *values) {
#ifdef SEALANE_PLANTED_DEFECT
    // As if a number could be taken for granted where a term was.
    check_number(value.kind == Value::Kind::Other ? "" : "1");
#endif
    if (value.kind == Value::Kind::Number) check_number(value.text);
    if (value.kind == Value::Kind::Bool) must(value.text == "true" || value.text == "false");
    if (value.kind == Value::Kind::BitVector)
      must(value.text.find_first_not_of("01") == std::string::npos);
    if (value.kind == Value::Kind::String && string_literal(value.text).ok()) {
      const auto again = parse_values("((x " + *string_literal(value.text) + "))");
      must(again.ok() && again->front() == value);
    }
  }
}

}  // namespace
}  // namespace sealane::solver

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealane;
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  solver::check_values(text);
  const auto literal = solver::string_literal(text);
  if (literal.ok()) {
    const auto read = solver::parse_values("((x " + *literal + "))");
    solver::must(read.ok() && read->size() == 1 && read->front().text == text);
  }
  return 0;
}
