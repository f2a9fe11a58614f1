// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <charconv>

namespace sealane::cli::demo {
namespace {

using Instant = std::chrono::steady_clock::time_point;

// An address as the socket calls want it and as IPv4 has it; both share their first field.
union Address {
  sockaddr any;
  sockaddr_in ip4;
};

Address to_address(const Endpoint& endpoint) {
  Address out{};
  out.ip4 = {};
  out.ip4.sin_family = AF_INET;
  out.ip4.sin_port = htons(endpoint.port);
  out.ip4.sin_addr.s_addr = htonl(endpoint.address);
  return out;
}

Endpoint endpoint_of(const Descriptor& socket, int (*ask)(int, sockaddr*, socklen_t*)) {
  Address address{};
  socklen_t size = sizeof(address.ip4);
  if (ask(socket.get(), &address.any, &size) != 0) return {};
  return {ntohl(address.ip4.sin_addr.s_addr), ntohs(address.ip4.sin_port)};
}

Result<Descriptor> new_socket() {
  Descriptor out(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out.open()) return fail_errno(errno, "cannot open a socket");
  const int on = 1;
  (void)::setsockopt(out.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return out;
}

// Waits for `events`.  Errors: Timeout.
Status wait_for(const Descriptor& socket, short events, Instant deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(ErrorKind::Timeout, "no answer in time");
    pollfd poll_fd{socket.get(), events, 0};
    const int ready = ::poll(&poll_fd, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail_errno(errno, "cannot wait for a socket");
  }
}

}  // namespace

void Descriptor::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  Endpoint out;
  if (colon != std::string_view::npos) {
    const std::string host(text.substr(0, colon) == "localhost" ? "127.0.0.1"
                                                                : text.substr(0, colon));
    const std::string_view port = text.substr(colon + 1);
    in_addr address{};
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (code == std::errc() && end == port.data() + port.size() &&
        ::inet_pton(AF_INET, host.c_str(), &address) == 1) {
      out.address = ntohl(address.s_addr);
      return out;
    }
  }
  return fail(ErrorKind::Invalid, "`" + std::string(text) + "` is no address and port",
              "write it like 127.0.0.1:8883");
}

Result<Descriptor> listen_tcp(const Endpoint& at) {
  SEALANE_ASSIGN(Descriptor out, new_socket());
  const int on = 1;
  (void)::setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const Address address = to_address(at);
  if (::bind(out.get(), &address.any, sizeof(address.ip4)) != 0 || ::listen(out.get(), 128) != 0)
    return fail_errno(errno, "cannot listen on " + to_text(at));
  return out;
}

Result<Descriptor> connect_tcp(const Endpoint& to, std::chrono::milliseconds limit) {
  SEALANE_ASSIGN(Descriptor out, new_socket());
  const Address address = to_address(to);
  if (::connect(out.get(), &address.any, sizeof(address.ip4)) == 0) return out;
  if (errno != EINPROGRESS) return fail_errno(errno, "cannot connect to " + to_text(to));
  if (auto ready = wait_for(out, POLLOUT, std::chrono::steady_clock::now() + limit); !ready.ok())
    return ready.error().within("connecting to " + to_text(to));
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(out.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return fail_errno(error, "cannot connect to " + to_text(to));
  return out;
}

Endpoint local_endpoint(const Descriptor& socket) { return endpoint_of(socket, ::getsockname); }
Endpoint remote_endpoint(const Descriptor& socket) { return endpoint_of(socket, ::getpeername); }

Status send_all(const Descriptor& socket, ByteSpan bytes, std::chrono::milliseconds limit) {
  const Instant deadline = std::chrono::steady_clock::now() + limit;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (sent < 0 && errno == EAGAIN) {
      SEALANE_TRY(wait_for(socket, POLLOUT, deadline));
    } else if (sent < 0 && errno != EINTR) {
      return fail_errno(errno, "cannot send");
    }
  }
  return {};
}

Result<Received> receive_until_closed(const Descriptor& socket, std::size_t bytes_max,
                                      std::chrono::milliseconds limit) {
  const Instant deadline = std::chrono::steady_clock::now() + limit;
  Received out;
  Bytes piece(4096);
  while (out.bytes.size() < bytes_max) {
    const std::size_t want = std::min(piece.size(), bytes_max - out.bytes.size());
    const ssize_t got = ::recv(socket.get(), piece.data(), want, 0);
    if (got > 0) {
      append(out.bytes, ByteSpan(piece).first(static_cast<std::size_t>(got)));
    } else if (got == 0 || errno == ECONNRESET) {
      out.closed = true;
      return out;
    } else if (errno == EAGAIN) {
      auto ready = wait_for(socket, POLLIN, deadline);
      if (!ready.ok() && ready.error().kind == ErrorKind::Timeout) return out;
      SEALANE_TRY(std::move(ready));
    } else if (errno != EINTR) {
      return fail_errno(errno, "cannot receive");
    }
  }
  return out;
}

}  // namespace sealane::cli::demo
