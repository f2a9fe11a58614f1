// SPDX-License-Identifier: Apache-2.0
#include "net/https_client.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

namespace sealane::net {
namespace {

constexpr std::size_t kReadBytes = 64u << 10;
constexpr int kInterimMax = 8;

bool sends_length(const http::Request& request) {
  return !request.body.empty() || request.method == "PUT" || request.method == "POST";
}

bool has_no_body(const http::Request& request, std::uint16_t status) {
  return request.method == "HEAD" || status == 204 || status == 304;
}

}  // namespace

struct HttpsClient::State {
  Options options;
  std::shared_ptr<tls::Context> context;
  std::optional<tls::BlockingClient> connection;
  Bytes input;  // received and not yet used
  bool answer_began = false;
  std::atomic<bool> interrupted = false;
  std::mutex mutex;
  std::shared_ptr<tls::Context> next_context;  // for the next request; null: none waits

  void take_next_context();

  Time now() const {
    return options.policy.clock == nullptr ? SystemClock().now() : options.policy.clock->now();
  }
  Status open();
  Status write_request(const http::Request& request);
  Result<std::size_t> fill();
  Result<http::DecodedResponseHead> read_head();
  Result<Bytes> read_body(const http::ResponseHead& head, const http::Request& request);
  Result<http::Response> exchange(const http::Request& request);
  Result<http::Response> read_response(const http::Request& request);
  void close() {
    connection.reset();
    input.clear();
  }
};

void HttpsClient::State::take_next_context() {
  const std::lock_guard lock(mutex);
  if (!next_context) return;
  context = std::exchange(next_context, nullptr);
  close();
}

Status HttpsClient::State::open() {
  SEALANE_ASSIGN(auto opened, tls::BlockingClient::connect(options.endpoint, context,
                                                           options.connect_timeout, &interrupted));
  connection.emplace(std::move(opened));
  input.clear();
  if (options.on_open) options.on_open(connection->facts());
  return {};
}

Status HttpsClient::State::write_request(const http::Request& request) {
  const std::string host = options.endpoint.host + ":" + std::to_string(options.endpoint.port);
  const std::string length = std::to_string(request.body.size());
  http::RequestHeadFields fields{
      .method = request.method, .target = request.target, .headers = {{"Host", host}}};
  for (const auto& header : request.headers) fields.headers.push_back({header.name, header.value});
  if (sends_length(request)) fields.headers.push_back({"Content-Length", length});
  Bytes first;
  SEALANE_TRY(http::encode_request_head(fields, first));
  // Head and the body's beginning in one record.
  const std::size_t with_head = std::min<std::size_t>(request.body.size(), 8u << 10);
  append(first, ByteSpan(request.body).first(with_head));
  SEALANE_TRY(connection->write(first, options.io_timeout));
  ByteSpan rest = ByteSpan(request.body).subspan(with_head);
  while (!rest.empty()) {
    const std::size_t size = std::min<std::size_t>(rest.size(), 1u << 20);
    SEALANE_TRY(connection->write(rest.first(size), options.io_timeout));
    rest = rest.subspan(size);
  }
  return {};
}

// Reads more into `input`; 0 at the clean end.
Result<std::size_t> HttpsClient::State::fill() {
  const std::size_t before = input.size();
  input.resize(before + kReadBytes);
  auto got = connection->read(MutableByteSpan(input).subspan(before), options.io_timeout);
  input.resize(before + (got.ok() ? *got : 0));
  if (got.ok() && *got > 0) answer_began = true;
  return got;
}

Result<http::DecodedResponseHead> HttpsClient::State::read_head() {
  for (;;) {
    if (!input.empty()) {
      auto decoded = http::decode_response_head(input, options.head);
      if (decoded.ok()) return std::move(decoded).value();
      if (decoded.error().kind == http::HeadErrorKind::TooLarge) {
        return fail(ErrorKind::TooLarge,
                    "the response's head: " + std::string(decoded.error().message));
      }
      if (decoded.error().kind != http::HeadErrorKind::NeedMore) {
        return fail(ErrorKind::Corrupt,
                    "the response's head: " + std::string(decoded.error().message));
      }
    }
    SEALANE_ASSIGN(const std::size_t got, fill());
    if (got == 0)
      return fail(ErrorKind::Unavailable, "the peer closed the connection without an answer");
  }
}

Result<Bytes> HttpsClient::State::read_body(const http::ResponseHead& head,
                                            const http::Request& request) {
  const bool to_the_end = !head.has_content_length;
  const std::uint64_t limit = request.response_bytes_max;
  if (!to_the_end && head.content_length > limit) {
    return fail(ErrorKind::TooLarge,
                "the response has " + std::to_string(head.content_length) + " bytes");
  }
  while (to_the_end || input.size() < head.content_length) {
    if (input.size() > limit) return fail(ErrorKind::TooLarge, "the response exceeds its limit");
    SEALANE_ASSIGN(const std::size_t got, fill());
    if (got == 0 && !to_the_end)
      return fail(ErrorKind::Unavailable, "the peer closed the connection in an answer");
    if (got == 0) break;
  }
  if (to_the_end) return std::exchange(input, {});
  const auto end = input.begin() + static_cast<std::ptrdiff_t>(head.content_length);
  Bytes body(input.begin(), end);
  input.erase(input.begin(), end);
  return body;
}

Result<http::Response> HttpsClient::State::read_response(const http::Request& request) {
  for (int interim = 0; interim < kInterimMax; ++interim) {
    SEALANE_ASSIGN(const http::DecodedResponseHead decoded, read_head());
    http::Response response{.status = decoded.head.status, .headers = {}, .body = {}};
    for (const auto& header : decoded.head.headers) {
      response.headers.push_back({std::string(header.name), std::string(header.value)});
    }
    // The head's texts are views into `input`: what is needed later is copied first.
    http::ResponseHead facts = decoded.head;
    facts.headers.clear();
    facts.reason = {};
    input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(decoded.bytes));
    if (response.status >= 100 && response.status < 200) continue;
    const bool bodiless = has_no_body(request, response.status);
    if (!bodiless) {
      SEALANE_ASSIGN(response.body, read_body(facts, request));
    }
    const bool ended = !bodiless && !facts.has_content_length;
    if (!facts.keep_alive || ended || !input.empty()) close();
    return response;
  }
  return fail(ErrorKind::Corrupt, "the peer sends only interim responses");
}

Result<http::Response> HttpsClient::State::exchange(const http::Request& request) {
  answer_began = false;
  const Status written = write_request(request);
  if (!written.ok() && written.error().kind != ErrorKind::Unavailable) return written.error();
  // A server that refuses early answers and closes before it read the whole body.
  auto response = read_response(request);
  if (!written.ok()) {
    if (!response.ok() && response.error().kind != ErrorKind::Denied) return written.error();
    close();
  }
  return response;
}

HttpsClient::HttpsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpsClient::~HttpsClient() = default;

Result<std::unique_ptr<HttpsClient>> HttpsClient::create(Options options) {
  SEALANE_ASSIGN(auto context, tls::Context::client(options.policy));
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->context = std::move(context);
  return std::unique_ptr<HttpsClient>(new HttpsClient(std::move(state)));
}

Result<http::Response> HttpsClient::send(const http::Request& request) {
  if (state_->interrupted) return fail(ErrorKind::Unavailable, "interrupted");
  if (state_->connection && state_->now() >= state_->connection->facts().ends_at) state_->close();
  state_->take_next_context();
  const bool kept = state_->connection.has_value();
  if (!kept) SEALANE_TRY(state_->open());
  auto response = state_->exchange(request);
  if (response.ok()) return response;
  state_->close();
  const bool stale =
      kept && !state_->answer_began && response.error().kind == ErrorKind::Unavailable;
  if (!stale) return response;
  SEALANE_TRY(state_->open());
  response = state_->exchange(request);
  if (!response.ok()) state_->close();
  return response;
}

std::optional<tls::PeerFacts> HttpsClient::facts() const {
  if (!state_->connection) return std::nullopt;
  return state_->connection->facts();
}

void HttpsClient::close() { state_->close(); }
Status HttpsClient::set_identity(std::shared_ptr<const tls::Credentials> credentials,
                                 std::string trusted_ca_pem) {
  tls::ClientPolicy policy = state_->options.policy;
  policy.credentials = std::move(credentials);
  policy.trusted_ca_pem = std::move(trusted_ca_pem);
  SEALANE_ASSIGN(auto context, tls::Context::client(std::move(policy)));
  const std::lock_guard lock(state_->mutex);
  state_->next_context = std::move(context);
  return {};
}
void HttpsClient::interrupt() { state_->interrupted = true; }

}  // namespace sealane::net
