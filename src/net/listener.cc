// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include <boost/asio/steady_timer.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <deque>
#include <map>
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

const SystemClock kSystemClock;

// What counts as one source: an IPv4 address, or the /64 of an IPv6 address.
using Source = asio::ip::address_v6::bytes_type;
Source source_of(const tcp::socket& socket) {
  boost::system::error_code error;
  const asio::ip::address address = socket.remote_endpoint(error).address();
  if (error) return {};
  if (address.is_v4())
    return asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
  Source source = address.to_v6().to_bytes();
  if (!address.to_v6().is_v4_mapped()) std::fill(source.begin() + 8, source.end(), std::uint8_t{0});
  return source;
}

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

  class Place;
  // The connections of one source whose handshake is not over.
  struct Queue {
    std::size_t shaking = 0;
    std::deque<Place*> waiting;  // the one that came first is called first
  };
  std::map<Source, Queue> queues;

  // A connection's place among those of its source, while it lives: it shakes hands, waits for its
  // turn, or found no room to wait.
  class Place {
   public:
    Place(State& state, Source source)
        : state_(state),
          source_(source),
          queue_(state.queues[source]),
          turn_(state.loop.context(), state.options.limits.handshake_time_max) {
      if (queue_.shaking < state_.options.limits.handshakes_per_source_max) {
        ++queue_.shaking;
        shaking_ = true;
      } else if (queue_.waiting.size() < state_.options.limits.waiting_per_source_max) {
        queue_.waiting.push_back(this);
      }
    }
    ~Place() {
      std::erase(queue_.waiting, this);
      if (shaking_) {
        --queue_.shaking;
        if (!queue_.waiting.empty()) queue_.waiting.front()->call();
      }
      if (queue_.shaking == 0 && queue_.waiting.empty()) state_.queues.erase(source_);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    bool shaking() const { return shaking_; }
    bool waits() const { return std::ranges::find(queue_.waiting, this) != queue_.waiting.end(); }
    // Over when it is called or time is out.
    asio::steady_timer& turn() { return turn_; }

   private:
    void call() {
      queue_.waiting.pop_front();
      ++queue_.shaking;
      shaking_ = true;
      turn_.cancel();
    }

    State& state_;
    Source source_;
    Queue& queue_;
    asio::steady_timer turn_;
    bool shaking_ = false;
  };

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
      tcp::socket socket = std::move(std::get<1>(accepted));
      auto connection = std::make_unique<Count>(*self, self->active);
      auto place = std::make_unique<Place>(*self, source_of(socket));
      auto shaking = place->shaking() ? std::make_unique<Count>(*self, self->handshakes) : nullptr;
      self->loop.spawn(self->options.name, serve(self, std::move(socket), std::move(connection),
                                                 std::move(place), std::move(shaking)));
    }
  }

  // INVARIANT: `self` comes first, so that it outlives the counts.
  static Task<> serve(std::shared_ptr<State> self, tcp::socket socket,
                      std::unique_ptr<Count> connection, std::unique_ptr<Place> place,
                      std::unique_ptr<Count> shaking) {
    if (place->waits()) co_await place->turn().async_wait(kAwait);
    if (!place->shaking()) {
      if (self->on_refusal) {
        self->on_refusal(peer_of(socket),
                         {.reason = tls::RefusalReason::SourceLimit,
                          .detail = "too many handshakes of its address at the same time"});
      }
      co_return;
    }
    if (!shaking) shaking = std::make_unique<Count>(*self, self->handshakes);
    TlsStream stream(std::move(socket), self->context, self->options.limits.stream);
    const auto shaken = co_await stream.handshake(self->options.limits.handshake_time_max);
    shaking.reset();
    place.reset();
    if (!shaken.ok()) {
      if (self->on_refusal) self->on_refusal(stream.peer_address(), shaken.error());
      co_await stream.linger(kRefusalLinger);
      co_return;
    }
    self->end_with_certificates(stream);
    co_await self->on_connection(stream);
    connection.reset();
  }

  void end_with_certificates(TlsStream& stream) const {
    const tls::PeerFacts& facts = stream.facts();
    if (facts.ends_at == Time::max()) return;
    const Clock& clock = options.clock == nullptr ? kSystemClock : *options.clock;
    stream.end_at(facts.ends_at, clock,
                  facts.ends_at == facts.not_after ? "the peer's certificate expired"
                                                   : "the certificate of this node expired");
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
