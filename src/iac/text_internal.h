// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sealane::iac {

// A file's text as UTF-8 without a byte order mark: a view of the input, or of `owned` when it was
// UTF-16 (RFC 2781; told by its byte order mark, or by the zero bytes of its first characters).
// Errors: Invalid – neither UTF-8 nor UTF-16, with the byte in the message.
Result<std::string_view> utf8_of(std::string_view bytes, std::string& owned);

// One character, which is no surrogate.
void append_utf8(std::string& out, std::uint32_t c);

}  // namespace sealane::iac
