// SPDX-License-Identifier: Apache-2.0
#include "policy/operator_arn.h"

#include "policy/piece_list_internal.h"

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

namespace {

constexpr std::size_t kPiecesMax = 64;
using Pieces = PieceList<kPiecesMax>;
using Ends = std::array<std::size_t, 6>;

bool is_everything(std::span<const GlobPiece> pattern) {
  return pattern.size() == 1 && pattern[0].kind == GlobPiece::Kind::AnyRun;
}

// Cuts the literals of the pattern at its first five colons.  False when there are fewer, or too
// many pieces.
bool cut(std::span<const GlobPiece> pattern, Pieces& pieces, Ends& ends) {
  std::size_t part = 0;
  for (GlobPiece piece : pattern) {
    while (piece.kind == GlobPiece::Kind::Literal && part < 5) {
      const std::size_t colon = piece.text.find(':');
      if (colon == std::string_view::npos) break;
      if (!pieces.add({GlobPiece::Kind::Literal, piece.text.substr(0, colon)})) return false;
      ends[part++] = pieces.size();
      piece.text.remove_prefix(colon + 1);
    }
    if (!pieces.add(piece)) return false;
  }
  ends[5] = pieces.size();
  return part == 5;
}

bool match_parts(std::span<const GlobPiece> pieces, const Ends& ends, const ArnParts& arn) {
  std::size_t begin = 0;
  for (std::size_t part = 0; part < ends.size(); ++part) {
    if (!glob_match(pieces.subspan(begin, ends[part] - begin), arn[part])) return false;
    begin = ends[part];
  }
  return true;
}

}  // namespace

std::optional<ArnLayout> lay_out_arn(std::span<const GlobPiece> pattern) {
  ArnLayout out;
  out.everything = is_everything(pattern);
  if (out.everything) return out;
  Pieces pieces;
  if (!cut(pattern, pieces, out.ends)) return std::nullopt;
  out.pieces.assign(pieces.span().begin(), pieces.span().end());
  return out;
}

bool arn_match(const ArnLayout& pattern, const ArnParts& arn) {
  return pattern.everything || match_parts(pattern.pieces, pattern.ends, arn);
}

std::optional<bool> arn_match(std::span<const GlobPiece> pattern, const ArnParts& arn) {
  if (is_everything(pattern)) return true;
  Pieces pieces;
  Ends ends{};
  if (!cut(pattern, pieces, ends)) return std::nullopt;
  return match_parts(pieces.span(), ends, arn);
}

}  // namespace sealane::policy
