// SPDX-License-Identifier: Apache-2.0
#include "policy/glob.h"

#include <cstddef>

#include "policy/text.h"

namespace sealane::policy {
namespace {

// The length of the UTF-8 sequence at the front of `text`, which is not empty.
std::size_t scalar_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  std::size_t length = 1;
  if (first >= 0xc2 && first < 0xe0)
    length = 2;
  else if (first >= 0xe0 && first < 0xf0)
    length = 3;
  else if (first >= 0xf0 && first < 0xf5)
    length = 4;
  if (length > text.size()) return 1;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 1;
  return length;
}

bool begins_with(std::string_view text, std::string_view literal, CaseRule rule) {
  if (rule == CaseRule::Exact) return text.starts_with(literal);
  return text.size() >= literal.size() &&
         equal_ignoring_case(text.substr(0, literal.size()), literal);
}

}  // namespace

bool glob_match(std::span<const GlobPiece> pieces, std::string_view text, CaseRule rule) {
  using enum GlobPiece::Kind;
  std::size_t piece = 0;
  std::size_t at = 0;
  bool starred = false;
  std::size_t after_star = 0;  // first piece behind the last `*`
  std::size_t star_end = 0;    // where that `*` ends in the text, as tried now
  for (;;) {
    bool fits = false;
    if (piece == pieces.size()) {
      if (at == text.size()) return true;
      // A trailing `*` takes the rest.
      if (starred && after_star == pieces.size()) return true;
    } else if (pieces[piece].kind == AnyRun) {
      starred = true;
      after_star = ++piece;
      star_end = at;
      continue;
    } else if (pieces[piece].kind == AnyOne) {
      if (at < text.size()) {
        at += scalar_length(text.substr(at));
        fits = true;
      }
    } else if (begins_with(text.substr(at), pieces[piece].text, rule)) {
      at += pieces[piece].text.size();
      fits = true;
    }
    if (fits) {
      ++piece;
      continue;
    }
    if (!starred || star_end >= text.size()) return false;
    star_end += scalar_length(text.substr(star_end));
    at = star_end;
    piece = after_star;
  }
}

}  // namespace sealane::policy
