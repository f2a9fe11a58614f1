// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "net/deadline.h"
#include "net/https_client.h"
#include "net/https_server.h"
#include "net/listener.h"
#include "tls/testing/pki.h"

namespace sealane::net {
namespace {

using namespace std::chrono_literals;
constexpr Duration kWait = std::chrono::seconds(20);

std::promise<void> g_hangs;  // set when a request waits for an answer that does not come

// Answers with what it was asked; `/big` with 5 MiB in pieces, `/silent` with nothing,
// `/refuse` without reading the body.
Task<Status> answer(HttpExchange& exchange) {
  const std::string target(exchange.head().target);
  if (target == "/silent") co_return Status();
  if (target == "/drop") co_return fail(ErrorKind::Internal, "dropped");
  if (target == "/hang") {
    g_hangs.set_value();
    static_cast<void>((co_await sleep_for(60s)).ok());
    co_return Status();
  }
  if (target == "/refuse") co_return co_await exchange.respond(403, {}, to_bytes("no"));
  if (target == "/big") {
    const Status begun = co_await exchange.begin(200, {}, 5u << 20);
    if (!begun.ok()) co_return begun;
    for (int i = 0; i < 5; ++i) {
      const Status written = co_await exchange.write(Bytes(1u << 20, static_cast<std::byte>(i)));
      if (!written.ok()) co_return written;
    }
    co_return Status();
  }
  auto body = co_await exchange.read_body(8u << 20);
  if (!body.ok()) co_return body.error();
  std::vector<http::OwnedHeader> headers;
  headers.push_back({"X-Identity", exchange.peer().identity});
  headers.push_back({"X-Method", std::string(exchange.head().method_text)});
  co_return co_await exchange.respond(200, std::move(headers), std::move(body).value());
}

class Https : public ::testing::Test {
 protected:
  void start(HttpServerLimits limits = {}) {
    listener_ = TlsListener::open(loop_, {.name = "https"},
                                  tls::Context::server(pki_.server("lake")).value())
                    .value();
    listener_->start([this, limits](TlsStream stream) { return serve(std::move(stream), limits); },
                     [](const std::string&, const tls::Refusal&) {});
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Https() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Task<> serve(TlsStream stream, HttpServerLimits limits) {
    ++connections_;
    co_await serve_http(std::move(stream), answer, limits);
    ++ended_;
    ended_.notify_all();
  }
  tls::Endpoint endpoint() { return {"127.0.0.1", listener_->port()}; }
  std::unique_ptr<HttpsClient> client() {
    return HttpsClient::create(
               {.endpoint = endpoint(), .policy = pki_.client(pki_.node("edge"), "lake")})
        .value();
  }
  tls::BlockingClient raw() {
    return tls::BlockingClient::connect(endpoint(), pki_.client(pki_.node("edge"), "lake"), kWait)
        .value();
  }
  // Everything until the server closes.
  static std::string read_all(tls::BlockingClient& from) {
    std::string out;
    Bytes buffer(4096);
    for (;;) {
      auto got = from.read(buffer, kWait);
      if (!got.ok() || *got == 0) return out;
      out += as_text(ByteSpan(buffer).first(*got));
    }
  }

  tls::Pki pki_;
  Loop loop_;
  std::unique_ptr<TlsListener> listener_;
  std::atomic<int> connections_ = 0;
  std::atomic<int> ended_ = 0;
  std::thread thread_;
};

TEST_F(Https, RequestsShareOneConnectionAndShowTheIdentity) {
  start();
  auto http = client();
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{7} << 20}) {
    const Bytes body(size, std::byte{'x'});
    auto response = http->send({.method = "PUT", .target = "/object", .headers = {}, .body = body});
    ASSERT_TRUE(response.ok()) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_TRUE(response->body == body);
    EXPECT_EQ(response->header("x-identity"), "spiffe://test/node/edge");
    EXPECT_EQ(response->header("x-method"), "PUT");
  }
  EXPECT_EQ(connections_, 1);
  ASSERT_TRUE(http->facts());
  EXPECT_EQ(http->facts()->identity, "spiffe://test/node/lake");
}

TEST_F(Https, LargeAnswersComeWholeAndAreBounded) {
  start();
  auto http = client();
  auto response = http->send({.target = "/big"});
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->body.size(), 5u << 20);
  EXPECT_EQ(response->body.back(), std::byte{4});
  auto bounded = http->send({.target = "/big", .response_bytes_max = 1000});
  ASSERT_FALSE(bounded.ok());
  EXPECT_EQ(bounded.error().kind, ErrorKind::TooLarge);
  EXPECT_TRUE(http->send({.target = "/"}).ok());
}

TEST_F(Https, HeadAnswersHaveALengthAndNoBody) {
  start();
  auto http = client();
  auto response = http->send({.method = "HEAD", .target = "/refuse"});
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 403);
  EXPECT_TRUE(response->body.empty());
  EXPECT_EQ(response->header("content-length"), "2");
  EXPECT_TRUE(http->send({.target = "/"}).ok());
  EXPECT_EQ(connections_, 1);
}

TEST_F(Https, AnEarlyRefusalReachesAClientThatStillSends) {
  start();
  auto http = client();
  auto response =
      http->send({.method = "PUT", .target = "/refuse", .headers = {}, .body = Bytes(200'000)});
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 403);
  EXPECT_TRUE(http->send({.target = "/"}).ok());
}

TEST_F(Https, AStaleConnectionIsOpenedAgainOnce) {
  start({.idle_time_max = 20ms});
  auto http = client();
  ASSERT_TRUE(http->send({.target = "/"}).ok());
  ended_.wait(0);  // the server has closed the idle connection
  EXPECT_TRUE(http->send({.target = "/"}).ok());
  EXPECT_EQ(connections_, 2);
  auto dropped = http->send({.target = "/drop"});
  ASSERT_FALSE(dropped.ok());
  EXPECT_EQ(dropped.error().kind, ErrorKind::Unavailable);
}

TEST_F(Https, AHandlerThatDoesNotAnswerGivesA500) {
  start();
  auto response = client()->send({.target = "/silent"});
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 500);
}

TEST_F(Https, PipelinedRequestsAreAnsweredInOrder) {
  start();
  auto wire = raw();
  ASSERT_TRUE(wire.write(as_bytes("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nonePUT "
                                  "/b HTTP/1.1\r\nHost: x\r\n"
                                  "Content-Length: 3\r\nConnection: close\r\n\r\ntwo"),
                         kWait)
                  .ok());
  const std::string all = read_all(wire);
  const std::size_t one = all.find("\r\n\r\none");
  const std::size_t two = all.find("\r\n\r\ntwo");
  EXPECT_NE(one, std::string::npos) << all;
  EXPECT_NE(two, std::string::npos) << all;
  EXPECT_LT(one, two);
}

TEST_F(Https, ContinueIsSentBeforeTheBodyIsRead) {
  start();
  auto wire = raw();
  ASSERT_TRUE(
      wire.write(
              as_bytes("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n"
                       "Connection: close\r\n\r\n"),
              kWait)
          .ok());
  Bytes buffer(1000);
  auto got = wire.read(buffer, kWait);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(as_text(ByteSpan(buffer).first(*got)), http::kContinue);
  ASSERT_TRUE(wire.write(as_bytes("abc"), kWait).ok());
  EXPECT_TRUE(read_all(wire).ends_with("\r\n\r\nabc"));
}

TEST_F(Https, AnInterruptEndsARequestThatWaits) {
  start();
  auto http = client();
  g_hangs = {};
  const auto began = std::chrono::steady_clock::now();
  auto waiting = std::async(std::launch::async, [&] { return http->send({.target = "/hang"}); });
  g_hangs.get_future().wait();
  http->interrupt();
  const auto response = waiting.get();
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, ErrorKind::Unavailable);
  EXPECT_EQ(http->send({.target = "/"}).error().kind, ErrorKind::Unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
}

TEST_F(Https, WhatIsNotHttpGetsAShortAnswerAndTheEnd) {
  start();
  auto wire = raw();
  ASSERT_TRUE(wire.write(as_bytes("\x10\x0c nonsense\r\n\r\n"), kWait).ok());
  EXPECT_TRUE(read_all(wire).starts_with("HTTP/1.1 400 "));
}

TEST_F(Https, AHeadThatNeverEndsIsCutAtItsDeadline) {
  start({.head_time_max = 30ms});
  auto wire = raw();
  ASSERT_TRUE(wire.write(as_bytes("GET / HTTP/1.1\r\nHost: x\r\n"), kWait).ok());
  EXPECT_TRUE(read_all(wire).starts_with("HTTP/1.1 408 "));
}

TEST_F(Https, AClientWithoutACertificateIsDenied) {
  start();
  auto http =
      HttpsClient::create({.endpoint = endpoint(), .policy = pki_.client(nullptr, "lake")}).value();
  auto response = http->send({.target = "/"});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, ErrorKind::Denied) << response.error().message;
}

TEST_F(Https, AServerThatIsSomebodyElseIsDenied) {
  start();
  auto http = HttpsClient::create(
                  {.endpoint = endpoint(), .policy = pki_.client(pki_.node("edge"), "other")})
                  .value();
  auto response = http->send({.target = "/"});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, ErrorKind::Denied) << response.error().message;
}

}  // namespace
}  // namespace sealane::net
