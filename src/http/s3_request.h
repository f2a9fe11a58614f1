// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/result.h"
#include "http/client.h"
#include "http/head.h"
#include "http/range.h"
#include "http/s3_error.h"

namespace sealane::http {

// `PUT /bucket/key`.  With create_only (`If-None-Match: *`) an object that exists stays as it is
// and the answer is PreconditionFailed.
struct PutObject {
  std::string bucket{};
  std::string key{};
  std::uint64_t content_length = 0;
  bool create_only = false;
  std::optional<std::array<std::byte, 32>> checksum_sha256{};  // x-amz-checksum-sha256
  std::optional<std::array<std::byte, 16>> content_md5{};
  bool operator==(const PutObject&) const = default;
};
// `GET /bucket/key`.  A Range that is not understood is ignored, as RFC 9110 §14.2 asks.  With
// `if_match` an object with another entity tag is answered PreconditionFailed.
struct GetObject {
  std::string bucket{};
  std::string key{};
  std::optional<RangeSpec> range{};
  std::string if_match{};  // one entity tag with its quotes; empty: none
  bool operator==(const GetObject&) const = default;
};
struct HeadObject {
  std::string bucket{};
  std::string key{};
  bool operator==(const HeadObject&) const = default;
};
// `GET /bucket?list-type=2`.  With a continuation token the start_after is ignored.
struct ListObjectsV2 {
  std::string bucket{};
  std::string prefix{};
  std::string start_after{};
  std::string continuation_token{};
  std::uint32_t keys_max = 1000;  // 1..1000
  bool operator==(const ListObjectsV2&) const = default;
};

using S3Request = std::variant<PutObject, GetObject, HeadObject, ListObjectsV2>;

// What an S3 request asks for, path style only.
//
// Source:   Amazon S3 API (reference of PutObject, GetObject, HeadObject, ListObjectsV2).
// Errors:   S3Error, ready for encode_s3_error: an operation, header or query parameter that would
//           change the meaning and is not implemented is NotImplemented, never ignored.
// Bounds:   keys of 1..1024 bytes of UTF-8 without control characters, and without `.` or `..` as a
//           segment.
// Threads:  pure.
Result<S3Request, S3Error> parse_s3_request(const RequestHead& head);

// `s3:PutObject` and so on: the action that policy decides.
std::string_view policy_action(const S3Request& request);
// The requests of a client, for HttpClient::send.  PutObject gets the body separately, by move.
Request make_request(const PutObject& put, Bytes body);
Request make_request(const GetObject& get);
Request make_request(const HeadObject& head);
Request make_request(const ListObjectsV2& list);

bool valid_bucket_name(std::string_view name);
bool valid_object_key(std::string_view key);

}  // namespace sealane::http
