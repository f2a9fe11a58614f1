// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sealane::solver {

// Characters of the SMT-LIB theory of strings go up to here; Unicode goes further.
inline constexpr char32_t kCharacterMax = 0x2FFFF;

// A string literal, quotes included: printable ASCII as it stands, `"` doubled, `\` and everything
// else as `\u{hex}`, so that every solver reads the same characters.
//
// Source:  SMT-LIB 2.6, theory UnicodeStrings.
// Errors:  Invalid – not UTF-8; Unsupported – a character over kCharacterMax.
Result<std::string> string_literal(std::string_view utf8);

// A symbol, quoted with `|`.  Errors: Invalid – empty, or it has `|`, `\` or a control character.
Result<std::string> symbol(std::string_view name);

// A decimal `-?digits(.digits)?` as a Real term.  Errors: Invalid – anything else.
Result<std::string> real_literal(std::string_view decimal);

}  // namespace sealane::solver
