// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "http/client.h"

namespace sealane::http {

// A peer in memory: a function answers, every request is kept.
class FakeHttpClient final : public HttpClient {
 public:
  using Answer = std::function<Result<Response>(const Request&)>;
  explicit FakeHttpClient(Answer answer) : answer_(std::move(answer)) {}

  Result<Response> send(const Request& request) override {
    requests_.push_back(request);
    auto response = answer_(request);
    if (response.ok() && response->body.size() > request.response_bytes_max)
      return fail(ErrorKind::TooLarge, "the response exceeds its limit");
    return response;
  }
  const std::vector<Request>& requests() const { return requests_; }

 private:
  Answer answer_;
  std::vector<Request> requests_;
};

}  // namespace sealane::http
