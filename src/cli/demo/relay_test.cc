// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/relay.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

namespace sealane::cli::demo {
namespace {

constexpr std::chrono::milliseconds kLimit{5000};
constexpr Endpoint kAnyPort{0x7f000001, 0};

class RelayTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sealane-relay-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    auto listener = listen_tcp(kAnyPort);
    ASSERT_TRUE(listener.ok());
    listener_ = std::move(listener).value();
    stop_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
  }
  void TearDown() override {
    stop();
    std::filesystem::remove_all(folder_);
  }
  void start(std::uint64_t capture_bytes_max) {
    RelayOptions options{.listen = kAnyPort,
                         .to = local_endpoint(listener_),
                         .capture = folder_ + "/x.pcap",
                         .capture_bytes_max = capture_bytes_max};
    auto relay =
        Relay::open(options, env_, clock_, [this](const Relayed& r) { relayed_.push_back(r); });
    ASSERT_TRUE(relay.ok()) << relay.error().message;
    address_ = relay->address();
    thread_ = std::thread(
        [this, moved = std::move(relay).value()]() mutable { outcome_ = moved.run(stop_.get()); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    ASSERT_EQ(::eventfd_write(stop_.get(), 1), 0);
    thread_.join();
  }
  Descriptor accept() {
    pollfd wait{listener_.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&wait, 1, 5000), 1);
    return Descriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  }

  PosixEnv env_;
  SystemClock clock_;
  std::string folder_;
  Descriptor listener_, stop_;
  Endpoint address_;
  std::vector<Relayed> relayed_;
  std::thread thread_;
  Status outcome_;
};

TEST_F(RelayTest, RecordsEveryByteBothWaysAndPassesItOn) {
  start(kCaptureBytesMax);
  auto client = connect_tcp(address_, kLimit);
  ASSERT_TRUE(client.ok());
  Descriptor server = accept();
  const Endpoint seen_as = remote_endpoint(server);
  const Bytes large(300'000, std::byte{'q'});
  std::thread sender([&] {
    EXPECT_TRUE(send_all(*client, large, kLimit).ok());
    EXPECT_EQ(::shutdown(client->get(), SHUT_WR), 0);
  });
  auto got = receive_until_closed(server, 1 << 20, kLimit);
  sender.join();
  ASSERT_TRUE(got.ok());
  EXPECT_TRUE(got->closed);
  EXPECT_EQ(got->bytes, large);
  ASSERT_TRUE(send_all(server, as_bytes("answer"), kLimit).ok());
  server.close();
  auto answer = receive_until_closed(*client, 100, kLimit);
  EXPECT_EQ(as_text(answer->bytes), "answer");
  EXPECT_TRUE(answer->closed);
  stop();
  EXPECT_TRUE(outcome_.ok());

  auto streams = read_capture(*read_file(env_, folder_ + "/x.pcap", 1 << 20));
  ASSERT_TRUE(streams.ok()) << streams.error().message;
  ASSERT_EQ(streams->size(), 2u);
  EXPECT_EQ((*streams)[0].payload, large);
  EXPECT_EQ((*streams)[0].from, local_endpoint(*client));
  EXPECT_EQ(as_text((*streams)[1].payload), "answer");
  ASSERT_EQ(relayed_.size(), 2u);
  EXPECT_EQ(relayed_[1].seen_as, seen_as);
  EXPECT_EQ(relayed_[1].to_listener, large.size());
  EXPECT_EQ(relayed_[1].to_client, 6u);
  EXPECT_TRUE(relayed_[1].closed);
}

TEST_F(RelayTest, AFullCaptureEndsTheRelayAndPassesNothingUnrecorded) {
  start(2000);
  auto client = connect_tcp(address_, kLimit);
  ASSERT_TRUE(client.ok());
  Descriptor server = accept();
  ASSERT_TRUE(send_all(*client, Bytes(3000), kLimit).ok());
  thread_.join();
  EXPECT_EQ(outcome_.error().kind, ErrorKind::TooLarge);
  auto got = receive_until_closed(server, 10'000, kLimit);
  EXPECT_TRUE(got->closed);
  EXPECT_EQ(got->bytes.size(), 0u);
}

TEST_F(RelayTest, AListenerThatIsAwayClosesTheClient) {
  start(kCaptureBytesMax);
  listener_.close();
  auto client = connect_tcp(address_, kLimit);
  ASSERT_TRUE(client.ok());
  auto got = receive_until_closed(*client, 10, kLimit);
  EXPECT_TRUE(got->closed);
  stop();
}

TEST(ParseEndpoint, TakesAddressesAndRefusesTheRest) {
  EXPECT_EQ(to_text(*parse_endpoint("localhost:80")), "127.0.0.1:80");
  for (const char* bad :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "host:1", "127.0.0.1:1x"})
    EXPECT_FALSE(parse_endpoint(bad).ok()) << bad;
}

}  // namespace
}  // namespace sealane::cli::demo
