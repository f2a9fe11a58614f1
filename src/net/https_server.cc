// SPDX-License-Identifier: Apache-2.0
#include "net/https_server.h"

#include <algorithm>
#include <utility>

namespace sealane::net {
namespace {

constexpr std::size_t kReadBytes = 16u << 10;
constexpr std::size_t kWriteBytes = 256u << 10;
constexpr std::chrono::milliseconds kCloseTime{2000};

bool has_no_body(std::uint16_t status) { return status == 204 || status == 304; }

}  // namespace

struct HttpExchange::State {
  State(TlsStream& on, const HttpServerLimits& bounds) : stream(on), limits(bounds) {}

  TlsStream& stream;
  const HttpServerLimits& limits;
  http::RequestHead head;
  ByteSpan ahead;  // what came behind the head: the body's beginning, perhaps a next request
  std::uint64_t body_left = 0;
  bool continue_due = false;
  bool answered = false;
  bool close_after = false;
  std::uint64_t response_left = 0;
};

HttpExchange::~HttpExchange() = default;
const http::RequestHead& HttpExchange::head() const { return state_.head; }
const tls::PeerFacts& HttpExchange::peer() const { return state_.stream.facts(); }
const std::string& HttpExchange::peer_address() const { return state_.stream.peer_address(); }
bool HttpExchange::answered() const { return state_.answered; }
void HttpExchange::close_after() { state_.close_after = true; }

Task<Result<std::size_t>> HttpExchange::read_some(MutableByteSpan to) {
  if (state_.body_left == 0 || to.empty()) co_return std::size_t{0};
  to = to.first(static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), state_.body_left)));
  if (!state_.ahead.empty()) {
    const std::size_t size = std::min(to.size(), state_.ahead.size());
    copy_bytes(to, state_.ahead.first(size));
    state_.ahead = state_.ahead.subspan(size);
    state_.body_left -= size;
    co_return size;
  }
  if (std::exchange(state_.continue_due, false)) {
    SEALANE_CO_TRY(state_.stream.write(as_bytes(http::kContinue)));
    state_.stream.flush();
  }
  state_.stream.expires_after(state_.limits.body_time_max);
  const auto got = co_await state_.stream.read_some(to);
  if (!got.ok()) co_return got.error();
  if (*got == 0)
    co_return fail(ErrorKind::Unavailable, "the client left in the middle of a request");
  state_.body_left -= *got;
  co_return *got;
}

Task<Result<Bytes>> HttpExchange::read_body(std::size_t bytes_max) {
  if (state_.body_left > bytes_max)
    co_return fail(ErrorKind::TooLarge, "the request's body is too long");
  Bytes body(static_cast<std::size_t>(state_.body_left));
  for (std::size_t at = 0; at < body.size();) {
    const auto got = co_await read_some(MutableByteSpan(body).subspan(at));
    if (!got.ok()) co_return got.error();
    at += *got;
  }
  co_return body;
}

Task<Status> HttpExchange::begin(std::uint16_t status, std::vector<http::OwnedHeader> headers,
                                 std::uint64_t content_length) {
  if (state_.answered) co_return fail(ErrorKind::Conflict, "the request is answered already");
  // A body that waits for `100 Continue` may come or not: only a new connection is unambiguous.
  if (state_.continue_due || state_.body_left > state_.limits.skip_bytes_max)
    state_.close_after = true;
  const std::string length = std::to_string(content_length);
  http::ResponseHeadFields fields{.status = status, .headers = {}};
  for (const auto& header : headers) fields.headers.push_back({header.name, header.value});
  if (!has_no_body(status)) fields.headers.push_back({"Content-Length", length});
  fields.headers.push_back({"Connection", state_.close_after ? "close" : "keep-alive"});
  Bytes head;
  SEALANE_CO_TRY(http::encode_response_head(fields, head));
  state_.answered = true;
  state_.response_left =
      state_.head.method == http::Method::Head || has_no_body(status) ? 0 : content_length;
  SEALANE_CO_TRY(state_.stream.write(head));
  if (state_.response_left == 0) state_.stream.flush();
  co_return Status();
}

Task<Status> HttpExchange::write(Bytes piece) {
  if (!state_.answered || piece.size() > state_.response_left) {
    co_return fail(ErrorKind::Internal, "more body than the response's head says");
  }
  state_.response_left -= piece.size();
  ByteSpan left = piece;
  while (!left.empty()) {
    const std::size_t size = std::min(left.size(), kWriteBytes);
    SEALANE_CO_TRY(state_.stream.write(left.first(size)));
    left = left.subspan(size);
    state_.stream.expires_after(state_.limits.body_time_max);
    const Status drained = co_await state_.stream.drained();
    if (!drained.ok()) co_return drained;
  }
  co_return Status();
}

Task<Status> HttpExchange::respond(std::uint16_t status, std::vector<http::OwnedHeader> headers,
                                   Bytes body) {
  const Status begun = co_await begin(status, std::move(headers), body.size());
  if (!begun.ok()) co_return begun;
  if (state_.response_left == 0) co_return Status();
  co_return co_await write(std::move(body));
}

// One connection: heads, handlers, and what stays in between.
class HttpConnection {
 public:
  HttpConnection(TlsStream stream, HttpHandler handler, HttpServerLimits limits)
      : stream_(std::move(stream)), handler_(std::move(handler)), limits_(limits) {}

  Task<> run() {
    bool graceful = true;
    for (std::uint64_t count = 0; count < limits_.requests_max; ++count) {
      const Next next = co_await one_request(count + 1 == limits_.requests_max);
      if (next == Next::Request) continue;
      graceful = next == Next::Close;
      break;
    }
    if (graceful) {
      co_await stream_.close_gracefully(kCloseTime);
    } else {
      stream_.close();
    }
  }

 private:
  enum class Next { Request, Close, Drop };

  // Reads until a head is complete; nothing at the connection's end or after a refusal.
  Task<std::optional<http::DecodedRequestHead>> read_head(Next& next) {
    stream_.expires_after(input_.empty() ? limits_.idle_time_max : limits_.head_time_max);
    for (;;) {
      if (!input_.empty()) {
        auto decoded = http::decode_request_head(input_, limits_.head);
        if (decoded.ok()) co_return std::move(decoded).value();
        if (decoded.error().kind != http::HeadErrorKind::NeedMore) {
          next = refuse(decoded.error().status);
          co_return std::nullopt;
        }
      }
      const std::size_t before = input_.size();
      input_.resize(before + kReadBytes);
      const auto got = co_await stream_.read_some(MutableByteSpan(input_).subspan(before));
      input_.resize(before + (got.ok() ? *got : 0));
      if (!got.ok() || *got == 0) {
        const bool late = !got.ok() && got.error().kind == ErrorKind::Timeout;
        next = late && before > 0 ? refuse(408) : Next::Drop;
        co_return std::nullopt;
      }
      if (before == 0) stream_.expires_after(limits_.head_time_max);
    }
  }

  // Answers something that never became a request.
  Next refuse(std::uint16_t status) {
    Bytes head;
    const http::ResponseHeadFields fields{
        .status = status, .headers = {{"Content-Length", "0"}, {"Connection", "close"}}};
    if (!http::encode_response_head(fields, head).ok() || !stream_.write(head).ok())
      return Next::Drop;
    stream_.flush();
    return Next::Close;
  }

  Task<Next> one_request(bool last) {
    Next next = Next::Close;
    const auto decoded = co_await read_head(next);
    if (!decoded) co_return next;
    HttpExchange::State state(stream_, limits_);
    state.head = decoded->head;
    state.ahead = ByteSpan(input_).subspan(decoded->bytes);
    state.body_left = decoded->head.content_length;
    state.continue_due =
        decoded->head.expect_continue && state.body_left > 0 && state.ahead.empty();
    state.close_after = !decoded->head.keep_alive || last;
    HttpExchange exchange(state);
    const Status handled = co_await handler_(exchange);
    if (!handled.ok()) co_return Next::Drop;
    if (!state.answered) {
      state.close_after = true;
      const Status answered = co_await exchange.respond(500, {}, {});
      co_return answered.ok() ? Next::Close : Next::Drop;
    }
    if (state.response_left > 0) co_return Next::Drop;
    stream_.expires_after(limits_.body_time_max);
    const Status drained = co_await stream_.drained();
    if (!drained.ok()) co_return Next::Drop;
    if (state.close_after) co_return Next::Close;
    // The rest of a body that nobody wanted; begin() made sure that it is short.
    Bytes sink(kReadBytes);
    while (state.body_left > 0) {
      const auto got = co_await exchange.read_some(sink);
      if (!got.ok()) co_return Next::Drop;
    }
    const std::size_t keep = state.ahead.size();
    input_.erase(input_.begin(), input_.end() - static_cast<std::ptrdiff_t>(keep));
    co_return Next::Request;
  }

  TlsStream stream_;
  HttpHandler handler_;
  HttpServerLimits limits_;
  // INVARIANT: unchanged while a handler runs; the head's texts are views into it.
  Bytes input_;
};

Task<> serve_http(TlsStream stream, HttpHandler handler, HttpServerLimits limits) {
  HttpConnection connection(std::move(stream), std::move(handler), limits);
  co_await connection.run();
}

}  // namespace sealane::net
