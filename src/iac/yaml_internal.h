// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "iac/collect_internal.h"

namespace sealane::iac {

enum class Tags : std::uint8_t { None, CloudFormation };

// Reads one YAML document as a value.
//
// Source:  YAML 1.1 as CloudFormation reads it: `yes`, `no`, `on` and `off` are booleans; numbers
//          keep their lexeme; dates are text.  `!Ref X`, `!Sub X` and the other short forms become
//          the maps that they stand for, `{"Ref": X}`, `{"Fn::Sub": X}`.
// Errors:  syntax; a second document; a key that is not text or stands twice; aliases and merge
//          keys; other tags; nesting deeper than the limit: each with its place, and false.
// Bounds:  without aliases the value is no larger than the text.
// Threads: pure.
bool read_yaml(Collector& collector, std::uint32_t document, std::string_view text, Tags tags,
               Value& out);

}  // namespace sealane::iac
