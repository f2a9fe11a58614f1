// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace sealane::envelope {

// Source: RFC 3629 §4.  Threads: pure.
bool is_utf8(std::string_view text);

}  // namespace sealane::envelope
