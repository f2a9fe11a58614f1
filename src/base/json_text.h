// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

// Where the parts of a JSON text stand, for changing some and keeping the rest byte for byte.
//
// Input:   a text that json::parse has read without error, and places that it gave; for others the
//          results mean nothing, but are places in the text.
// Threads: pure.
namespace sealane::json {

struct Extent {
  std::size_t begin = 0;
  std::size_t end = 0;  // one past the last byte
};

// The byte at a place; the text's size when there is no such line.
std::size_t offset_of(std::string_view text, const SourceSpan& span);
// One past the end of the value that begins at `begin`.
std::size_t value_end(std::string_view text, std::size_t begin);
// The elements of the array that begins at `begin`, or the members of the object, each from its
// name to the end of its value.  Linear in the array or object.
std::vector<Extent> items_of(std::string_view text, std::size_t begin);
// The value of such a member.
Extent value_of(std::string_view text, const Extent& member);

}  // namespace sealane::json
