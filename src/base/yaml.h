// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "base/json.h"

namespace sealane::yaml {

struct ParseOptions {
  std::string file = "<input>";
  std::size_t bytes_max = 1u << 20;
  std::size_t depth_max = 32;
  std::size_t nodes_max = 100'000;
  std::size_t diagnostics_max = 100;
};

// Reads one YAML document into the tree that JSON has, with the place of every value and name.
//
// Source:  YAML 1.2.2 §10.3.2 (core schema): plain `null`, `~`, `true`, `false` and numbers get
//          their type, every other plain scalar (`yes`, `no`, `on`, `1.2.3`) and every quoted one
//          is text.  A number keeps its lexeme.
// Errors:  syntax; a second document; a key that is not text or stands twice in one mapping;
//          anchors, aliases, tags and merge keys; nesting, size and node count beyond the options:
//          each a Diagnostic with its place.  All are reported but syntax, which ends the reading.
// Bounds:  options; without aliases the tree is no larger than the text.
// Threads: pure.
Parsed<json::Value> parse(std::string_view text, const ParseOptions& options = {});

}  // namespace sealane::yaml
