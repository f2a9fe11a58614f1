// SPDX-License-Identifier: Apache-2.0
// How long a connection lives, how many shake hands at once, and what is resumed, over real
// sockets.
#include <gtest/gtest.h>

#include <atomic>

#include "base/testing/fake_clock.h"
#include "http/client.h"
#include "net/https_client.h"
#include "net/https_server.h"
#include "net/testing/echo_server.h"
#include "tls/session_store.h"
#include "tls/testing/pki.h"
#include "tls/testing/wire.h"

namespace sealane::net {
namespace {

using namespace std::chrono_literals;
constexpr Duration kWait = std::chrono::seconds(20);

class Lifetime : public ::testing::Test {
 protected:
  tls::ClientPolicy device() { return pki_.client(pki_.device("station"), "edge"); }
  // A listener whose clock is the test's, with a store.
  tls::ServerPolicy listener_policy() {
    auto policy = pki_.server("edge");
    policy.clock = &clock_;
    policy.sessions = store_;
    return policy;
  }

  tls::Pki pki_;
  FakeClock clock_{SystemClock().now()};
  std::shared_ptr<tls::SessionStore> store_ = tls::SessionStore::create();
};

// --- a certificate's end
// ----------------------------------------------------------------------------

// What a connection that only reads hears at its end.
struct Watcher {
  std::promise<TlsStream> opened;
  std::promise<std::string> ended;
  Task<> serve(TlsStream stream) {
    opened.set_value(stream);
    Bytes buffer(100);
    auto got = co_await stream.read_some(buffer);
    while (got.ok() && *got > 0) got = co_await stream.read_some(buffer);
    EXPECT_EQ(stream.write(as_bytes("more")).ok(), got.ok());
    ended.set_value(got.ok()
                        ? "closed"
                        : std::string(to_string(got.error().kind)) + ": " + got.error().message);
    co_await stream.close_gracefully(1000ms);
  }
};

TEST_F(Lifetime, AConnectionEndsWithThePeersCertificate) {
  Watcher watcher;
  Server server(
      listener_policy(), [&](TlsStream s) { return watcher.serve(std::move(s)); }, {}, &clock_);
  auto client = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
  ASSERT_TRUE(client.ok());
  TlsStream stream = watcher.opened.get_future().get();
  const auto due = [&] {
    std::promise<bool> answer;
    server.loop().post([&] { answer.set_value(stream.end_if_due()); });
    return answer.get_future().get();
  };
  EXPECT_FALSE(due());
  clock_.advance(stream.facts().not_after - clock_.now() - 1us);
  EXPECT_FALSE(due());
  clock_.advance(1us);
  EXPECT_TRUE(due());
  EXPECT_EQ(watcher.ended.get_future().get(), "denied: the peer's certificate expired");
  // The peer gets close_notify and no reason.
  Bytes buffer(10);
  const auto end = client->read(buffer, kWait);
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(*end, 0u);
  // Its session is no way back in.
  client = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
  EXPECT_TRUE(!client.ok() || !client->read(buffer, kWait).ok());
  EXPECT_EQ(server.refusal().reason, tls::RefusalReason::Expired);
}

TEST_F(Lifetime, AConnectionEndsWithTheNodesOwnCertificateByItself) {
  auto profile = pki_.node_profile("edge");
  profile.not_after = clock_.now() + std::chrono::hours(1);
  auto policy = listener_policy();
  policy.credentials = pki_.issue(profile);
  // The clock is all but there; the stream's timer does the rest.
  clock_.advance(std::chrono::floor<std::chrono::seconds>(profile.not_after) - clock_.now() - 30ms);
  Watcher watcher;
  Server server(policy, [&](TlsStream s) { return watcher.serve(std::move(s)); }, {}, &clock_);
  auto client = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
  ASSERT_TRUE(client.ok());
  static_cast<void>(watcher.opened.get_future().get());
  clock_.advance(1h);
  EXPECT_EQ(watcher.ended.get_future().get(), "denied: the certificate of this node expired");
}

TEST_F(Lifetime, EndingAStreamStopsItsWriterToo) {
  std::promise<ErrorKind> outcome;
  Server server(pki_.server("edge"), [&](TlsStream stream) -> Task<> {
    const Bytes piece(256u << 10);
    while (stream.unsent() < 1u << 20 && stream.write(piece).ok()) stream.flush();
    net::asio::steady_timer soon(co_await net::asio::this_coro::executor, 1ms);
    soon.async_wait([&](const boost::system::error_code&) { stream.end("told to"); });
    const Status drained = co_await stream.drained();
    EXPECT_EQ(stream.ended_because(), "told to");
    outcome.set_value(drained.ok() ? ErrorKind::Internal : drained.error().kind);
    stream.close();
  });
  auto client = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
  ASSERT_TRUE(client.ok());
  EXPECT_EQ(outcome.get_future().get(), ErrorKind::Denied);
}

// --- handshakes of one address
// ----------------------------------------------------------------------

TEST_F(Lifetime, OneAddressWaitsForItsTurnAndIsRefusedBeyondTheQueue) {
  Server server(pki_.server("edge"), echo,
                {.handshake_time_max = 20'000ms,
                 .handshakes_per_source_max = 2,
                 .waiting_per_source_max = 1});
  std::vector<tls::PlainSocket> idle;
  for (int i = 0; i < 2; ++i) {
    auto socket = tls::PlainSocket::connect(server.endpoint(), kWait);
    ASSERT_TRUE(socket.ok());
    idle.push_back(std::move(socket).value());
  }
  const auto active = [&] {
    std::promise<std::size_t> count;
    server.loop().post([&] { count.set_value(server.listener().active()); });
    return count.get_future().get();
  };
  while (active() < 2) std::this_thread::yield();
  // The third waits …
  std::atomic<bool> in = false;
  std::thread third([&] {
    auto client = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
    in = client.ok();
  });
  while (active() < 3) std::this_thread::yield();
  // … the fourth finds no room …
  auto fourth = tls::PlainSocket::connect(server.endpoint(), kWait);
  ASSERT_TRUE(fourth.ok());
  Bytes buffer(10);
  const auto end = fourth->read(buffer, kWait);
  EXPECT_TRUE(!end.ok() || *end == 0);
  const auto refusal = server.refusal();
  EXPECT_EQ(refusal.reason, tls::RefusalReason::SourceLimit);
  EXPECT_TRUE(server.peer().starts_with("127.0.0.1:"));
  EXPECT_FALSE(in);
  // … and the third has its turn when one of the idle ones leaves.
  idle.pop_back();
  third.join();
  EXPECT_TRUE(in);
}

TEST_F(Lifetime, IdleHandshakesOfOneAddressDoNotHoldUpAnother) {
  auto limits = TlsListener::Limits{
      .handshakes_max = 8, .handshake_time_max = 20'000ms, .handshakes_per_source_max = 4};
  Server server(pki_.server("edge"), echo, limits);
  std::vector<tls::PlainSocket> idle;
  for (int i = 0; i < 40; ++i) {
    auto socket = tls::PlainSocket::connect(server.endpoint(), kWait);
    ASSERT_TRUE(socket.ok());
    idle.push_back(std::move(socket).value());
  }
  // The same listener, from 127.0.0.2.
  Loop loop;
  bool in = false;
  const auto context = tls::Context::client(device()).value();
  const auto body = [&]() -> Task<> {
    asio::ip::tcp::socket socket(loop.context());
    socket.open(asio::ip::tcp::v4());
    socket.bind({asio::ip::make_address("127.0.0.2"), 0});
    const asio::ip::tcp::endpoint to(asio::ip::make_address("127.0.0.1"), server.endpoint().port);
    co_await socket.async_connect(to, kAwait);
    TlsStream stream(std::move(socket), context);
    const auto shaken = co_await stream.handshake(20'000ms);
    in = shaken.ok();
    loop.stop();
  };
  loop.spawn("other address", body());
  loop.run();
  EXPECT_TRUE(in);
}

TEST_F(Lifetime, WhoGetsNoTurnInTimeIsRefused) {
  Server server(pki_.server("edge"), echo,
                {.handshake_time_max = 60ms, .handshakes_per_source_max = 0});
  auto socket = tls::PlainSocket::connect(server.endpoint(), kWait);
  ASSERT_TRUE(socket.ok());
  EXPECT_EQ(server.refusal().reason, tls::RefusalReason::SourceLimit);
}

TEST_F(Lifetime, AHandshakeThatStopsHalfwaySaysWhatWasOffered) {
  Server server(pki_.server("edge"), echo, {.handshake_time_max = 200ms});
  // A ClientHello, and nothing after it.
  tls::Wire wire;
  tls::Connection client(tls::Context::client(device()).value(), wire.ends[0]);
  ASSERT_EQ(client.handshake(), tls::Step::WantRead);
  Bytes hello(4096);
  const ssize_t size = ::recv(wire.ends[1], hello.data(), hello.size(), 0);
  ASSERT_GT(size, 0);
  hello.resize(static_cast<std::size_t>(size));
  auto socket = tls::PlainSocket::connect(server.endpoint(), kWait);
  ASSERT_TRUE(socket.ok());
  ASSERT_TRUE(socket->write(hello, kWait).ok());
  const auto refusal = server.refusal();
  EXPECT_EQ(refusal.reason, tls::RefusalReason::Timeout);
  ASSERT_TRUE(refusal.hello);
  EXPECT_EQ(refusal.hello->versions, std::vector<std::string>{"TLSv1.3"});
  EXPECT_EQ(refusal.bytes, hello.size());
}

// --- resumption
// -------------------------------------------------------------------------------------

TEST_F(Lifetime, ABlockingClientResumesWithItsContextAndFallsBackSilently) {
  std::mutex mutex;
  std::vector<bool> resumed;
  Server server(listener_policy(), [&](TlsStream stream) -> Task<> {
    {
      const std::lock_guard lock(mutex);
      resumed.push_back(stream.facts().resumed);
    }
    return echo(std::move(stream));
  });
  const auto context = tls::Context::client(device()).value();
  for (int i = 0; i < 6; ++i) {
    if (i == 3) EXPECT_GT(store_->clear(), 0u);
    auto client = tls::BlockingClient::connect(server.endpoint(), context, kWait);
    ASSERT_TRUE(client.ok()) << client.error().message;
    ASSERT_TRUE(client->write(as_bytes("x"), kWait).ok());
    Bytes buffer(1);
    ASSERT_TRUE(client->read(buffer, kWait).ok());
    EXPECT_EQ(client->facts().resumed, i != 0 && i != 3);
    EXPECT_EQ(client->facts().identity, pki_.node_uri("edge"));
  }
  const std::lock_guard lock(mutex);
  EXPECT_EQ(resumed, (std::vector<bool>{false, true, true, false, true, true}));
}

TEST_F(Lifetime, AnHttpsClientResumesAndLetsGoOfAConnectionWhoseCertificateEnded) {
  const HttpHandler handler = [](HttpExchange& exchange) {
    return exchange.respond(200, {}, to_bytes("ok"));
  };
  // The server's clock stands still, the client's is moved.
  Server server(listener_policy(), [&](TlsStream stream) {
    return serve_http(std::move(stream), handler, HttpServerLimits{});
  });
  FakeClock clock(clock_.now());
  std::vector<bool> resumed;
  HttpsClient::Options options{.endpoint = server.endpoint(), .policy = device()};
  options.policy.clock = &clock;
  options.on_open = [&](const tls::PeerFacts& facts) { resumed.push_back(facts.resumed); };
  auto client = HttpsClient::create(std::move(options));
  ASSERT_TRUE(client.ok());
  const http::Request request{.method = "GET", .target = "/"};
  for (int i = 0; i < 3; ++i) {
    const auto answer = (*client)->send(request);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    (*client)->close();
  }
  EXPECT_EQ(resumed, (std::vector<bool>{false, true, true}));
  ASSERT_TRUE((*client)->send(request).ok());
  clock.advance(std::chrono::hours(48));
  const auto late = (*client)->send(request);
  ASSERT_FALSE(late.ok());
  EXPECT_TRUE(late.error().message.contains("expired")) << late.error().message;
}

}  // namespace
}  // namespace sealane::net
