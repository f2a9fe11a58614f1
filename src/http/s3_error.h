// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sealane::http {

enum class S3Code : std::uint8_t {
  AccessDenied,
  BadDigest,
  EntityTooLarge,
  InternalError,
  InvalidArgument,
  InvalidBucketName,
  InvalidDigest,
  InvalidRange,
  InvalidRequest,
  InvalidUri,
  KeyTooLong,
  MethodNotAllowed,
  MissingContentLength,
  NoSuchBucket,
  NoSuchKey,
  NotImplemented,
  PreconditionFailed,
  ServiceUnavailable,
};

// What a caller of the S3 API is told.  `message` is visible to the peer.
struct S3Error {
  S3Code code = S3Code::InternalError;
  std::string message{};
};

std::string_view name_of(S3Code code);  // `NoSuchKey`
std::uint16_t status_of(S3Code code);   // 404
// The code for a failure of the store; the message stays with the operator.
S3Code s3_code_of(ErrorKind kind);

// The XML error document of S3.
std::string encode_s3_error(const S3Error& error, std::string_view resource);
// Errors: Corrupt – not such a document.  An unknown code becomes InternalError, its name in the
// message.
Result<S3Error> decode_s3_error(std::string_view document);

}  // namespace sealane::http
