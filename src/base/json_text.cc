// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <algorithm>

namespace sealane::json {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::size_t skip_space(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(kSpace, at), text.size());
}

// One past the closing quote of the string that begins at `at`.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

}  // namespace

std::size_t offset_of(std::string_view text, const SourceSpan& span) {
  std::size_t at = 0;
  for (std::uint32_t line = 1; line < span.line; ++line) {
    at = text.find('\n', at);
    if (at == std::string_view::npos) return text.size();
    ++at;
  }
  return std::min(at + span.column - 1, text.size());
}

std::size_t value_end(std::string_view text, std::size_t begin) {
  std::size_t depth = 0;
  for (std::size_t at = begin; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = string_end(text, at);
      if (depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (depth == 0 && (c == ',' || kSpace.find(c) != std::string_view::npos)) {
      return at;
    }
    ++at;
  }
  return text.size();
}

std::vector<Extent> items_of(std::string_view text, std::size_t begin) {
  std::vector<Extent> out;
  std::size_t at = skip_space(text, begin + 1);
  while (at < text.size() && text[at] != ']' && text[at] != '}') {
    Extent item{at, value_end(text, at)};
    std::size_t next = skip_space(text, item.end);
    if (next < text.size() && text[next] == ':') {
      item.end = value_end(text, skip_space(text, next + 1));
      next = skip_space(text, item.end);
    }
    out.push_back(item);
    if (next >= text.size() || text[next] != ',') break;
    at = skip_space(text, next + 1);
  }
  return out;
}

Extent value_of(std::string_view text, const Extent& member) {
  const std::size_t colon = skip_space(text, value_end(text, member.begin));
  const std::size_t begin = skip_space(text, std::min(colon + 1, text.size()));
  return {begin, value_end(text, begin)};
}

}  // namespace sealane::json
