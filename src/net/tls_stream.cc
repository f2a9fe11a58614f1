// SPDX-License-Identifier: Apache-2.0
#include "net/tls_stream.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include "net/deadline.h"

namespace sealane::net {
namespace {

using asio::ip::tcp;
using SteadyClock = std::chrono::steady_clock;

// A record's plaintext; OpenSSL would cut longer writes itself.
constexpr std::size_t kRecordBytes = 16u << 10;
// Reads in a row that found data waiting, after which others have their turn.
constexpr int kReadsInARowMax = 4;
// What linger() takes at most.
constexpr std::size_t kLingerBytesMax = 256u << 10;
// How often a stream that ends at a time looks at the clock, which may be set.
constexpr std::chrono::milliseconds kClockLookInterval{60'000};

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

int prepare(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(tcp::no_delay(true), ignored);
  return socket.native_handle();
}

}  // namespace

std::string peer_of(const tcp::socket& socket) {
  boost::system::error_code error;
  const tcp::endpoint endpoint = socket.remote_endpoint(error);
  return error ? "unknown" : text_of(endpoint);
}

struct TlsStream::State : std::enable_shared_from_this<State> {
  State(tcp::socket taken, std::shared_ptr<tls::Context> context, Limits bounds)
      : socket(std::move(taken)),
        connection(std::move(context), prepare(socket)),
        limits(bounds),
        peer(peer_of(socket)),
        progress(socket.get_executor(), SteadyClock::time_point::max()),
        timer(socket.get_executor()),
        end_timer(socket.get_executor()) {}

  // INVARIANT: the connection borrows the socket's descriptor; nothing calls it once `open` is
  // false.
  tcp::socket socket;
  tls::Connection connection;
  Limits limits;
  std::string peer;
  bool open = true;
  std::optional<Result<std::size_t>> read_end;  // once reading is over
  std::string failure;                          // why writing is over; empty while it works
  int reads_in_a_row = 0;                       // without having waited

  Bytes output;
  std::size_t output_sent = 0;  // of `output`
  bool write_armed = false;
  asio::steady_timer progress;  // cancelled to wake those who wait for the output

  asio::steady_timer timer;
  bool timer_armed = false;
  SteadyClock::time_point timer_at;
  SteadyClock::time_point deadline = SteadyClock::time_point::max();
  bool timed_out = false;

  const Clock* end_clock = nullptr;
  Time end_at = Time::max();
  std::string end_why;   // what it will have ended for
  std::string ended;     // what it has ended for; empty before
  bool closing = false;  // what is left to do is done, whether ended or not
  asio::steady_timer end_timer;

  std::size_t unsent() const { return output.size() - output_sent; }

  void arm_timer();
  void on_timer();
  void arm_end_timer();
  bool end_if_due();
  void end(std::string why);
  void flush();
  void arm_write(tcp::socket::wait_type kind);
  void compact();
  void close();
  std::optional<Result<std::size_t>> try_read(MutableByteSpan to, tls::Step& step);
  Result<std::size_t> end_of_reading(tls::Step step) const;
  Status check_waitable() const;

  static Task<Status> wait(std::shared_ptr<State> self, tls::Step step);
  static Task<Result<tls::PeerFacts, tls::Refusal>> handshake(std::shared_ptr<State> self);
  static Task<Result<std::size_t>> read_some(std::shared_ptr<State> self, MutableByteSpan to);
  static Task<Status> drained(std::shared_ptr<State> self, std::size_t at_most);
  static Task<> linger(std::shared_ptr<State> self, std::chrono::milliseconds limit);
  static Task<> close_gracefully(std::shared_ptr<State> self, std::chrono::milliseconds limit);
};

void TlsStream::State::arm_timer() {
  if (deadline == SteadyClock::time_point::max() || (timer_armed && timer_at <= deadline)) return;
  timer_armed = true;
  timer_at = deadline;
  timer.expires_at(deadline);
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->on_timer();
  });
}

void TlsStream::State::on_timer() {
  timer_armed = false;
  if (SteadyClock::now() < deadline) {
    arm_timer();
    return;
  }
  deadline = SteadyClock::time_point::max();
  timed_out = true;
  boost::system::error_code ignored;
  if (open) socket.cancel(ignored);
  progress.cancel();
}

void TlsStream::State::arm_end_timer() {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_at - end_clock->now());
  end_timer.expires_after(std::clamp(left, std::chrono::milliseconds(1), kClockLookInterval));
  end_timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (error) return;
    const auto self = weak.lock();
    if (self && self->open && !self->end_if_due()) self->arm_end_timer();
  });
}

bool TlsStream::State::end_if_due() {
  if (ended.empty() && end_clock != nullptr && end_clock->now() >= end_at) end(end_why);
  return !ended.empty();
}

void TlsStream::State::end(std::string why) {
  if (!ended.empty()) return;
  ended = std::move(why);
  end_timer.cancel();
  boost::system::error_code ignored;
  if (open) socket.cancel(ignored);
  progress.cancel();
}

Status TlsStream::State::check_waitable() const {
  if (!ended.empty() && !closing) return fail(ErrorKind::Denied, ended);
  if (!open) return fail(ErrorKind::Unavailable, "the connection is closed");
  if (timed_out) return fail(ErrorKind::Timeout, "the peer took longer than allowed");
  return {};
}

Task<Status> TlsStream::State::wait(std::shared_ptr<State> self, tls::Step step) {
  SEALANE_CO_TRY(self->check_waitable());
  const auto kind = step == tls::Step::WantWrite ? tcp::socket::wait_write : tcp::socket::wait_read;
  const auto result = co_await self->socket.async_wait(kind, kAwait);
  const boost::system::error_code error = std::get<0>(result);
  SEALANE_CO_TRY(self->check_waitable());
  if (error) co_return fail(ErrorKind::Unavailable, error.message());
  co_return Status();
}

Task<Result<tls::PeerFacts, tls::Refusal>> TlsStream::State::handshake(
    std::shared_ptr<State> self) {
  for (;;) {
    const tls::Step step = self->connection.handshake();
    if (step == tls::Step::Done) co_return self->connection.facts();
    if (step == tls::Step::Failed) co_return self->connection.refusal();
    const Status waited = co_await wait(self, step);
    if (waited.ok()) continue;
    const bool late = waited.error().kind == ErrorKind::Timeout;
    co_return self->connection.abandon(
        late ? tls::RefusalReason::Timeout : tls::RefusalReason::Disconnected,
        late ? "the handshake took longer than allowed" : waited.error().message);
  }
}

std::optional<Result<std::size_t>> TlsStream::State::try_read(MutableByteSpan to, tls::Step& step) {
  if (!ended.empty()) return fail(ErrorKind::Denied, ended);
  if (!open) return fail(ErrorKind::Unavailable, "the connection is closed");
  if (read_end) return *read_end;
  // TLS gives one record at a time; small records that arrived together are taken together.
  std::size_t got = 0;
  do {
    const tls::Io io = connection.read(to.subspan(got));
    step = io.step;
    if (io.step == tls::Step::WantRead || io.step == tls::Step::WantWrite) break;
    if (io.step != tls::Step::Done) {
      read_end = end_of_reading(io.step);
      if (got == 0) return *read_end;
      break;
    }
    got += io.bytes;
  } while (got < to.size() && connection.has_pending());
  if (got == 0) return std::nullopt;
  return got;
}

// What every read says from now on: 0 after close_notify, else why it is over.
Result<std::size_t> TlsStream::State::end_of_reading(tls::Step step) const {
  if (step == tls::Step::Closed) {
    if (connection.closed_cleanly()) return std::size_t{0};
    return fail(ErrorKind::Unavailable, connection.error());
  }
  const bool alert = connection.error().contains("alert");
  return fail(alert ? ErrorKind::Denied : ErrorKind::Unavailable, connection.error());
}

Task<Result<std::size_t>> TlsStream::State::read_some(std::shared_ptr<State> self,
                                                      MutableByteSpan to) {
  // Before the read, so that nothing runs between it and the caller.
  if (++self->reads_in_a_row > kReadsInARowMax) {
    self->reads_in_a_row = 0;
    co_await asio::post(self->socket.get_executor(), kAwait);
  }
  for (;;) {
    tls::Step step = tls::Step::WantRead;
    if (auto now = self->try_read(to, step)) co_return *std::move(now);
    self->reads_in_a_row = 0;
    const Status waited = co_await wait(self, step);
    if (!waited.ok()) co_return waited.error();
  }
}

void TlsStream::State::compact() {
  if (output_sent == output.size()) {
    output.clear();
    output_sent = 0;
  } else if (output_sent >= 256u << 10 && output_sent >= output.size() / 2) {
    output.erase(output.begin(), output.begin() + static_cast<std::ptrdiff_t>(output_sent));
    output_sent = 0;
  }
}

void TlsStream::State::arm_write(tcp::socket::wait_type kind) {
  write_armed = true;
  // Weak: output that nobody owns any more does not keep the connection open.
  socket.async_wait(kind, [weak = weak_from_this()](const boost::system::error_code&) {
    const auto self = weak.lock();
    if (!self) return;
    self->write_armed = false;
    self->flush();
  });
}

void TlsStream::State::flush() {
  while (open && failure.empty() && !write_armed && unsent() > 0) {
    const ByteSpan next = ByteSpan(output).subspan(output_sent, std::min(unsent(), kRecordBytes));
    const tls::Io io = connection.write(next);
    switch (io.step) {
      case tls::Step::Done: output_sent += io.bytes; break;
      case tls::Step::WantRead: arm_write(tcp::socket::wait_read); break;
      case tls::Step::WantWrite: arm_write(tcp::socket::wait_write); break;
      case tls::Step::Closed:
      case tls::Step::Failed:
        failure =
            connection.error().empty() ? "the peer closed the connection" : connection.error();
        break;
    }
  }
  compact();
  if (!failure.empty() || unsent() <= limits.output_bytes_low) progress.cancel();
}

Task<Status> TlsStream::State::drained(std::shared_ptr<State> self, std::size_t at_most) {
  for (;;) {
    self->flush();
    if (!self->ended.empty() && !self->closing) co_return fail(ErrorKind::Denied, self->ended);
    if (!self->failure.empty()) co_return fail(ErrorKind::Unavailable, self->failure);
    if (self->unsent() <= at_most) co_return Status();
    SEALANE_CO_TRY(self->check_waitable());
    co_await self->progress.async_wait(kAwait);
  }
}

void TlsStream::State::close() {
  if (!open) return;
  connection.shutdown();
  open = false;
  boost::system::error_code ignored;
  socket.close(ignored);
  progress.cancel();
  timer.cancel();
  end_timer.cancel();
}

Task<> TlsStream::State::linger(std::shared_ptr<State> self, std::chrono::milliseconds limit) {
  if (!self->open) co_return;
  boost::system::error_code error;
  self->socket.shutdown(tcp::socket::shutdown_send, error);
  self->closing = true;
  self->timed_out = false;
  self->deadline = SteadyClock::now() + limit;
  self->arm_timer();
  std::array<std::byte, 4096> sink;
  for (std::size_t taken = 0; taken < kLingerBytesMax;) {
    const std::size_t got = self->socket.read_some(asio::buffer(sink), error);
    taken += got;
    if (!error) continue;
    if (error != asio::error::would_block) break;
    const Status waited = co_await wait(self, tls::Step::WantRead);
    if (!waited.ok()) break;
  }
  self->close();
}

Task<> TlsStream::State::close_gracefully(std::shared_ptr<State> self,
                                          std::chrono::milliseconds limit) {
  self->closing = true;
  self->timed_out = false;
  self->deadline = SteadyClock::now() + limit;
  self->arm_timer();
  const Status sent = co_await drained(self, 0);
  if (!sent.ok() || !self->open) {
    self->close();
    co_return;
  }
  self->connection.shutdown();
  co_await linger(self, limit);
}

TlsStream::TlsStream(tcp::socket socket, std::shared_ptr<tls::Context> context, Limits limits)
    : state_(std::make_shared<State>(std::move(socket), std::move(context), limits)) {}

void TlsStream::expires_after(std::chrono::milliseconds time) {
  state_->timed_out = false;
  state_->deadline = SteadyClock::now() + time;
  state_->arm_timer();
}

void TlsStream::expires_never() {
  state_->timed_out = false;
  state_->deadline = SteadyClock::time_point::max();
}

void TlsStream::end_at(Time at, const Clock& clock, std::string why) {
  state_->end_clock = &clock;
  state_->end_at = at;
  state_->end_why = std::move(why);
  if (state_->open && !state_->end_if_due()) state_->arm_end_timer();
}
bool TlsStream::end_if_due() { return state_->end_if_due(); }
void TlsStream::end(std::string why) { state_->end(std::move(why)); }
const std::string& TlsStream::ended_because() const { return state_->ended; }

Task<Result<tls::PeerFacts, tls::Refusal>> TlsStream::handshake(std::chrono::milliseconds limit) {
  expires_after(limit);
  auto shaken = co_await State::handshake(state_);
  expires_never();
  co_return shaken;
}

Task<Result<std::size_t>> TlsStream::read_some(MutableByteSpan to) {
  return State::read_some(state_, to);
}

std::optional<Result<std::size_t>> TlsStream::try_read(MutableByteSpan to) {
  tls::Step step = tls::Step::WantRead;
  return state_->try_read(to, step);
}

Status TlsStream::write(ByteSpan data) {
  State& state = *state_;
  if (!state.ended.empty()) return fail(ErrorKind::Denied, state.ended);
  if (!state.open) return fail(ErrorKind::Unavailable, "the connection is closed");
  if (!state.failure.empty()) return fail(ErrorKind::Unavailable, state.failure);
  if (data.size() >
      state.limits.output_bytes_max - std::min(state.unsent(), state.limits.output_bytes_max)) {
    return fail(ErrorKind::TooLarge, "the peer does not take its data");
  }
  append(state.output, data);
  return {};
}

void TlsStream::flush() { state_->flush(); }
std::size_t TlsStream::unsent() const { return state_->unsent(); }
Task<Status> TlsStream::drained() {
  return State::drained(state_, state_->limits.output_bytes_low);
}
Task<Status> TlsStream::drained_all() { return State::drained(state_, 0); }
void TlsStream::close() { state_->close(); }
Task<> TlsStream::close_gracefully(std::chrono::milliseconds limit) {
  return State::close_gracefully(state_, limit);
}
Task<> TlsStream::linger(std::chrono::milliseconds limit) { return State::linger(state_, limit); }
bool TlsStream::is_open() const { return state_->open; }
const tls::PeerFacts& TlsStream::facts() const { return state_->connection.facts(); }
const std::string& TlsStream::peer_address() const { return state_->peer; }
std::uint64_t TlsStream::bytes_received() const { return state_->connection.bytes_received(); }

namespace {

Task<Result<tcp::socket>> connect_plain(std::string host, std::uint16_t port) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  const auto found = co_await resolver.async_resolve(host, std::to_string(port), kAwait);
  if (std::get<0>(found)) {
    co_return fail(ErrorKind::Unavailable,
                   "cannot resolve `" + host + "`: " + std::get<0>(found).message());
  }
  tcp::socket socket(executor);
  const auto connected = co_await asio::async_connect(socket, std::get<1>(found), kAwait);
  if (std::get<0>(connected)) {
    co_return fail(ErrorKind::Unavailable, "cannot connect to `" + host + ":" +
                                               std::to_string(port) +
                                               "`: " + std::get<0>(connected).message());
  }
  co_return std::move(socket);
}

}  // namespace

Task<Result<TlsStream>> connect_tls(std::string host, std::uint16_t port,
                                    std::shared_ptr<tls::Context> context,
                                    std::chrono::milliseconds limit) {
  auto socket = co_await with_deadline(connect_plain(host, port), limit);
  if (!socket.ok()) co_return std::move(socket).error();
  TlsStream stream(std::move(socket).value(), std::move(context));
  const auto shaken = co_await stream.handshake(limit);
  if (shaken.ok()) co_return stream;
  const tls::Refusal& refusal = shaken.error();
  const ErrorKind kind = refusal.reason == tls::RefusalReason::Timeout ? ErrorKind::Timeout
                         : refusal.reason == tls::RefusalReason::Disconnected
                             ? ErrorKind::Unavailable
                             : ErrorKind::Denied;
  co_return fail(kind, "handshake with `" + host + ":" + std::to_string(port) + "`: " +
                           std::string(tls::to_string(refusal.reason)) + ": " + refusal.detail);
}

}  // namespace sealane::net
