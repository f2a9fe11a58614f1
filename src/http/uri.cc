// SPDX-License-Identifier: Apache-2.0
#include "http/uri.h"

#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "http/ascii_internal.h"

namespace sealane::http {
namespace {

constexpr std::size_t kParametersMax = 32;

std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte <= 0x20 || byte >= 0x7f)
      return fail(ErrorKind::Invalid, "a character that must be escaped");
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto high = i + 1 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
    if (!high || !low) return fail(ErrorKind::Invalid, "a percent sign without two hex digits");
    const unsigned value = *high * 16 + *low;
    if (value == 0) return fail(ErrorKind::Invalid, "an escaped null character");
    out += static_cast<char>(value);
    i += 2;
  }
  if (!is_utf8(out)) return fail(ErrorKind::Invalid, "the decoded text is not UTF-8");
  return out;
}

std::string percent_encode(std::string_view text, Slash keep) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~' ||
                       (c == '/' && keep == Slash::Keep);
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

Result<SplitTarget> split_target(std::string_view target) {
  if (!target.starts_with('/') || target.find('#') != std::string_view::npos)
    return fail(ErrorKind::Invalid, "the target is not in origin form");
  SplitTarget split;
  const std::size_t mark = target.find('?');
  split.path = target.substr(0, mark);
  if (mark == std::string_view::npos) return split;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    QueryParameter parameter;
    SEALANE_ASSIGN(parameter.name, percent_decode(pair.substr(0, equals)));
    if (equals < pair.size()) {
      SEALANE_ASSIGN(parameter.value, percent_decode(pair.substr(equals + 1)));
    }
    if (std::ranges::find(split.query, parameter.name, &QueryParameter::name) != split.query.end())
      return fail(ErrorKind::Invalid, "a query parameter is there twice");
    if (split.query.size() == kParametersMax)
      return fail(ErrorKind::Invalid, "too many query parameters");
    split.query.push_back(std::move(parameter));
  }
  return split;
}

}  // namespace sealane::http
