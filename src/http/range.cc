// SPDX-License-Identifier: Apache-2.0
#include "http/range.h"

#include <algorithm>

#include "http/ascii_internal.h"

namespace sealane::http {

Result<RangeSpec> parse_range(std::string_view value) {
  constexpr std::string_view kUnit = "bytes=";
  if (value.size() <= kUnit.size() || !equal_ignoring_case(value.substr(0, kUnit.size()), kUnit))
    return fail(ErrorKind::Invalid, "the range is not in bytes");
  value.remove_prefix(kUnit.size());
  const std::size_t dash = value.find('-');
  if (dash == std::string_view::npos) return fail(ErrorKind::Invalid, "the range has no dash");
  const std::string_view first_text = value.substr(0, dash);
  const std::string_view last_text = value.substr(dash + 1);
  RangeSpec spec{parse_decimal(first_text), parse_decimal(last_text)};
  const bool readable = (first_text.empty() || spec.first) && (last_text.empty() || spec.last);
  if (!readable || (!spec.first && !spec.last))
    return fail(ErrorKind::Invalid, "the range is not one range of numbers");
  if (spec.first && spec.last && *spec.first > *spec.last)
    return fail(ErrorKind::Invalid, "the range ends before it begins");
  return spec;
}

Result<ByteRange> resolve_range(const RangeSpec& spec, std::uint64_t size) {
  const Error outside = fail(ErrorKind::Invalid, "the range lies outside the object");
  if (size == 0) return outside;
  if (!spec.first) {
    const std::uint64_t length = std::min(spec.last.value_or(0), size);
    if (length == 0) return outside;
    return ByteRange{size - length, length};
  }
  if (*spec.first >= size) return outside;
  const std::uint64_t last = std::min(spec.last.value_or(size - 1), size - 1);
  if (last < *spec.first) return outside;
  return ByteRange{*spec.first, last - *spec.first + 1};
}

Result<ContentRange> parse_content_range(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  const Error wrong = fail(ErrorKind::Corrupt, "the Content-Range is not one of bytes");
  if (value.size() <= kUnit.size() || !equal_ignoring_case(value.substr(0, kUnit.size()), kUnit))
    return wrong;
  value.remove_prefix(kUnit.size());
  const std::size_t dash = value.find('-');
  const std::size_t slash = value.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash)
    return wrong;
  const auto first = parse_decimal(value.substr(0, dash));
  const auto last = parse_decimal(value.substr(dash + 1, slash - dash - 1));
  const auto size = parse_decimal(value.substr(slash + 1));
  if (!first || !last || !size || *first > *last || *last >= *size) return wrong;
  return ContentRange{.range = {*first, *last - *first + 1}, .size = *size};
}

std::string range_header(const RangeSpec& spec) {
  std::string out = "bytes=";
  if (spec.first) out += std::to_string(*spec.first);
  out += '-';
  if (spec.last) out += std::to_string(*spec.last);
  return out;
}

std::string content_range_header(ByteRange range, std::uint64_t size) {
  return "bytes " + std::to_string(range.offset) + "-" +
         std::to_string(range.offset + range.length - 1) + "/" + std::to_string(size);
}

}  // namespace sealane::http
