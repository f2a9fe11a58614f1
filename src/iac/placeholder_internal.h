// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "iac/value.h"

namespace sealane::iac {

// A template as plain text for a parser of JSON or of lines: each reference becomes a mark that no
// text of an input has, and is put back in what was parsed.
class Marked {
 public:
  // Nothing: a literal part has a character that marks are made of.
  static std::optional<Marked> from(const Template& value);
  const std::string& text() const { return text_; }
  // `parsed`, a piece of text(), with its references; text when it has none.
  Value restored(std::string_view parsed) const;

 private:
  std::string text_;
  std::vector<Reference> references_;
};

// A parsed JSON value as a value of an input; every part of it stands where `like` stands, and is
// as secret and as much a default as that.
Value from_json(const json::Value& parsed, const Value& like, const Marked* marked);

}  // namespace sealane::iac
