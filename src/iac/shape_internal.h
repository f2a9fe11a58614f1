// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iac/system.h"

namespace sealane::iac {

// A text with holes where the input does not tell it: `arn:aws:s3:::` and the name of a bucket.
struct ShapePiece {
  std::string literal;
  std::string hole;  // not empty: which one, in place of a literal; equal holes are equal texts
  bool names_resource = false;  // the hole is what tells one resource from others of its kind
  bool whole_arn = false;       // the hole is all of a resource's ARN
};
using Shape = std::vector<ShapePiece>;

bool has_hole(const Shape& shape);

// What stands for holes in a text that a prover reads; the same text for the same hole.
class Stand {
 public:
  std::string text_of(const Shape& shape);
  // Sentence fragments, in the order in which holes were met.
  const std::vector<std::string>& assumed() const { return assumed_; }
  // Where a document says it, the account and region of a resource are taken from it.
  void set(const std::string& hole, std::string text, std::string why);

 private:
  std::map<std::string, std::string> texts_;
  std::vector<std::string> assumed_;
  std::size_t names_ = 0;
};

// The ARN of a resource; nothing for a type whose ARNs are not known.
std::optional<Shape> arn_shape(const System& system, std::uint32_t resource);
// What a reference will be: an ARN, a name, or a hole of its own.
Shape shape_of(const System& system, const Reference& reference);
// A text or a template.
std::optional<Shape> shape_of(const System& system, const Value& value);

// Whose text a pattern is held against.
enum class Whose : std::uint8_t {
  Resource,  // the ARN of one resource: no other resource of its kind has its name
  Anybody,   // another text of the document
};

// Whether what `pattern` takes in of `text`, and of what lies beneath it, is the same whatever
// stands in the holes: it takes in nothing of it, or it does not look at the hole.  Errs to false.
bool is_independent(const Shape& pattern, const Shape& text, Whose whose);

}  // namespace sealane::iac
