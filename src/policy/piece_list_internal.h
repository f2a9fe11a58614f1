// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "policy/glob.h"

namespace sealane::policy {

// Up to N pieces on the stack.  What is not used is not cleared: a decision makes many of these.
template <std::size_t N>
class PieceList {
 public:
  PieceList() {}
  PieceList(const PieceList&) = delete;
  PieceList& operator=(const PieceList&) = delete;

  std::size_t size() const { return count_; }
  // False when the list is full.
  bool add(GlobPiece piece) {
    if (count_ == N) return false;
    std::construct_at(&pieces_[count_++], piece);
    return true;
  }
  std::span<const GlobPiece> span() const { return {pieces_, count_}; }

 private:
  union {
    GlobPiece pieces_[N];  // INVARIANT: the first count_ are set
  };
  std::size_t count_ = 0;
};

}  // namespace sealane::policy
