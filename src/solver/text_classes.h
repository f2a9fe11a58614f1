// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "solver/solver.h"

namespace sealane::solver {

// What is known of languages from earlier questions: the same ones come again.
// Threads: one at a time.
class LanguageCache {
 public:
  LanguageCache();
  ~LanguageCache();
  LanguageCache(const LanguageCache&) = delete;
  LanguageCache& operator=(const LanguageCache&) = delete;

 private:
  friend class TextClasses;
  struct Known;
  std::unique_ptr<Known> known_;
};

// A question in which String constants are classes: texts that no term of the question tells apart
// are one class, of which one text is kept.  A constant that is asked about by languages alone
// (`=` a literal, str.in_re, str.prefixof, also within str.++ and ite) becomes a bit-vector, and no
// solver has to reason about strings; the others stay as they are.
//
// Input:   a question of this program, in the forms that `prove` writes.
// Result:  has an answer exactly when the question has, and values() gives the model of the
//          question.  Whatever is not understood leaves the question as it is.
// Bounds:  kClassesMax for each constant, and the sizes below; beyond them it stays a String.
// Threads: pure.
class TextClasses {
 public:
  static constexpr std::size_t kClassesMax = 512;
  static constexpr std::size_t kStatesMax = 4'000;
  static constexpr std::size_t kWorkMax = 200'000;  // states times languages
  static constexpr std::size_t kDepthMax = 400;

  TextClasses(const Query& query, LanguageCache& cache);
  ~TextClasses();
  TextClasses(TextClasses&&) noexcept;
  TextClasses& operator=(TextClasses&&) noexcept;

  const Query& question() const;
  // How many constants became classes, and how many stayed.
  std::size_t classified() const;
  std::size_t left() const;
  // Errors: Invalid – they are not of the question.
  Result<std::vector<Value>> values(const std::vector<Value>& found) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealane::solver
