// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sealane::http {

// A header that owns its texts.
struct OwnedHeader {
  std::string name{};
  std::string value{};
  bool operator==(const OwnedHeader&) const = default;
};

// A whole request.  The implementation adds Host, Content-Length and Connection.
struct Request {
  std::string method = "GET";
  std::string target = "/";
  std::vector<OwnedHeader> headers{};
  Bytes body{};
  std::uint64_t response_bytes_max = 64ULL * 1024 * 1024;
};

// A whole response.
struct Response {
  std::uint16_t status = 0;
  std::vector<OwnedHeader> headers{};
  Bytes body{};
  std::optional<std::string_view> header(std::string_view name) const;
};

// Seam: one HTTPS peer.  Implementation: net.  Twin: http/testing/fake_http_client.h.
//
// Threads: one caller at a time.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Blocks until the whole response is here or a deadline passes.  A status of 400 and over is a
  // response, not an error.
  // Errors: Unavailable – no connection, or it broke (whether the request took effect is open);
  //         Timeout; Denied – the peer is not who it must be, or refuses us; TooLarge – the body
  //         exceeds request.response_bytes_max; Corrupt – not HTTP.
  virtual Result<Response> send(const Request& request) = 0;
};

}  // namespace sealane::http
