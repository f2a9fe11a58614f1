// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include <boost/asio/steady_timer.hpp>
#include <sys/socket.h>

#include <utility>

#include "net/deadline.h"

namespace sealane::net {
namespace {

using asio::ip::tcp;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

// How long a refused peer may take to read its alert.
constexpr std::chrono::milliseconds kRefusalLinger{1000};
// After an accept that failed for want of descriptors or memory.
constexpr std::chrono::milliseconds kAcceptPause{100};

}  // namespace

struct TlsListener::State {
  State(Loop& on, Options chosen, std::shared_ptr<tls::Context> with)
      : loop(on),
        options(std::move(chosen)),
        context(std::move(with)),
        acceptor(loop.context()),
        room(loop.context(), asio::steady_timer::time_point::max()) {}

  Loop& loop;
  Options options;
  std::shared_ptr<tls::Context> context;
  tcp::acceptor acceptor;
  asio::steady_timer room;  // cancelled when a connection or a handshake ends
  OnConnection on_connection;
  OnRefusal on_refusal;
  std::size_t active = 0;
  std::size_t handshakes = 0;
  bool running = false;

  // Counts one connection or handshake while it lives.
  class Count {
   public:
    Count(State& state, std::size_t& counter) : state_(state), counter_(counter) { ++counter_; }
    ~Count() {
      --counter_;
      state_.room.cancel();
    }
    Count(const Count&) = delete;
    Count& operator=(const Count&) = delete;

   private:
    State& state_;
    std::size_t& counter_;
  };

  bool has_room() const {
    return active < options.limits.connections_max && handshakes < options.limits.handshakes_max;
  }

  static Task<> accept_loop(std::shared_ptr<State> self) {
    while (self->running) {
      if (!self->has_room()) {
        co_await self->room.async_wait(kAwait);
        continue;
      }
      auto accepted = co_await self->acceptor.async_accept(kAwait);
      const boost::system::error_code error = std::get<0>(accepted);
      if (!self->running) co_return;
      if (error) {
        if (error != asio::error::connection_aborted) {
          const Status slept = co_await sleep_for(kAcceptPause);
          if (!slept.ok()) co_return;
        }
        continue;
      }
      // Counted here, not when the task begins: the next accept comes first.
      auto connection = std::make_unique<Count>(*self, self->active);
      auto shaking = std::make_unique<Count>(*self, self->handshakes);
      self->loop.spawn(self->options.name, serve(self, std::move(std::get<1>(accepted)),
                                                 std::move(connection), std::move(shaking)));
    }
  }

  // INVARIANT: `self` comes first, so that it outlives the counts.
  static Task<> serve(std::shared_ptr<State> self, tcp::socket socket,
                      std::unique_ptr<Count> connection, std::unique_ptr<Count> shaking) {
    TlsStream stream(std::move(socket), self->context, self->options.limits.stream);
    const auto shaken = co_await stream.handshake(self->options.limits.handshake_time_max);
    shaking.reset();
    if (!shaken.ok()) {
      if (self->on_refusal) self->on_refusal(stream.peer_address(), shaken.error());
      co_await stream.linger(kRefusalLinger);
      co_return;
    }
    co_await self->on_connection(stream);
    connection.reset();
  }

  void stop() {
    running = false;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    room.cancel();
  }
};

Result<std::unique_ptr<TlsListener>> TlsListener::open(Loop& loop, Options options,
                                                       std::shared_ptr<tls::Context> context) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return fail(ErrorKind::Invalid, "`" + options.address + "` is no IP address");
  const tcp::endpoint endpoint(address, options.port);
  auto state = std::make_shared<State>(loop, std::move(options), std::move(context));
  tcp::acceptor& acceptor = state->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(4096, error);
  if (error) {
    return fail(ErrorKind::Unavailable, "cannot listen on `" + state->options.address + ":" +
                                            std::to_string(endpoint.port()) +
                                            "`: " + error.message());
  }
  return std::unique_ptr<TlsListener>(new TlsListener(std::move(state)));
}

TlsListener::~TlsListener() { stop(); }

void TlsListener::start(OnConnection on_connection, OnRefusal on_refusal) {
  SEALANE_CHECK(!state_->running);
  state_->on_connection = std::move(on_connection);
  state_->on_refusal = std::move(on_refusal);
  state_->running = true;
  state_->loop.spawn(state_->options.name + " accept", State::accept_loop(state_));
}

void TlsListener::set_context(std::shared_ptr<tls::Context> context) {
  state_->context = std::move(context);
}
void TlsListener::stop() { state_->stop(); }

std::uint16_t TlsListener::port() const {
  boost::system::error_code error;
  const tcp::endpoint endpoint = state_->acceptor.local_endpoint(error);
  return error ? std::uint16_t{0} : endpoint.port();
}

const std::string& TlsListener::name() const { return state_->options.name; }
std::size_t TlsListener::active() const { return state_->active; }

}  // namespace sealane::net
