// SPDX-License-Identifier: Apache-2.0
#include "http/s3_list.h"

#include <charconv>
#include <chrono>
#include <optional>

#include "http/ascii_internal.h"
#include "http/s3_request.h"
#include "http/xml_internal.h"

namespace sealane::http {
namespace {

Error corrupt(std::string_view what) { return fail(ErrorKind::Corrupt, std::string(what)); }

// RFC 3339 with three digits of a second: what S3 writes.
std::string to_s3_time(Time time) { return to_rfc3339(time).substr(0, 23) + "Z"; }

std::optional<unsigned> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  const auto value = parse_decimal(text.substr(at, count));
  return value ? std::optional(static_cast<unsigned>(*value)) : std::nullopt;
}

std::optional<Time> parse_s3_time(std::string_view text) {
  // 2026-01-02T03:04:05.678Z, the fraction optional.
  const bool fraction = text.size() == 24;
  if (!fraction && text.size() != 20) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
      text.back() != 'Z' || (fraction && text[19] != '.'))
    return std::nullopt;
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  const auto millis = fraction ? digits(text, 20, 3) : std::optional(0U);
  if (!year || !month || !day || !hour || !minute || !second || !millis) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
         std::chrono::milliseconds(*millis);
}

void append_object(std::string& out, const ListedObject& object) {
  out += "<Contents>";
  append_element(out, "Key", object.key);
  append_element(out, "LastModified", to_s3_time(object.last_modified));
  append_element(out, "ETag", "\"" + object.etag + "\"");
  append_element(out, "Size", std::to_string(object.size));
  append_element(out, "StorageClass", "STANDARD");
  out += "</Contents>";
}

Result<ListedObject> decode_object(const XmlElement& contents) {
  ListedObject object;
  const std::string* key = contents.text_of("Key");
  if (!key || !valid_object_key(*key)) return corrupt("a listed object has no valid key");
  object.key = *key;
  const std::string* size = contents.text_of("Size");
  const auto bytes = size ? parse_decimal(*size) : std::nullopt;
  if (!bytes) return corrupt("a listed object has no size");
  object.size = *bytes;
  if (const std::string* etag = contents.text_of("ETag")) {
    object.etag = *etag;
    if (object.etag.size() >= 2 && object.etag.front() == '"' && object.etag.back() == '"')
      object.etag = object.etag.substr(1, object.etag.size() - 2);
  }
  const std::string* modified = contents.text_of("LastModified");
  const auto time = modified ? parse_s3_time(*modified) : std::nullopt;
  if (!time) return corrupt("a listed object has no time");
  object.last_modified = *time;
  return object;
}

}  // namespace

std::string encode_list_result(const ListResult& result) {
  std::string out(kXmlDeclaration);
  out += "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  append_element(out, "Name", result.bucket);
  append_element(out, "Prefix", result.prefix);
  append_element(out, "KeyCount", std::to_string(result.objects.size()));
  append_element(out, "MaxKeys", std::to_string(result.keys_max));
  append_element(out, "IsTruncated", result.truncated ? "true" : "false");
  if (result.truncated)
    append_element(out, "NextContinuationToken", result.next_continuation_token);
  for (const ListedObject& object : result.objects) append_object(out, object);
  out += "</ListBucketResult>";
  return out;
}

Result<ListResult> decode_list_result(std::string_view document, std::size_t objects_max) {
  SEALANE_ASSIGN(const XmlElement root, parse_xml(document, objects_max * 12 + 64));
  if (root.name != "ListBucketResult") return corrupt("not a list of objects");
  ListResult result;
  if (const std::string* name = root.text_of("Name")) result.bucket = *name;
  if (const std::string* prefix = root.text_of("Prefix")) result.prefix = *prefix;
  const std::string* keys_max = root.text_of("MaxKeys");
  const auto count = keys_max ? parse_decimal(*keys_max) : std::optional<std::uint64_t>(1000);
  if (!count || *count > 1000) return corrupt("the list's MaxKeys is not 0 to 1000");
  result.keys_max = static_cast<std::uint32_t>(*count);
  const std::string* truncated = root.text_of("IsTruncated");
  if (!truncated || (*truncated != "true" && *truncated != "false"))
    return corrupt("the list does not say whether it is whole");
  result.truncated = *truncated == "true";
  if (result.truncated) {
    const std::string* token = root.text_of("NextContinuationToken");
    if (!token || token->empty()) return corrupt("a truncated list without a continuation token");
    result.next_continuation_token = *token;
  }
  for (const XmlElement& child : root.children) {
    if (child.name != "Contents") continue;
    if (result.objects.size() == objects_max) return corrupt("too many objects in the list");
    SEALANE_ASSIGN(ListedObject object, decode_object(child));
    result.objects.push_back(std::move(object));
  }
  if (const std::string* key_count = root.text_of("KeyCount");
      key_count && parse_decimal(*key_count) != result.objects.size())
    return corrupt("the list's KeyCount is not the number of its objects");
  return result;
}

}  // namespace sealane::http
