// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"

namespace sealane::pipeline {

// A device as the pipeline's things file lists it.
struct Thing {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;  // in the order of the header
  SourceSpan span;

  // Empty when there is no such attribute.
  std::string_view attribute(std::string_view name) const;
};

// Reads the text of a things file: a header line `name,attribute,...`, then one line per thing.
//
// Source:  RFC 4180, one line per record, at most 50 attributes (AWS IoT Core).
// Errors:  a first column that is not `name`; names that break the rule or stand twice; lines with
//          another number of fields; quotes that do not close.
// Bounds:  16 MiB of text.
// Threads: pure.
Parsed<std::vector<Thing>> parse_things(std::string_view text, const std::string& file);

}  // namespace sealane::pipeline
