// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "http/client.h"
#include "sinks/sink.h"

namespace sealane::sinks {

// A bucket of the S3 API behind an HTTPS client that has verified its peer.
// Source:  Amazon S3 API, PutObject with If-None-Match.
// Threads: one at a time.
class S3Sink final : public Sink {
 public:
  S3Sink(http::HttpClient& client, std::string bucket)
      : client_(client), bucket_(std::move(bucket)) {}
  Result<PutOutcome> put_new(const std::string& key, ByteSpan data,
                             const crypto::Sha256& sha256) override;

 private:
  http::HttpClient& client_;
  std::string bucket_;
};

}  // namespace sealane::sinks
