// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <thread>

#include "net/deadline.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls_stream.h"
#include "tls/blocking_client.h"
#include "net/testing/echo_server.h"
#include "tls/testing/pki.h"

namespace sealane::net {
namespace {

using namespace std::chrono_literals;
constexpr Duration kWait = std::chrono::seconds(20);

Bytes pattern(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<std::byte>((i * 131 + (i >> 8)) & 0xff);
  return out;
}

Result<Bytes> read_exactly(tls::BlockingClient& client, std::size_t size) {
  Bytes out(size);
  for (std::size_t at = 0; at < size;) {
    SEALANE_ASSIGN(const std::size_t got, client.read(MutableByteSpan(out).subspan(at), kWait));
    if (got == 0) return fail(ErrorKind::Unavailable, "the stream ended early");
    at += got;
  }
  return out;
}

class Net : public ::testing::Test {
 protected:
  tls::ClientPolicy device() { return pki_.client(pki_.device("station"), "edge"); }
  tls::Pki pki_;
};

Task<Result<int>> failing() { co_return fail(ErrorKind::Unavailable, "no"); }
Task<Result<int>> working() { co_return 7; }
Task<> await_both(std::promise<std::string>& said) {
  const auto good = co_await with_deadline(working(), 20s);
  const auto bad = co_await with_deadline(failing(), 20s);
  said.set_value((good.ok() ? std::to_string(*good) : "-") +
                 (bad.ok() ? "-" : bad.error().message));
}

TEST(WithDeadline, HandsOnValuesAndErrors) {
  Loop loop;
  std::promise<std::string> said;
  loop.spawn("both", await_both(said));
  std::thread thread([&loop] { loop.run(); });
  EXPECT_EQ(said.get_future().get(), "7no");
  loop.stop();
  thread.join();
}

TEST_F(Net, MutualTls13EchoesAndShowsTheIdentity) {
  std::promise<tls::PeerFacts> seen;
  Server server(pki_.server("edge"), [&](TlsStream stream) -> Task<> {
    seen.set_value(stream.facts());
    return echo(std::move(stream));
  });
  auto client = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
  ASSERT_TRUE(client.ok()) << client.error().message;
  ASSERT_TRUE(client->write(as_bytes("hello"), kWait).ok());
  auto answer = read_exactly(*client, 5);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(as_text(*answer), "hello");
  const auto facts = seen.get_future().get();
  EXPECT_EQ(facts.identity, pki_.device_uri("station"));
  EXPECT_EQ(facts.version, "TLSv1.3");
}

TEST_F(Net, LargeTransfersArriveWhole) {
  Server server(pki_.server("edge"), echo);
  auto client = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
  ASSERT_TRUE(client.ok());
  const Bytes piece = pattern(300'001);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client->write(piece, kWait).ok());
    auto back = read_exactly(*client, piece.size());
    ASSERT_TRUE(back.ok()) << back.error().message;
    ASSERT_TRUE(*back == piece);
  }
}

TEST_F(Net, RecordsThatCameTogetherAreReadTogetherAndTheEndAfterThem) {
  std::promise<void> sent;
  std::promise<std::string> seen;
  Server server(pki_.server("edge"), [&](TlsStream stream) -> Task<> {
    sent.get_future().wait();
    std::string all;
    Bytes buffer(1000);
    for (bool first = true;; first = false) {
      const auto got = co_await stream.read_some(buffer);
      if (!got.ok()) all += "error";
      if (!got.ok() || *got == 0) break;
      all += (first ? "" : "+") + to_text(ByteSpan(buffer).first(*got));
    }
    const auto again = co_await stream.read_some(buffer);
    all += again.ok() && *again == 0 ? "." : "?";
    seen.set_value(all);
  });
  auto client = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
  ASSERT_TRUE(client.ok());
  for (const char* text : {"one", "two", "three"}) {
    ASSERT_TRUE(client->write(as_bytes(text), kWait).ok());
  }
  client->close();
  sent.set_value();
  EXPECT_EQ(seen.get_future().get(), "onetwothree.");
}

TEST_F(Net, APeerThatDoesNotReadFillsABoundedBuffer) {
  std::promise<ErrorKind> outcome;
  Server server(pki_.server("edge"),
                [&](TlsStream stream) -> Task<> {
                  const Bytes piece(256u << 10);
                  Status written;
                  while (written.ok()) {
                    written = stream.write(piece);
                    stream.flush();
                  }
                  EXPECT_LE(stream.unsent(), 1u << 20);
                  outcome.set_value(written.error().kind);
                  stream.close();
                  co_return;
                },
                {.stream = {.output_bytes_max = 1u << 20}});
  auto client = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
  ASSERT_TRUE(client.ok());
  EXPECT_EQ(outcome.get_future().get(), ErrorKind::TooLarge);
}

TEST_F(Net, ASlowReaderGetsEverything) {
  const Bytes all = pattern(3u << 20);
  Server server(pki_.server("edge"), [&](TlsStream stream) -> Task<> {
    for (std::size_t at = 0; at < all.size(); at += 1u << 20) {
      EXPECT_TRUE(stream.write(ByteSpan(all).subspan(at, 1u << 20)).ok());
      const Status drained = co_await stream.drained();
      EXPECT_TRUE(drained.ok());
    }
    co_await stream.close_gracefully(10'000ms);
  });
  auto client = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
  ASSERT_TRUE(client.ok());
  Bytes got;
  Bytes buffer(1000);
  while (got.size() < all.size()) {
    auto n = client->read(buffer, kWait);
    ASSERT_TRUE(n.ok()) << n.error().message;
    ASSERT_GT(*n, 0u);
    append(got, ByteSpan(buffer).first(*n));
  }
  EXPECT_TRUE(got == all);
}

TEST_F(Net, ReadDeadlineFiresAndTheStreamLivesOn) {
  std::promise<ErrorKind> first;
  Server server(pki_.server("edge"), [&](TlsStream stream) -> Task<> {
    Bytes buffer(10);
    stream.expires_after(30ms);
    const auto late = co_await stream.read_some(buffer);
    first.set_value(late.ok() ? ErrorKind::Internal : late.error().kind);
    stream.expires_never();
    co_await echo(std::move(stream));
  });
  auto client = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
  ASSERT_TRUE(client.ok());
  EXPECT_EQ(first.get_future().get(), ErrorKind::Timeout);
  ASSERT_TRUE(client->write(as_bytes("x"), kWait).ok());
  EXPECT_TRUE(read_exactly(*client, 1).ok());
}

TEST_F(Net, ASilentPeerIsRefusedWhenTheHandshakeTakesTooLong) {
  Server server(pki_.server("edge"), echo, {.handshake_time_max = 30ms});
  auto socket = tls::PlainSocket::connect(server.endpoint(), kWait);
  ASSERT_TRUE(socket.ok());
  EXPECT_EQ(server.refusal().reason, tls::RefusalReason::Timeout);
}

TEST_F(Net, PlaintextIsNamedAndAnsweredWithOneAlert) {
  Server server(pki_.server("edge"), echo);
  auto socket = tls::PlainSocket::connect(server.endpoint(), kWait);
  ASSERT_TRUE(socket.ok());
  const std::string_view connect("\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", 14);
  ASSERT_TRUE(socket->write(as_bytes(connect), kWait).ok());
  const auto refusal = server.refusal();
  EXPECT_EQ(refusal.reason, tls::RefusalReason::Plaintext);
  EXPECT_EQ(refusal.bytes, connect.size());
  EXPECT_TRUE(refusal.detail.ends_with("MQTT")) << refusal.detail;
  Bytes answer(64);
  EXPECT_EQ(*socket->read(answer, kWait), 7u);
  EXPECT_EQ(*socket->read(answer, kWait), 0u);
}

// What the listener says about a client with `policy`, and that the client is kept out.
tls::Refusal refused(const tls::Pki& pki, const tls::ClientPolicy& policy) {
  Server server(pki.server("edge"), echo);
  auto client = tls::BlockingClient::connect(server.endpoint(), policy, kWait);
  if (client.ok()) {
    Bytes buffer(10);
    auto got = client->read(buffer, kWait);
    EXPECT_FALSE(got.ok());
    if (!got.ok()) EXPECT_EQ(got.error().kind, ErrorKind::Denied) << got.error().message;
  }
  auto refusal = server.refusal();
  EXPECT_TRUE(server.peer().starts_with("127.0.0.1:")) << server.peer();
  return refusal;
}

TEST_F(Net, EveryRefusalHasItsReason) {
  EXPECT_EQ(refused(pki_, pki_.client(nullptr, "edge")).reason, tls::RefusalReason::NoCertificate);
  EXPECT_EQ(refused(pki_, pki_.client(tls::Pki::self_signed("station"), "edge")).reason,
            tls::RefusalReason::UntrustedIssuer);
  auto old = device();
  old.version_min = old.version_max = tls::Version::Tls12;
  EXPECT_EQ(refused(pki_, old).reason, tls::RefusalReason::TlsVersion);
  auto serving = pki_.device_profile("station");
  serving.uses = {crypto::KeyUse::ServerAuth};
  EXPECT_EQ(refused(pki_, pki_.client(pki_.issue(serving), "edge")).reason,
            tls::RefusalReason::WrongRole);
  auto expired = pki_.device_profile("station");
  expired.not_after = SystemClock().now() - std::chrono::hours(1);
  EXPECT_EQ(refused(pki_, pki_.client(pki_.issue(expired), "edge")).reason,
            tls::RefusalReason::Expired);
}

TEST_F(Net, ListenersShareAPortAndANewContextAppliesToNewConnections) {
  Server server(pki_.server("edge"), echo);
  auto second =
      TlsListener::open(server.loop(), {.name = "second", .port = server.listener().port()},
                        tls::Context::server(pki_.server("edge")).value());
  EXPECT_TRUE(second.ok());
  second->reset();
  tls::Pki other("other");
  std::promise<void> set;
  server.loop().post([&] {
    server.listener().set_context(tls::Context::server(other.server("edge")).value());
    set.set_value();
  });
  set.get_future().get();
  EXPECT_FALSE(tls::BlockingClient::connect(server.endpoint(), device(), kWait).ok());
  EXPECT_TRUE(tls::BlockingClient::connect(server.endpoint(),
                                           other.client(other.device("x"), "edge"), kWait)
                  .ok());
}

TEST_F(Net, ConnectionsOverTheLimitWait) {
  Server server(pki_.server("edge"), echo, {.connections_max = 1});
  auto first = tls::BlockingClient::connect(server.endpoint(), device(), kWait);
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(
      tls::BlockingClient::connect(server.endpoint(), device(), std::chrono::milliseconds(100))
          .ok());
  first->close();
  EXPECT_TRUE(tls::BlockingClient::connect(server.endpoint(), device(), kWait).ok());
}

TEST_F(Net, ConnectionsThatVanishAtAnyMomentLeaveNothingBehind) {
  Server server(pki_.server("edge"),
                [](TlsStream stream) -> Task<> {
                  // Written until it stalls: some peers read, some leave, some never do.
                  const Bytes piece(64u << 10);
                  stream.expires_after(200ms);
                  for (int i = 0; i < 40; ++i) {
                    if (!stream.write(piece).ok()) break;
                    const Status drained = co_await stream.drained();
                    if (!drained.ok()) break;
                  }
                  if (stream.is_open()) co_await stream.close_gracefully(50ms);
                },
                {.handshake_time_max = 200ms});
  auto context = tls::Context::client(device()).value();
  std::vector<tls::PlainSocket> silent;
  std::vector<tls::BlockingClient> stalled;
  for (int i = 0; i < 24; ++i) {
    if (i % 4 == 0) {
      auto plain = tls::PlainSocket::connect(server.endpoint(), kWait);
      ASSERT_TRUE(plain.ok());
      // Half a record, then nothing.
      ASSERT_TRUE(
          plain->write(as_bytes(std::string_view("\x16\x03\x01\x01\x00\x01", 6)), kWait).ok());
      if (i % 8 == 0) silent.push_back(std::move(plain).value());
      continue;
    }
    auto client = tls::BlockingClient::connect(server.endpoint(), context, kWait);
    ASSERT_TRUE(client.ok()) << client.error().message;
    Bytes buffer(1000);
    if (i % 4 == 1) EXPECT_TRUE(client->read(buffer, kWait).ok());
    if (i % 4 == 3) stalled.push_back(std::move(client).value());
  }
  const auto give_up = std::chrono::steady_clock::now() + 20s;
  std::size_t left = 1;
  while (left > 0 && std::chrono::steady_clock::now() < give_up) {
    std::promise<std::size_t> active;
    server.loop().post([&] { active.set_value(server.listener().active()); });
    left = active.get_future().get();
    std::this_thread::yield();
  }
  EXPECT_EQ(left, 0u);
}

TEST_F(Net, TasksConnectOutWithVerifiedPeers) {
  Server server(pki_.server("edge"), echo);
  Loop loop;
  std::string answer;
  std::string refused_why;
  auto right = tls::Context::client(device()).value();
  auto wrong = tls::Context::client(pki_.client(pki_.device("station"), "lake")).value();
  const std::uint16_t port = server.listener().port();
  // Named: the task refers to it.
  const auto body = [&]() -> Task<> {
    auto stream = co_await connect_tls("127.0.0.1", port, right, 20s);
    EXPECT_TRUE(stream.ok());
    if (stream.ok() && stream->write(as_bytes("ping")).ok()) {
      stream->flush();
      Bytes buffer(10);
      const auto got = co_await stream->read_some(buffer);
      if (got.ok()) answer = as_text(ByteSpan(buffer).first(*got));
    }
    auto other = co_await connect_tls("127.0.0.1", port, wrong, 20s);
    EXPECT_FALSE(other.ok());
    if (!other.ok()) refused_why = other.error().message;
    loop.stop();
  };
  loop.spawn("client", body());
  loop.run();
  EXPECT_EQ(answer, "ping");
  EXPECT_TRUE(refused_why.contains("wrong-role")) << refused_why;
}

Task<Result<int>> never() {
  asio::steady_timer timer(co_await asio::this_coro::executor,
                           asio::steady_timer::time_point::max());
  co_await timer.async_wait(kAwait);
  co_return 1;
}
Task<Result<int>> at_once() { co_return 2; }

TEST(Deadline, CancelsWhatTakesLongerAndPassesTheRest) {
  Loop loop;
  std::vector<std::string> seen;
  const auto body = [&]() -> Task<> {
    const auto late = co_await with_deadline(never(), 10ms);
    seen.push_back(late.ok() ? "value" : std::string(to_string(late.error().kind)));
    const auto quick = co_await with_deadline(at_once(), 10s);
    seen.push_back(quick.ok() ? std::to_string(*quick) : "error");
    loop.stop();
  };
  loop.spawn("deadline", body());
  loop.run();
  EXPECT_EQ(seen, (std::vector<std::string>{std::string(to_string(ErrorKind::Timeout)), "2"}));
}

TEST(LoopTurn, HooksRunAfterAllThatWasReadyAndWhatTheyPostRunsBeforeBlocking) {
  Loop loop;
  std::string order;
  int turns = 0;
  loop.on_turn([&] {
    order += '|';
    if (++turns == 1)
      loop.post([&] {
        order += 'c';
        loop.stop();
      });
  });
  loop.post([&] { order += 'a'; });
  loop.post([&] { order += 'b'; });
  loop.run();
  EXPECT_TRUE(order.starts_with("ab|c")) << order;
}

TEST(LoopTurn, AnEscapedExceptionEndsItsTaskAlone) {
  Loop loop;
  bool other_ran = false;
  const auto bad = []() -> Task<> {
    throw std::runtime_error("expected by this test");
    co_return;
  };
  const auto good = [&]() -> Task<> {
    other_ran = true;
    loop.stop();
    co_return;
  };
  loop.spawn("bad", bad());
  loop.spawn("good", good());
  loop.run();
  EXPECT_TRUE(other_ran);
}

}  // namespace
}  // namespace sealane::net
