// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin_socket.h"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/json.h"
#include "base/log.h"
#include "gateway/admin_path_internal.h"
#include "net/deadline.h"

namespace sealane::gateway {
namespace {

using Protocol = net::asio::local::stream_protocol;

constexpr std::size_t kConnectionsMax = 16;
constexpr int kBacklog = 64;
constexpr std::chrono::milliseconds kReadTimeMax{5000};
constexpr std::chrono::milliseconds kWriteTimeMax{5000};
constexpr std::chrono::milliseconds kAcceptPause{100};

// Held until the process ends, however it ends.
Result<Descriptor> take_lock(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return fail_errno(errno, "cannot open `" + path + "`");
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(file.get(), F_OFD_SETLK, &whole) == 0) return file;
  if (errno == EAGAIN || errno == EACCES)
    return fail(ErrorKind::Conflict, "this node runs already: `" + path + "` is locked",
                "stop the other process first");
  return fail_errno(errno, "cannot lock `" + path + "`");
}

Result<Descriptor> listen_in(const std::string& folder) {
  const Descriptor open_folder(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!open_folder.is_open()) return fail_errno(errno, "cannot open `" + folder + "`");
  SEALANE_ASSIGN(const sockaddr_un address, address_in(folder, open_folder, kAdminSocketName));
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return fail_errno(errno, "no admin socket");
  // The lock is ours, so that what stands there was left by a process that is gone.
  if (::unlinkat(open_folder.get(), kAdminSocketName, 0) != 0 && errno != ENOENT)
    return fail_errno(errno, "cannot remove the old admin socket in `" + folder + "`");
  const void* raw = &address;
  if (::bind(socket.get(), static_cast<const sockaddr*>(raw), sizeof(address)) != 0)
    return fail_errno(errno, "cannot bind the admin socket in `" + folder + "`");
  if (::fchmodat(open_folder.get(), kAdminSocketName, 0600, 0) != 0)
    return fail_errno(errno, "cannot set the mode of the admin socket in `" + folder + "`");
  if (::listen(socket.get(), kBacklog) != 0)
    return fail_errno(errno, "cannot listen on the admin socket in `" + folder + "`");
  return socket;
}

}  // namespace

std::string error_answer(const Error& error) {
  json::Writer w;
  w.begin_object().key("error").begin_object();
  w.field("kind", to_string(error.kind)).field("message", error.message);
  return w.field("hint", error.hint).end_object().end_object().str();
}

struct AdminSocket::State {
  State(Descriptor locked, Descriptor bound, uid_t who)
      : lock(std::move(locked)), listening(std::move(bound)), owner(who) {}

  Descriptor lock;
  Descriptor listening;
  const uid_t owner;
  std::unique_ptr<Protocol::acceptor> acceptor;
  net::Loop* loop = nullptr;
  Handler handler;
  std::size_t active = 0;

  bool may_ask(Protocol::socket& socket) const {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
      return false;
    return peer.uid == 0 || peer.uid == ::geteuid() || peer.uid == owner;
  }

  static net::Task<Result<std::string>> read_line(std::shared_ptr<Protocol::socket> socket) {
    std::string text;
    const auto got = co_await net::asio::async_read_until(
        *socket, net::asio::dynamic_buffer(text, AdminLimits::kRequestBytesMax), '\n', net::kAwait);
    if (std::get<0>(got))
      co_return fail(
          ErrorKind::Invalid,
          "no line of at most " + std::to_string(AdminLimits::kRequestBytesMax) + " bytes");
    text.resize(std::get<1>(got) - 1);
    co_return text;
  }

  static net::Task<Result<std::size_t>> write_line(std::shared_ptr<Protocol::socket> socket,
                                                   std::string text) {
    text += '\n';
    const auto wrote =
        co_await net::asio::async_write(*socket, net::asio::buffer(text), net::kAwait);
    if (std::get<0>(wrote)) co_return fail(ErrorKind::Unavailable, std::get<0>(wrote).message());
    co_return std::get<1>(wrote);
  }

  static net::Task<> answer(std::shared_ptr<State> self, std::shared_ptr<Protocol::socket> socket) {
    const auto line = co_await net::with_deadline(read_line(socket), kReadTimeMax);
    std::string text;
    if (!line.ok()) {
      text = error_answer(line.error());
    } else if (auto request = parse_admin_request(*line); !request.ok()) {
      text = error_answer(request.error());
    } else {
      text = co_await self->handler(*request);
      if (text.size() > AdminLimits::kAnswerBytesMax)
        text = error_answer(fail(ErrorKind::TooLarge, "the answer is too long", "ask for less"));
    }
    // Who does not take the answer is left alone.
    const auto wrote =
        co_await net::with_deadline(write_line(socket, std::move(text)), kWriteTimeMax);
    static_cast<void>(wrote.ok());
    --self->active;
  }

  static net::Task<> accept_loop(std::shared_ptr<State> self) {
    for (;;) {
      auto accepted = co_await self->acceptor->async_accept(net::kAwait);
      if (std::get<0>(accepted)) {
        if (!self->acceptor) co_return;
        const Status slept = co_await net::sleep_for(kAcceptPause);
        if (!slept.ok()) co_return;
        continue;
      }
      auto socket = std::make_shared<Protocol::socket>(std::move(std::get<1>(accepted)));
      if (!self->may_ask(*socket) || self->active >= kConnectionsMax) continue;
      ++self->active;
      self->loop->spawn("admin", answer(self, socket));
    }
  }
};

Result<std::unique_ptr<AdminSocket>> AdminSocket::open(const std::string& node_folder,
                                                       uid_t owner) {
  SEALANE_ASSIGN(Descriptor lock, take_lock(node_folder + "/" + kAdminLockName));
  SEALANE_ASSIGN(Descriptor listening, listen_in(node_folder));
  return std::unique_ptr<AdminSocket>(
      new AdminSocket(std::make_shared<State>(std::move(lock), std::move(listening), owner)));
}

// A task of the loop may hold the state longer.
AdminSocket::~AdminSocket() {
  close();
  state_->lock = Descriptor();
}

void AdminSocket::close() {
  state_->acceptor.reset();
  state_->handler = nullptr;
}

void AdminSocket::serve(net::Loop& loop, Handler handler) {
  state_->loop = &loop;
  state_->handler = std::move(handler);
  state_->acceptor =
      std::make_unique<Protocol::acceptor>(loop.context(), Protocol(), state_->listening.release());
  loop.spawn("admin accept", State::accept_loop(state_));
}

}  // namespace sealane::gateway
