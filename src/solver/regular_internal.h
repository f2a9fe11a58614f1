// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sealane::solver {

// Regular languages over SMT-LIB's characters, by their derivatives: the derivative of a language
// by a character is what may follow it.  Equal terms have equal numbers.
//
// Source:  Brzozowski, "Derivatives of Regular Expressions"; Owens, Reppy, Turon,
// "Regular-expression
//          derivatives reexamined", for the intervals of characters.
// Bounds:  kNodesMax; beyond it `full()` and every language is the empty one.
class Regulars {
 public:
  using Id = std::uint32_t;
  static constexpr std::size_t kNodesMax = 100'000;
  static constexpr char32_t kCharacterEnd = 0x30000;

  Regulars();
  bool full() const { return full_; }
  std::size_t size() const { return nodes_.size(); }

  Id nothing() const { return 0; }
  Id empty_text() const { return 1; }
  Id everything() const { return everything_; }
  Id one_of(char32_t first, char32_t last);
  Id text(std::u32string_view text);
  Id concat(Id a, Id b);
  Id star(Id a);
  Id either(std::vector<Id> all);
  Id both(std::vector<Id> all);
  Id complement(Id a);

  bool has_empty_text(Id a) const { return nodes_[a].nullable; }
  Id derivative(Id a, char32_t c);
  Id derivative(Id a, std::u32string_view text);
  // Where the derivative may change: it is one and the same from each cut to the next.
  const std::vector<char32_t>& cuts(Id a);

 private:
  enum class Kind : std::uint8_t { Nothing, Empty, Set, Concat, Star, Either, Both, Complement };
  struct Node {
    Kind kind{};
    bool nullable = false;
    std::vector<Id> parts{};
    char32_t first = 0, last = 0;  // Set
  };

  Id add(Node node);

  std::vector<Node> nodes_;
  std::map<std::tuple<Kind, std::vector<Id>, char32_t, char32_t>, Id> known_;
  std::unordered_map<std::uint64_t, Id> derivatives_;
  std::unordered_map<Id, std::vector<char32_t>> cuts_;
  Id everything_ = 0;
  bool full_ = false;
};

}  // namespace sealane::solver
