// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "http/client.h"
#include "http/range.h"
#include "http/s3_request.h"

namespace sealane::http {

struct ObjectReaderOptions {
  std::uint64_t first_bytes = 4u << 10;  // asked for at open: a sealed message's header fits
  std::uint64_t at_least_bytes = 0;      // asked for at once by later reads, as far as there are
};

struct ObjectReadCounts {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;  // of the object
};

// Reads one object by ranges.  The first answer says its size and entity tag; every later one must
// be of the range asked for and of an object with the same size and tag, and the server is asked to
// refuse when the tag is another (If-Match).
//
// Source:  RFC 9110 §13.1.1, §14; Amazon S3 API, GetObject.
// Errors:  NotFound, Denied, Unavailable – what the server answers; Unsupported – it sends the
//          whole where a range was asked for; Conflict – the object is another than at the first
//          answer; Corrupt – an answer that does not fit what was asked for; those of `client`.
// Bounds:  one answer in memory.
// Threads: one at a time.  `client` outlives the reader.
class ObjectReader {
 public:
  static Result<ObjectReader> open(HttpClient& client, std::string bucket, std::string key,
                                   const ObjectReaderOptions& options = {});

  std::uint64_t size() const { return size_; }
  // With its quotes; empty when the server gives none.
  const std::string& etag() const { return etag_; }
  const ObjectReadCounts& counts() const { return counts_; }

  // Fills all of `to`.  Errors: besides, Corrupt – the object ends before.
  Status read(std::uint64_t offset, MutableByteSpan to);

 private:
  ObjectReader(HttpClient& client, GetObject get, const ObjectReaderOptions& options)
      : client_(&client), get_(std::move(get)), options_(options) {}
  Result<Response> ask(ByteRange range);
  Error refused(const Response& response) const;
  Status check(const Response& response, ByteRange asked);
  Status fetch(ByteRange range);

  HttpClient* client_;
  GetObject get_;
  ObjectReaderOptions options_;
  bool opened_ = false;
  std::uint64_t size_ = 0;
  std::string etag_;
  std::uint64_t window_at_ = 0;
  Bytes window_;  // the last answer
  ObjectReadCounts counts_;
};

}  // namespace sealane::http
