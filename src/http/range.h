// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sealane::http {

// One byte range as asked for: `bytes=a-b`, `bytes=a-`, `bytes=-n`.
struct RangeSpec {
  std::optional<std::uint64_t> first{};  // none: the last `last` bytes
  std::optional<std::uint64_t> last{};   // inclusive; none: to the end
  bool operator==(const RangeSpec&) const = default;
};

// The same against an object's size.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  // never 0
  bool operator==(const ByteRange&) const = default;
};

// Source: RFC 9110 §14.1.2, §14.2.  Errors: Invalid – another unit, several ranges, or not a range;
//         a server ignores the header then and sends the whole.
Result<RangeSpec> parse_range(std::string_view value);
// Errors: Invalid – nothing of the object is in the range: answer 416 with `Content-Range: bytes
// */size`.
Result<ByteRange> resolve_range(const RangeSpec& spec, std::uint64_t size);

// What an answer says it has: `bytes 0-9/100`.
struct ContentRange {
  ByteRange range{};
  std::uint64_t size = 0;  // of the whole object
  bool operator==(const ContentRange&) const = default;
};
// Source: RFC 9110 §14.4.  Errors: Corrupt – not such a value, an unknown size, or a range that
//         leaves it.
Result<ContentRange> parse_content_range(std::string_view value);

std::string range_header(const RangeSpec& spec);                        // `bytes=0-9`
std::string content_range_header(ByteRange range, std::uint64_t size);  // `bytes 0-9/100`

}  // namespace sealane::http
