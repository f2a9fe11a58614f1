// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "gateway/admin_client.h"

namespace sealane::gateway {
namespace {

using namespace std::chrono_literals;

net::Task<std::string> tell_kind(AdminRequest request) {
  co_return R"({"kind":)" + std::to_string(request.index()) + "}";
}

class AdminSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/sealane-admin-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~AdminSocketTest() override {
    stop();
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  // In a folder whose name is longer than a socket's address may be.
  void use_long_folder() {
    for (int i = 0; i < 3; ++i) folder_ += "/" + std::string(60, 'x');
    std::filesystem::create_directories(folder_);
  }
  void start() {
    auto opened = AdminSocket::open(folder_, ::getuid());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    socket_ = std::move(*opened);
    socket_->serve(loop_, tell_kind);
    thread_ = std::thread([this] { loop_.run(); });
  }
  void stop() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    if (socket_) socket_->close();
    socket_.reset();
  }
  auto ask(const AdminRequest& request, std::chrono::milliseconds limit = 20s) {
    return ask_node(folder_, request, limit);
  }

  std::string folder_;
  net::Loop loop_;
  std::unique_ptr<AdminSocket> socket_;
  std::thread thread_;
};

TEST_F(AdminSocketTest, ARequestIsAnswered) {
  start();
  const auto answer = ask(ReloadRequest());
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->find("kind")->number()->lexeme, "1");
  struct stat facts{};
  ASSERT_EQ(::stat((folder_ + "/" + kAdminSocketName).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(AdminSocketTest, AFolderWithALongNameIsReached) {
  use_long_folder();
  start();
  const auto answer = ask(StatusRequest());
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_TRUE(answer->has_value());
}

TEST_F(AdminSocketTest, ANodeRunsOnce) {
  start();
  const auto second = AdminSocket::open(folder_, ::getuid());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::Conflict);
  // The first one's socket was left alone.
  EXPECT_TRUE(ask(StatusRequest()).ok());
}

TEST_F(AdminSocketTest, ANodeThatDoesNotRunIsSaidNotToRun) {
  auto never = ask(StatusRequest());
  ASSERT_TRUE(never.ok()) << never.error().message;
  EXPECT_FALSE(never->has_value());
  start();
  stop();
  // Socket and lock are still there, and nobody is behind them.
  ASSERT_TRUE(std::filesystem::exists(folder_ + "/" + kAdminSocketName));
  auto no_longer = ask(StatusRequest());
  ASSERT_TRUE(no_longer.ok()) << no_longer.error().message;
  EXPECT_FALSE(no_longer->has_value());
}

TEST_F(AdminSocketTest, ANodeThatRunsAndIsSilentIsAnError) {
  auto opened = AdminSocket::open(folder_, ::getuid());
  ASSERT_TRUE(opened.ok());
  socket_ = std::move(*opened);
  const auto answer = ask(StatusRequest(), 50ms);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::Timeout);
}

}  // namespace
}  // namespace sealane::gateway
