// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sealane::policy {

// One element of a pattern whose variables have their values.
struct GlobPiece {
  enum class Kind : std::uint8_t {
    Literal,  // exactly `text`: wildcard characters in it mean themselves
    AnyRun,   // `*`: any characters, none too
    AnyOne,   // `?`: one Unicode scalar value
  };
  Kind kind = Kind::Literal;
  std::string_view text;
};

enum class CaseRule : std::uint8_t { Exact, IgnoreAscii };

// True if the pieces match all of `text`.  A byte that is no UTF-8 counts as one character.
//
// Bounds:  greedy, back to the last `*` alone: text × longest run between two `*`.
// Threads: pure.
bool glob_match(std::span<const GlobPiece> pieces, std::string_view text,
                CaseRule rule = CaseRule::Exact);

}  // namespace sealane::policy
