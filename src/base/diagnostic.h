// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sealane {

// A place in a text file.  Lines and columns count from 1; a column is one byte.
struct SourceSpan {
  std::string file;
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  friend bool operator==(const SourceSpan&, const SourceSpan&) = default;
};

enum class Severity { Error, Warning, Note };
std::string_view to_string(Severity severity);

// One finding about an input text.  `message` and `hint` follow the rules of base/result.h.
struct Diagnostic {
  Severity severity = Severity::Error;
  SourceSpan span;
  std::string message;
  std::string hint;
};

// `file:line:column: error: message` and, when there is one, a line `  hint: ...`.
std::string to_text(const Diagnostic& diagnostic);

// `text` with control characters replaced by `?`, for input that is repeated in a message: it can
// neither break the line nor steer a terminal.
std::string one_line(std::string text);

// What a language front end returns: a value when there was no error, and every finding.
template <class T>
struct [[nodiscard]] Parsed {
  std::optional<T> value;
  std::vector<Diagnostic> diagnostics;
};

// The candidate nearest to `word` by edit distance, if near enough to be what was meant.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

}  // namespace sealane
