// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace sealane {

// Whether text is UTF-8 as RFC 3629 §4 defines it: shortest forms only, no surrogates, nothing
// over U+10FFFF.  NUL is a character like others.
// Bounds: O(text), no allocation; eight bytes at a time while the text is ASCII.
bool is_utf8(std::string_view text);

}  // namespace sealane
