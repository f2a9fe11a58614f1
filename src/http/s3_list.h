// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sealane::http {

struct ListedObject {
  std::string key{};
  std::uint64_t size = 0;
  std::string etag{};    // without quotes; may be empty
  Time last_modified{};  // whole milliseconds
  bool operator==(const ListedObject&) const = default;
};

// One page of a ListObjectsV2 result.
struct ListResult {
  std::string bucket{};
  std::string prefix{};
  std::uint32_t keys_max = 1000;
  std::vector<ListedObject> objects{};  // ascending by key
  bool truncated = false;
  std::string next_continuation_token{};  // when truncated
  bool operator==(const ListResult&) const = default;
};

// The XML document of S3.  Keys are written as they are, escaped for XML (no encoding-type).
std::string encode_list_result(const ListResult& result);
// Reads a page as this program and AWS write it; elements it does not know are skipped.
// Errors:   Corrupt – not such a document, nesting over 8, or over `objects_max` objects.
Result<ListResult> decode_list_result(std::string_view document, std::size_t objects_max = 1000);

}  // namespace sealane::http
