// SPDX-License-Identifier: Apache-2.0
#include "http/s3_request.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "http/ascii_internal.h"
#include "http/uri.h"

namespace sealane::http {
namespace {

constexpr std::size_t kKeyBytesMax = 1024;
constexpr std::uint32_t kListKeysMax = 1000;

S3Error not_implemented(std::string_view what) {
  return {S3Code::NotImplemented, std::string(what) + " is not in this version"};
}
S3Error invalid(std::string_view what) { return {S3Code::InvalidRequest, std::string(what)}; }

struct Place {
  std::string bucket;
  std::string key;  // empty: the bucket itself
};

Result<Place, S3Error> parse_path(std::string_view path) {
  path.remove_prefix(1);
  if (path.empty()) return not_implemented("ListBuckets");
  const std::size_t slash = path.find('/');
  const std::string_view key_text =
      slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  auto bucket = percent_decode(path.substr(0, slash));
  auto key = percent_decode(key_text);
  if (!bucket.ok() || !key.ok())
    return S3Error{S3Code::InvalidUri, "the path is not percent-encoded UTF-8"};
  if (!valid_bucket_name(*bucket))
    return S3Error{S3Code::InvalidBucketName, "the bucket name is not valid"};
  if (key->size() > kKeyBytesMax)
    return S3Error{S3Code::KeyTooLong, "a key has at most 1024 bytes"};
  if (!key->empty() && !valid_object_key(*key))
    return S3Error{S3Code::InvalidArgument, "the key has a control character or a dot segment"};
  return Place{std::move(bucket).value(), std::move(key).value()};
}

// Headers of the S3 API that change nothing here: a signature is not what authenticates, and the
// checksum a reader asks for is part of every answer.
bool is_harmless(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kHarmless{
      "x-amz-date", "x-amz-security-token", "x-amz-user-agent", "x-amz-checksum-mode",
      "x-amz-request-id"};
  return std::ranges::any_of(kHarmless,
                             [&](std::string_view one) { return equal_ignoring_case(one, name); });
}

bool starts_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

template <std::size_t size>
Result<std::array<std::byte, size>, S3Error> digest_of(const std::optional<Bytes>& bytes) {
  if (!bytes || bytes->size() != size)
    return S3Error{S3Code::InvalidDigest, "a checksum is not valid"};
  std::array<std::byte, size> out{};
  copy_bytes(out, *bytes);
  return out;
}

// The payload hash of SigV4 is a checksum like the other, when it is one.
std::optional<S3Error> read_content_sha256(std::string_view value, PutObject& put) {
  if (value == "UNSIGNED-PAYLOAD") return std::nullopt;
  if (value.starts_with("STREAMING-")) return not_implemented("aws-chunked");
  auto digest = digest_of<32>(from_hex(value));
  if (!digest.ok()) return std::move(digest).error();
  if (put.checksum_sha256 && *put.checksum_sha256 != *digest)
    return S3Error{S3Code::BadDigest, "two checksums of the body differ"};
  put.checksum_sha256 = *digest;
  return std::nullopt;
}

std::optional<S3Error> read_put_header(const Header& header, PutObject& put) {
  const auto is = [&](std::string_view name) { return equal_ignoring_case(header.name, name); };
  if (is("if-none-match")) {
    if (header.value != "*") return not_implemented("If-None-Match with an entity tag");
    put.create_only = true;
  } else if (is("x-amz-checksum-sha256")) {
    auto digest = digest_of<32>(from_base64(header.value));
    if (!digest.ok()) return std::move(digest).error();
    if (put.checksum_sha256 && *put.checksum_sha256 != *digest)
      return S3Error{S3Code::BadDigest, "two checksums of the body differ"};
    put.checksum_sha256 = *digest;
  } else if (is("content-md5")) {
    auto digest = digest_of<16>(from_base64(header.value));
    if (!digest.ok()) return std::move(digest).error();
    put.content_md5 = *digest;
  } else if (is("x-amz-content-sha256")) {
    return read_content_sha256(header.value, put);
  } else if (is("x-amz-sdk-checksum-algorithm")) {
    if (!equal_ignoring_case(header.value, "SHA256"))
      return not_implemented("a checksum other than SHA-256");
  } else if (is("content-encoding")) {
    return not_implemented("Content-Encoding");
  } else if (is("if-match")) {
    return not_implemented("If-Match");
  } else if (starts_ignoring_case(header.name, "x-amz-") && !is_harmless(header.name)) {
    return not_implemented("the header `" + std::string(header.name) + "`");
  }
  return std::nullopt;
}

std::optional<S3Error> check_read_header(const Header& header) {
  if (starts_ignoring_case(header.name, "if-") && !equal_ignoring_case(header.name, "if-match"))
    return not_implemented("a conditional read other than If-Match");
  if (equal_ignoring_case(header.name, "x-amz-content-sha256")) return std::nullopt;
  if (starts_ignoring_case(header.name, "x-amz-") && !is_harmless(header.name))
    return not_implemented("the header `" + std::string(header.name) + "`");
  return std::nullopt;
}

// A repeated header of those that decide something could be read in two ways.
std::optional<S3Error> check_repeated(const RequestHead& head) {
  for (const Header& header : head.headers) {
    const bool decides = starts_ignoring_case(header.name, "x-amz-") ||
                         starts_ignoring_case(header.name, "if-") ||
                         equal_ignoring_case(header.name, "range") ||
                         equal_ignoring_case(header.name, "content-md5");
    if (decides && count_header(head.headers, header.name) > 1)
      return invalid("a header is there twice");
  }
  return std::nullopt;
}

// Source: RFC 9110 §8.8.3, §13.1.1.  Of its forms the one that a reader of ranges sends: one strong
// entity tag.
bool is_strong_tag(std::string_view tag) {
  return tag.size() >= 2 && tag.front() == '"' && tag.back() == '"' &&
         std::ranges::all_of(tag.substr(1, tag.size() - 2),
                             [](char c) { return c > 0x20 && c < 0x7f && c != '"'; });
}

std::optional<S3Error> check_reads(const RequestHead& head) {
  if (head.content_length != 0) return invalid("a read has no body");
  for (const Header& header : head.headers)
    if (auto error = check_read_header(header)) return error;
  return std::nullopt;
}

// Objects have no subresources here; `x-id` names the operation that the path names already.
std::optional<S3Error> check_object_query(const std::vector<QueryParameter>& query) {
  for (const QueryParameter& parameter : query)
    if (parameter.name != "x-id")
      return not_implemented("the query parameter `" + parameter.name + "`");
  return std::nullopt;
}

Result<S3Request, S3Error> parse_list(const RequestHead& head, Place place,
                                      const SplitTarget& target) {
  if (head.method != Method::Get) return not_implemented("this operation on a bucket");
  if (auto error = check_reads(head)) return *error;
  if (head.header("if-match")) return not_implemented("If-Match of a list");
  ListObjectsV2 list;
  list.bucket = std::move(place.bucket);
  bool version_2 = false;
  for (const QueryParameter& parameter : target.query) {
    const std::string& value = parameter.value;
    if (parameter.name == "list-type") {
      version_2 = value == "2";
    } else if (parameter.name == "prefix") {
      if (value.size() > kKeyBytesMax)
        return S3Error{S3Code::KeyTooLong, "a prefix has at most 1024 bytes"};
      list.prefix = value;
    } else if (parameter.name == "start-after") {
      list.start_after = value;
    } else if (parameter.name == "continuation-token") {
      if (value.empty()) return S3Error{S3Code::InvalidArgument, "the continuation token is empty"};
      list.continuation_token = value;
    } else if (parameter.name == "max-keys") {
      const auto count = parse_decimal(value);
      if (!count || *count == 0)
        return S3Error{S3Code::InvalidArgument, "max-keys is not a number over 0"};
      list.keys_max = static_cast<std::uint32_t>(std::min<std::uint64_t>(*count, kListKeysMax));
    } else if (parameter.name != "x-id" && !(parameter.name == "fetch-owner" && value == "false")) {
      return not_implemented("the query parameter `" + parameter.name + "`");
    }
  }
  if (!version_2) return not_implemented("an operation on a bucket other than ListObjectsV2");
  return S3Request(std::move(list));
}

Result<S3Request, S3Error> parse_put(const RequestHead& head, Place place) {
  PutObject put;
  put.bucket = std::move(place.bucket);
  put.key = std::move(place.key);
  if (!head.has_content_length)
    return S3Error{S3Code::MissingContentLength, "a PUT needs a Content-Length"};
  put.content_length = head.content_length;
  for (const Header& header : head.headers)
    if (auto error = read_put_header(header, put)) return *error;
  return S3Request(std::move(put));
}

void add_digest(std::vector<OwnedHeader>& headers, std::string name, ByteSpan digest) {
  headers.push_back({std::move(name), to_base64(digest)});
}

std::string object_target(std::string_view bucket, std::string_view key) {
  return "/" + percent_encode(bucket, Slash::Encode) + "/" + percent_encode(key, Slash::Keep);
}

}  // namespace

Result<S3Request, S3Error> parse_s3_request(const RequestHead& head) {
  auto target = split_target(head.target);
  if (!target.ok()) return S3Error{S3Code::InvalidUri, target.error().message};
  SEALANE_ASSIGN(Place place, parse_path(target->path));
  if (auto error = check_repeated(head)) return *error;
  if (head.method == Method::Other)
    return S3Error{S3Code::MethodNotAllowed, "the method is not allowed"};
  if (place.key.empty()) return parse_list(head, std::move(place), *target);
  if (auto error = check_object_query(target->query)) return *error;
  switch (head.method) {
    case Method::Put: return parse_put(head, std::move(place));
    case Method::Get: {
      if (auto error = check_reads(head)) return *error;
      GetObject get{.bucket = std::move(place.bucket), .key = std::move(place.key)};
      if (const auto tag = head.header("if-match")) {
        if (!is_strong_tag(*tag)) return not_implemented("If-Match with more than one entity tag");
        get.if_match = *tag;
      }
      if (const auto range = head.header("range")) {
        if (auto spec = parse_range(*range); spec.ok()) get.range = *spec;
      }
      return S3Request(std::move(get));
    }
    case Method::Head:
      if (auto error = check_reads(head)) return *error;
      if (head.header("if-match")) return not_implemented("If-Match of a HEAD");
      return S3Request(HeadObject{std::move(place.bucket), std::move(place.key)});
    default: return not_implemented("this operation on an object");
  }
}

std::string_view policy_action(const S3Request& request) {
  if (std::holds_alternative<PutObject>(request)) return "s3:PutObject";
  if (std::holds_alternative<ListObjectsV2>(request)) return "s3:ListBucket";
  return "s3:GetObject";  // HeadObject too: Amazon S3 API, HeadObject, permissions
}

Request make_request(const PutObject& put, Bytes body) {
  Request request;
  request.method = "PUT";
  request.target = object_target(put.bucket, put.key);
  if (put.create_only) request.headers.push_back({"If-None-Match", "*"});
  if (put.checksum_sha256)
    add_digest(request.headers, "x-amz-checksum-sha256", *put.checksum_sha256);
  if (put.content_md5) add_digest(request.headers, "Content-MD5", *put.content_md5);
  request.body = std::move(body);
  return request;
}

Request make_request(const GetObject& get) {
  Request request;
  request.target = object_target(get.bucket, get.key);
  if (get.range) request.headers.push_back({"Range", range_header(*get.range)});
  if (!get.if_match.empty()) request.headers.push_back({"If-Match", get.if_match});
  return request;
}

Request make_request(const HeadObject& head) {
  Request request;
  request.method = "HEAD";
  request.target = object_target(head.bucket, head.key);
  return request;
}

Request make_request(const ListObjectsV2& list) {
  Request request;
  request.target = "/" + percent_encode(list.bucket, Slash::Encode) + "?list-type=2";
  const auto add = [&request](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    request.target += "&" + std::string(name) + "=" + percent_encode(value, Slash::Encode);
  };
  add("prefix", list.prefix);
  add("start-after", list.start_after);
  add("continuation-token", list.continuation_token);
  add("max-keys", std::to_string(list.keys_max));
  return request;
}

bool valid_bucket_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) return false;
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
  if (!alphanumeric(name.front()) || !alphanumeric(name.back())) return false;
  if (name.find("..") != std::string_view::npos) return false;
  const bool like_an_address =
      std::ranges::all_of(name, [](char c) { return is_digit(c) || c == '.'; }) &&
      std::ranges::count(name, '.') == 3;
  return !like_an_address &&
         std::ranges::all_of(name, [&](char c) { return alphanumeric(c) || c == '-' || c == '.'; });
}

bool valid_object_key(std::string_view key) {
  if (key.empty() || key.size() > kKeyBytesMax || !is_utf8(key)) return false;
  // What XML 1.0 cannot hold could not be listed.
  const bool control = std::ranges::any_of(key, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  if (control || key.find("\xef\xbf\xbe") != std::string_view::npos ||
      key.find("\xef\xbf\xbf") != std::string_view::npos)
    return false;
  std::string_view rest = key;
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment == "." || segment == "..") return false;
    if (slash == std::string_view::npos) return true;
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace sealane::http
