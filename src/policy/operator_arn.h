// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "policy/glob.h"

namespace sealane::policy {

// The six parts of an ARN; the sixth keeps further colons.  Nothing when `text` is no ARN.
using ArnParts = std::array<std::string_view, 6>;
std::optional<ArnParts> split_arn(std::string_view text);

// A pattern without variables, cut at its colons ahead of the decision.  Views into the pattern's
// text.
struct ArnLayout {
  bool everything = false;  // one `*`
  std::vector<GlobPiece> pieces;
  std::array<std::size_t, 6> ends{};  // of each part's pieces
};
// Nothing when the pattern has fewer than six parts or too many pieces.
std::optional<ArnLayout> lay_out_arn(std::span<const GlobPiece> pattern);
bool arn_match(const ArnLayout& pattern, const ArnParts& arn);

// True if each of the six colon parts of the pattern matches its part of the ARN; a pattern of one
// `*` matches every ARN.  Nothing when the pattern has fewer than six parts or too many pieces.
std::optional<bool> arn_match(std::span<const GlobPiece> pattern, const ArnParts& arn);

}  // namespace sealane::policy
