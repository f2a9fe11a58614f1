// SPDX-License-Identifier: Apache-2.0
#include "policy/operator_arn.h"

namespace sealane::policy {

std::optional<ArnParts> split_arn(std::string_view text) {
  ArnParts parts;
  for (std::size_t i = 0; i < 5; ++i) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    parts[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  parts[5] = text;
  if (parts[0] != "arn" || parts[1].empty() || parts[2].empty() || text.empty())
    return std::nullopt;
  return parts;
}

std::optional<bool> arn_match(std::span<const GlobPiece> pattern, const ArnParts& arn) {
  constexpr std::size_t kPiecesMax = 64;
  if (pattern.size() == 1 && pattern[0].kind == GlobPiece::Kind::AnyRun) return true;
  std::array<GlobPiece, kPiecesMax> pieces;
  std::size_t count = 0;
  std::size_t part_begin = 0;
  std::size_t part = 0;
  bool matches = true;
  auto add = [&](GlobPiece piece) {
    if (count == kPiecesMax) return false;
    pieces[count++] = piece;
    return true;
  };
  auto end_part = [&] {
    matches =
        matches && glob_match(std::span(pieces).subspan(part_begin, count - part_begin), arn[part]);
    ++part;
    part_begin = count;
  };
  for (GlobPiece piece : pattern) {
    while (piece.kind == GlobPiece::Kind::Literal && part < 5) {
      const std::size_t colon = piece.text.find(':');
      if (colon == std::string_view::npos) break;
      if (!add({GlobPiece::Kind::Literal, piece.text.substr(0, colon)})) return std::nullopt;
      end_part();
      piece.text.remove_prefix(colon + 1);
    }
    if (!add(piece)) return std::nullopt;
  }
  if (part != 5) return std::nullopt;
  end_part();
  return matches;
}

}  // namespace sealane::policy
