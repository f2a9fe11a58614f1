// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/relay.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/json.h"

namespace sealane::cli::demo {
namespace {

constexpr std::size_t kBufferBytes = 64 << 10;
constexpr std::chrono::milliseconds kConnectLimit{2000};

constexpr std::size_t kClientSide = 0;
constexpr std::size_t kListenerSide = 1;

// One direction of a connection.
struct Lane {
  int from = -1;
  int to = -1;
  Direction direction = Direction::ToListener;
  Bytes waiting;       // recorded, not yet sent
  bool ended = false;  // `from` sends no more
  bool passed_end = false;
  std::uint64_t bytes = 0;

  bool wants_input() const { return !ended && waiting.size() < kBufferBytes; }
  bool done() const { return passed_end; }
};

}  // namespace

struct Relay::Pair {
  Pair(Descriptor client_socket, Descriptor listener_socket)
      : client(std::move(client_socket)),
        listener(std::move(listener_socket)),
        relayed{remote_endpoint(client), local_endpoint(listener)},
        flow(relayed.client, remote_endpoint(listener)) {
    lanes[0] = {.from = client.get(),
                .to = listener.get(),
                .direction = Direction::ToListener,
                .waiting = {}};
    lanes[1] = {.from = listener.get(),
                .to = client.get(),
                .direction = Direction::ToClient,
                .waiting = {}};
  }
  Descriptor client;
  Descriptor listener;
  Relayed relayed;
  FlowRecorder flow;
  Lane lanes[2];
  bool broken = false;

  bool done() const { return broken || (lanes[0].done() && lanes[1].done()); }
};

struct Relay::State {
  RelayOptions options;
  const Clock& clock;
  std::function<void(const Relayed&)> report;
  Descriptor socket;
  std::unique_ptr<File> capture;
  Bytes unwritten;  // packets of this turn; written before any of their payload is passed on
  std::uint64_t captured = 0;
  std::vector<std::unique_ptr<Pair>> pairs;

  Status flush();
  // What to wait for: `stop`, the listener, then both sides of each connection.
  std::vector<pollfd> waits(int stop) const;
  Status turn(const std::vector<pollfd>& ready);
  void accept_all();
  void read_from(Pair& pair, Lane& lane);
  void write_to(Pair& pair, Lane& lane);
  void close_done();
};

Status Relay::State::flush() {
  captured += unwritten.size();
  if (captured > options.capture_bytes_max)
    return fail(ErrorKind::TooLarge, "the capture reached its limit of " +
                                         std::to_string(options.capture_bytes_max) + " bytes");
  if (!unwritten.empty()) SEALANE_TRY(capture->append(unwritten));
  unwritten.clear();
  return {};
}

std::vector<pollfd> Relay::State::waits(int stop) const {
  std::vector<pollfd> out = {{stop, POLLIN, 0}, {socket.get(), POLLIN, 0}};
  for (const auto& pair : pairs) {
    for (const std::size_t side : {kClientSide, kListenerSide}) {
      short events = 0;
      if (pair->lanes[side].wants_input()) events |= POLLIN;
      if (!pair->lanes[1 - side].waiting.empty()) events |= POLLOUT;
      // A side that has ended and has nothing to get would report its hang-up without end.
      out.push_back({events != 0 ? pair->lanes[side].from : -1, events, 0});
    }
  }
  return out;
}

Status Relay::State::turn(const std::vector<pollfd>& ready) {
  const std::size_t known = pairs.size();
  for (std::size_t i = 0; i < known; ++i) {
    for (const std::size_t side : {kClientSide, kListenerSide}) {
      const bool readable = (ready[2 + 2 * i + side].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
      if (readable && pairs[i]->lanes[side].wants_input())
        read_from(*pairs[i], pairs[i]->lanes[side]);
    }
  }
  if (ready[1].revents != 0) accept_all();
  SEALANE_TRY(flush());
  for (std::size_t i = 0; i < known; ++i)
    for (Lane& lane : pairs[i]->lanes) write_to(*pairs[i], lane);
  close_done();
  return flush();
}

void Relay::State::accept_all() {
  for (;;) {
    Descriptor client(::accept4(socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client.open()) return;
    if (pairs.size() >= options.connections_max) continue;
    auto listener = connect_tcp(options.to, kConnectLimit);
    if (!listener.ok()) continue;
    auto pair = std::make_unique<Pair>(std::move(client), std::move(listener).value());
    pair->flow.open(clock.now(), unwritten);
    report(pair->relayed);
    pairs.push_back(std::move(pair));
  }
}

void Relay::State::read_from(Pair& pair, Lane& lane) {
  Bytes piece(kBufferBytes - lane.waiting.size());
  const ssize_t got = ::recv(lane.from, piece.data(), piece.size(), 0);
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR) pair.broken = true;
    return;
  }
  if (got == 0) {
    lane.ended = true;
    return;
  }
  const ByteSpan bytes = ByteSpan(piece).first(static_cast<std::size_t>(got));
  pair.flow.payload(clock.now(), lane.direction, bytes, unwritten);
  lane.bytes += bytes.size();
  append(lane.waiting, bytes);
}

void Relay::State::write_to(Pair& pair, Lane& lane) {
  if (!lane.waiting.empty()) {
    const ssize_t sent = ::send(lane.to, lane.waiting.data(), lane.waiting.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN && errno != EINTR) pair.broken = true;
      return;
    }
    lane.waiting.erase(lane.waiting.begin(), lane.waiting.begin() + sent);
  }
  if (lane.waiting.empty() && lane.ended && !lane.passed_end) {
    (void)::shutdown(lane.to, SHUT_WR);
    lane.passed_end = true;
  }
}

void Relay::State::close_done() {
  std::erase_if(pairs, [this](const std::unique_ptr<Pair>& pair) {
    if (!pair->done()) return false;
    pair->flow.close(clock.now(), unwritten);
    pair->relayed.to_listener = pair->lanes[0].bytes;
    pair->relayed.to_client = pair->lanes[1].bytes;
    pair->relayed.closed = true;
    report(pair->relayed);
    return true;
  });
}

std::string to_json_line(const Relayed& relayed) {
  json::Writer out;
  out.begin_object()
      .field("client", to_text(relayed.client))
      .field("seen_as", to_text(relayed.seen_as))
      .field("to_listener", relayed.to_listener)
      .field("to_client", relayed.to_client)
      .field("closed", relayed.closed)
      .end_object();
  return out.str() + "\n";
}

Relay::Relay(std::unique_ptr<State> state) : state_(std::move(state)) {}
Relay::Relay(Relay&&) noexcept = default;
Relay::~Relay() = default;

Result<Relay> Relay::open(const RelayOptions& options, Env& env, const Clock& clock,
                          std::function<void(const Relayed&)> report) {
  SEALANE_ASSIGN(Descriptor socket, listen_tcp(options.listen));
  SEALANE_ASSIGN(auto capture, env.open(options.capture, OpenMode::CreateNew));
  auto state = std::make_unique<State>(State{.options = options,
                                             .clock = clock,
                                             .report = std::move(report),
                                             .socket = std::move(socket),
                                             .capture = std::move(capture),
                                             .unwritten = capture_head(),
                                             .captured = 0,
                                             .pairs = {}});
  SEALANE_TRY(state->flush());
  return Relay(std::move(state));
}

Endpoint Relay::address() const { return local_endpoint(state_->socket); }

Status Relay::run(int stop) {
  for (;;) {
    std::vector<pollfd> waits = state_->waits(stop);
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR)
      return fail_errno(errno, "cannot wait for sockets");
    if (waits[0].revents != 0) return state_->flush();
    SEALANE_TRY(state_->turn(waits));
  }
}

}  // namespace sealane::cli::demo
