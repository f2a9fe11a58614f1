// SPDX-License-Identifier: Apache-2.0
#include "solver/smt_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/utf8.h"

namespace sealane::solver {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The character at `at` of text that is UTF-8; moves `at` behind it.
char32_t next_character(std::string_view utf8, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(utf8[i]); };
  const unsigned char first = byte(at);
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t c = length == 1 ? first : first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) c = (c << 6) | (byte(at + i) & 0x3Fu);
  at += length;
  return c;
}

}  // namespace

Result<std::string> string_literal(std::string_view utf8) {
  if (!is_utf8(utf8)) return fail(ErrorKind::Invalid, "a string for a solver is not UTF-8");
  std::string out = "\"";
  for (std::size_t at = 0; at < utf8.size();) {
    const char32_t c = next_character(utf8, at);
    if (c > kCharacterMax)
      return fail(ErrorKind::Unsupported,
                  fmt::format("the character U+{:X} is outside the theory of strings",
                              static_cast<std::uint32_t>(c)));
    if (c == U'"') {
      out += "\"\"";
    } else if (c >= 0x20 && c < 0x7F && c != U'\\') {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(c));
    }
  }
  return out + "\"";
}

Result<std::string> symbol(std::string_view name) {
  const bool bad = name.empty() || std::ranges::any_of(name, [](char c) {
                     return c == '|' || c == '\\' || static_cast<unsigned char>(c) < 0x20 ||
                            static_cast<unsigned char>(c) >= 0x7F;
                   });
  if (bad) return fail(ErrorKind::Invalid, "`" + std::string(name) + "` cannot be a symbol");
  return "|" + std::string(name) + "|";
}

Result<std::string> real_literal(std::string_view decimal) {
  std::string_view digits = decimal;
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  const std::size_t point = digits.find('.');
  const std::string_view whole = digits.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view("0") : digits.substr(point + 1);
  if (!is_digits(whole) || !is_digits(fraction))
    return fail(ErrorKind::Invalid, "`" + std::string(decimal) + "` is no decimal");
  // SMT-LIB has no leading zeros.
  const std::string_view trimmed =
      whole.substr(std::min(whole.find_first_not_of('0'), whole.size() - 1));
  std::string out = std::string(trimmed) + "." + std::string(fraction);
  return negative ? "(- " + out + ")" : out;
}

}  // namespace sealane::solver
