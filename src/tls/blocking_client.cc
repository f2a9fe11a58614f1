// SPDX-License-Identifier: Apache-2.0
#include "tls/blocking_client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace sealane::tls {
namespace {

// How often a wait looks whether it is interrupted.
constexpr std::int64_t kLookMilliseconds = 100;

// How long something may still take.  Monotonic: it only measures a wait.
class Deadline {
 public:
  explicit Deadline(Duration time, const std::atomic<bool>* interrupted = nullptr)
      : at_(std::chrono::steady_clock::now() + time), interrupted_(interrupted) {}
  // Waits until `descriptor` is ready.
  Status wait(int descriptor, short events) const {
    for (;;) {
      if (interrupted_ != nullptr && interrupted_->load())
        return fail(ErrorKind::Unavailable, "interrupted");
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now());
      const std::int64_t most = interrupted_ == nullptr ? 1'000'000'000 : kLookMilliseconds;
      pollfd item{.fd = descriptor, .events = events, .revents = 0};
      const int ready =
          ::poll(&item, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, most)));
      if (ready > 0) return {};
      if (ready == 0 && left.count() <= most)
        return fail(ErrorKind::Timeout, "the peer took longer than allowed");
      if (ready == 0) continue;
      if (errno != EINTR) return fail_errno(errno, "cannot wait for a socket");
    }
  }

 private:
  std::chrono::steady_clock::time_point at_;
  const std::atomic<bool>* interrupted_;
};

struct AddressesFree {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

Result<int> connect_one(const addrinfo& address, const Deadline& deadline) {
  const int descriptor = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return fail_errno(errno, "cannot make a socket");
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(descriptor, address.ai_addr, address.ai_addrlen) == 0) return descriptor;
  int error = errno;
  if (error == EINPROGRESS) {
    if (auto waited = deadline.wait(descriptor, POLLOUT); !waited.ok()) {
      ::close(descriptor);
      return std::move(waited).error();
    }
    socklen_t size = sizeof error;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return descriptor;
  }
  ::close(descriptor);
  return fail(ErrorKind::Unavailable, fail_errno(error, "cannot connect").message);
}

Result<int> connect_to(const Endpoint& to, const Deadline& deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string where = "`" + to.host + ":" + std::to_string(to.port) + "`";
  if (const int code =
          ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found);
      code != 0) {
    return fail(ErrorKind::Unavailable, "cannot resolve " + where + ": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, AddressesFree> list(found);
  Error last = fail(ErrorKind::Unavailable, "no address");
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    auto descriptor = connect_one(*at, deadline);
    if (descriptor.ok()) return descriptor;
    last = std::move(descriptor).error();
  }
  return last.within(where);
}

}  // namespace

Result<PlainSocket> PlainSocket::connect(const Endpoint& to, Duration timeout,
                                         const std::atomic<bool>* interrupted) {
  SEALANE_ASSIGN(const int descriptor, connect_to(to, Deadline(timeout, interrupted)));
  return PlainSocket(descriptor);
}

PlainSocket::~PlainSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
PlainSocket::PlainSocket(PlainSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}
PlainSocket& PlainSocket::operator=(PlainSocket&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

Result<std::size_t> PlainSocket::read(MutableByteSpan to, Duration timeout) {
  const Deadline deadline(timeout);
  for (;;) {
    const ssize_t got = ::recv(descriptor_, to.data(), to.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      return fail(ErrorKind::Unavailable, fail_errno(errno, "cannot read").message);
    SEALANE_TRY(deadline.wait(descriptor_, POLLIN));
  }
}

Status PlainSocket::write(ByteSpan from, Duration timeout) {
  const Deadline deadline(timeout);
  while (!from.empty()) {
    const ssize_t put = ::send(descriptor_, from.data(), from.size(), MSG_NOSIGNAL);
    if (put >= 0) {
      from = from.subspan(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      SEALANE_TRY(deadline.wait(descriptor_, POLLOUT));
    } else if (errno != EINTR) {
      return fail(ErrorKind::Unavailable, fail_errno(errno, "cannot write").message);
    }
  }
  return {};
}

struct BlockingClient::Impl {
  // INVARIANT: the connection borrows the socket's descriptor and goes first.
  PlainSocket socket;
  Connection connection;
  const std::atomic<bool>* interrupted = nullptr;
  bool closed = false;

  // Waits for what `step` wants; an error for steps that want nothing.
  Status wait(Step step, const Deadline& deadline) {
    if (step == Step::WantRead) return deadline.wait(socket.descriptor(), POLLIN);
    if (step == Step::WantWrite) return deadline.wait(socket.descriptor(), POLLOUT);
    return broken(step);
  }
  Error broken(Step step) const {
    if (step == Step::Closed) {
      const bool clean = connection.closed_cleanly();
      return fail(ErrorKind::Unavailable,
                  clean ? "the peer closed the connection" : connection.error());
    }
    const std::string& why = connection.error();
    const bool alert = why.contains("alert") || why.contains("certificate");
    return fail(alert ? ErrorKind::Denied : ErrorKind::Unavailable, why);
  }
};

BlockingClient::BlockingClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlockingClient::BlockingClient(BlockingClient&&) noexcept = default;
BlockingClient& BlockingClient::operator=(BlockingClient&& other) noexcept {
  close();
  impl_ = std::move(other.impl_);
  return *this;
}
BlockingClient::~BlockingClient() { close(); }

Result<BlockingClient> BlockingClient::connect(const Endpoint& to, const ClientPolicy& policy,
                                               Duration timeout) {
  SEALANE_ASSIGN(std::shared_ptr<Context> context, Context::client(policy));
  return connect(to, std::move(context), timeout);
}

Result<BlockingClient> BlockingClient::connect(const Endpoint& to, std::shared_ptr<Context> context,
                                               Duration timeout,
                                               const std::atomic<bool>* interrupted) {
  const Deadline deadline(timeout, interrupted);
  SEALANE_ASSIGN(PlainSocket socket, PlainSocket::connect(to, timeout, interrupted));
  const int descriptor = socket.descriptor();
  auto impl = std::make_unique<Impl>(Impl{.socket = std::move(socket),
                                          .connection = Connection(std::move(context), descriptor),
                                          .interrupted = interrupted});
  for (;;) {
    const Step step = impl->connection.handshake();
    if (step == Step::Done) return BlockingClient(std::move(impl));
    if (step == Step::Failed) {
      const Refusal& refusal = impl->connection.refusal();
      const bool left = refusal.reason == RefusalReason::Disconnected;
      return fail(left ? ErrorKind::Unavailable : ErrorKind::Denied,
                  "handshake with `" + to.host + ":" + std::to_string(to.port) +
                      "`: " + std::string(to_string(refusal.reason)) + ": " + refusal.detail);
    }
    SEALANE_TRY(impl->wait(step, deadline));
  }
}

Result<std::size_t> BlockingClient::read(MutableByteSpan to, Duration timeout) {
  if (impl_->closed) return fail(ErrorKind::Unavailable, "the connection is closed");
  const Deadline deadline(timeout, impl_->interrupted);
  for (;;) {
    const Io io = impl_->connection.read(to);
    if (io.step == Step::Done) return io.bytes;
    if (io.step == Step::Closed && impl_->connection.closed_cleanly()) return std::size_t{0};
    SEALANE_TRY(impl_->wait(io.step, deadline));
  }
}

Status BlockingClient::write(ByteSpan from, Duration timeout) {
  if (impl_->closed) return fail(ErrorKind::Unavailable, "the connection is closed");
  const Deadline deadline(timeout, impl_->interrupted);
  while (!from.empty()) {
    const Io io = impl_->connection.write(from);
    if (io.step == Step::Done) {
      from = from.subspan(io.bytes);
    } else {
      SEALANE_TRY(impl_->wait(io.step, deadline));
    }
  }
  return {};
}

void BlockingClient::close() {
  if (!impl_ || impl_->closed) return;
  impl_->closed = true;
  impl_->connection.shutdown();
  ::shutdown(impl_->socket.descriptor(), SHUT_RDWR);
}

const PeerFacts& BlockingClient::facts() const { return impl_->connection.facts(); }

}  // namespace sealane::tls
