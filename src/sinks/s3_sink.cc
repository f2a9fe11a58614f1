// SPDX-License-Identifier: Apache-2.0
#include "sinks/s3_sink.h"

#include "http/s3_error.h"
#include "http/s3_request.h"

namespace sealane::sinks {
namespace {

constexpr std::uint64_t kAnswerBytesMax = 64u << 10;

Error refused(const http::Response& response, const std::string& key) {
  auto told = http::decode_s3_error(as_text(response.body));
  const std::string why = told.ok() ? std::string(http::name_of(told->code)) : "no reason";
  const ErrorKind kind = response.status == 403                             ? ErrorKind::Denied
                         : response.status >= 500 || response.status == 408 ? ErrorKind::Unavailable
                                                                            : ErrorKind::Invalid;
  return fail(kind, "the store answered " + std::to_string(response.status) + " (" + why +
                        ") to `" + key + "`");
}

}  // namespace

Result<PutOutcome> S3Sink::put_new(const std::string& key, ByteSpan data,
                                   const crypto::Sha256& sha256) {
  http::PutObject put;
  put.bucket = bucket_;
  put.key = key;
  put.content_length = data.size();
  put.create_only = true;
  put.checksum_sha256 = sha256;
  http::Request request = http::make_request(put, to_bytes(data));
  request.response_bytes_max = kAnswerBytesMax;
  SEALANE_ASSIGN(const http::Response response, client_.send(request));
  if (response.status == 200) return PutOutcome::Created;
  if (response.status == 412) {
    // The object exists: ours from an attempt whose answer was lost, or somebody else's.
    if (response.header("x-amz-checksum-sha256") == to_base64(sha256))
      return PutOutcome::AlreadySame;
    return fail(ErrorKind::Conflict, "the store has another object named `" + key + "`");
  }
  return refused(response, key);
}

}  // namespace sealane::sinks
