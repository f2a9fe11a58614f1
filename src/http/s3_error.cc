// SPDX-License-Identifier: Apache-2.0
#include "http/s3_error.h"

#include <array>

#include "http/xml_internal.h"

namespace sealane::http {
namespace {

struct Row {
  S3Code code;
  std::string_view name;
  std::uint16_t status;
};

// Amazon S3 API reference, "Error responses".
constexpr std::array kRows{
    Row{S3Code::AccessDenied, "AccessDenied", 403},
    Row{S3Code::BadDigest, "BadDigest", 400},
    Row{S3Code::EntityTooLarge, "EntityTooLarge", 400},
    Row{S3Code::InternalError, "InternalError", 500},
    Row{S3Code::InvalidArgument, "InvalidArgument", 400},
    Row{S3Code::InvalidBucketName, "InvalidBucketName", 400},
    Row{S3Code::InvalidDigest, "InvalidDigest", 400},
    Row{S3Code::InvalidRange, "InvalidRange", 416},
    Row{S3Code::InvalidRequest, "InvalidRequest", 400},
    Row{S3Code::InvalidUri, "InvalidURI", 400},
    Row{S3Code::KeyTooLong, "KeyTooLongError", 400},
    Row{S3Code::MethodNotAllowed, "MethodNotAllowed", 405},
    Row{S3Code::MissingContentLength, "MissingContentLength", 411},
    Row{S3Code::NoSuchBucket, "NoSuchBucket", 404},
    Row{S3Code::NoSuchKey, "NoSuchKey", 404},
    Row{S3Code::NotImplemented, "NotImplemented", 501},
    Row{S3Code::PreconditionFailed, "PreconditionFailed", 412},
    Row{S3Code::ServiceUnavailable, "ServiceUnavailable", 503},
};

const Row& row_of(S3Code code) {
  for (const Row& row : kRows)
    if (row.code == code) return row;
  return kRows[3];
}

}  // namespace

std::string_view name_of(S3Code code) { return row_of(code).name; }
std::uint16_t status_of(S3Code code) { return row_of(code).status; }

S3Code s3_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid: return S3Code::InvalidRequest;
    case ErrorKind::NotFound: return S3Code::NoSuchKey;
    case ErrorKind::Denied: return S3Code::AccessDenied;
    case ErrorKind::Conflict: return S3Code::PreconditionFailed;
    case ErrorKind::TooLarge: return S3Code::EntityTooLarge;
    case ErrorKind::Timeout:
    case ErrorKind::Unavailable: return S3Code::ServiceUnavailable;
    case ErrorKind::Unsupported: return S3Code::NotImplemented;
    case ErrorKind::Corrupt:
    case ErrorKind::Internal: return S3Code::InternalError;
  }
  return S3Code::InternalError;
}

std::string encode_s3_error(const S3Error& error, std::string_view resource) {
  std::string out(kXmlDeclaration);
  out += "<Error>";
  append_element(out, "Code", name_of(error.code));
  append_element(out, "Message", error.message);
  append_element(out, "Resource", resource);
  out += "</Error>";
  return out;
}

Result<S3Error> decode_s3_error(std::string_view document) {
  SEALANE_ASSIGN(const XmlElement root, parse_xml(document, 64));
  if (root.name != "Error") return fail(ErrorKind::Corrupt, "not an S3 error document");
  const std::string* code = root.text_of("Code");
  if (!code) return fail(ErrorKind::Corrupt, "an S3 error document without a code");
  const std::string* message = root.text_of("Message");
  for (const Row& row : kRows)
    if (row.name == *code) return S3Error{row.code, message ? *message : std::string()};
  return S3Error{S3Code::InternalError, *code};
}

}  // namespace sealane::http
