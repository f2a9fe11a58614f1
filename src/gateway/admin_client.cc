// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "gateway/admin_path_internal.h"
#include "gateway/admin_socket.h"

namespace sealane::gateway {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kRetryInterval{20};

int left_until(Steady::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Steady::now());
  return static_cast<int>(std::max<std::int64_t>(0, left.count()));
}

bool wait_for(const Descriptor& socket, short what, Steady::time_point end) {
  pollfd one{.fd = socket.get(), .events = what, .revents = 0};
  return ::poll(&one, 1, left_until(end)) > 0;
}

void pause_until(Steady::time_point end) {
  ::poll(nullptr, 0, std::min(left_until(end), static_cast<int>(kRetryInterval.count())));
}

// Whether a process holds the node's lock.
Result<bool> is_locked(const std::string& folder) {
  const std::string path = folder + "/" + kAdminLockName;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) {
    if (errno == ENOENT) return false;
    return fail(ErrorKind::Denied, "cannot tell whether the node of `" + folder + "` runs",
                "ask as root, or as the user that owns the state folder and runs the node");
  }
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(file.get(), F_OFD_GETLK, &whole) != 0)
    return fail_errno(errno, "cannot look at the lock `" + path + "`");
  return whole.l_type != F_UNLCK;
}

// A connection; nothing when nobody listens.
Result<std::optional<Descriptor>> connect_in(const std::string& folder) {
  const Descriptor open_folder(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!open_folder.is_open()) return std::optional<Descriptor>();
  SEALANE_ASSIGN(const sockaddr_un address, address_in(folder, open_folder, kAdminSocketName));
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return fail_errno(errno, "no socket");
  const void* raw = &address;
  if (::connect(socket.get(), static_cast<const sockaddr*>(raw), sizeof(address)) == 0)
    return std::optional(std::move(socket));
  if (errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN)
    return std::optional<Descriptor>();
  return fail_errno(errno, "cannot reach the admin socket in `" + folder + "`");
}

Status send_all(const Descriptor& socket, std::string_view text, Steady::time_point end) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) return fail_errno(errno, "cannot ask the node");
    if (!wait_for(socket, POLLOUT, end))
      return fail(ErrorKind::Timeout, "the node does not answer");
  }
  return {};
}

// One line; empty when the node ended first.
Result<std::string> receive_line(const Descriptor& socket, Steady::time_point end) {
  std::string text;
  std::array<char, 16384> piece;
  for (;;) {
    const ssize_t got = ::recv(socket.get(), piece.data(), piece.size(), 0);
    if (got > 0) {
      text.append(piece.data(), static_cast<std::size_t>(got));
      if (text.back() == '\n') return text;
      if (text.size() > AdminLimits::kAnswerBytesMax + 1)
        return fail(ErrorKind::TooLarge, "the node's answer is too long");
      continue;
    }
    if (got == 0 || errno == ECONNRESET) return std::string();
    if (errno != EAGAIN && errno != EINTR) return fail_errno(errno, "cannot hear the node");
    if (!wait_for(socket, POLLIN, end)) return fail(ErrorKind::Timeout, "the node does not answer");
  }
}

ErrorKind kind_of(std::string_view word) {
  for (const ErrorKind kind : {ErrorKind::Invalid, ErrorKind::NotFound, ErrorKind::Denied,
                               ErrorKind::Conflict, ErrorKind::TooLarge, ErrorKind::Timeout,
                               ErrorKind::Unavailable, ErrorKind::Corrupt, ErrorKind::Unsupported})
    if (word == to_string(kind)) return kind;
  return ErrorKind::Internal;
}

Result<json::Value> parse_answer(const std::string& line) {
  auto parsed =
      json::parse(line, {.file = "answer", .bytes_max = AdminLimits::kAnswerBytesMax + 1});
  if (!parsed.value || parsed.value->object() == nullptr)
    return fail(ErrorKind::Internal, "the node's answer is no JSON object");
  const json::Value* error = parsed.value->find("error");
  if (error == nullptr) return std::move(*parsed.value);
  return fail(kind_of(error->text_or_empty("kind")), std::string(error->text_or_empty("message")),
              std::string(error->text_or_empty("hint")));
}

}  // namespace

Result<std::optional<json::Value>> ask_node(const std::string& node_folder,
                                            const AdminRequest& request,
                                            std::chrono::milliseconds limit) {
  const auto end = Steady::now() + limit;
  const std::string line = to_text(request) + "\n";
  for (;;) {
    SEALANE_ASSIGN(const std::optional<Descriptor> socket, connect_in(node_folder));
    if (socket) {
      const Status sent = send_all(*socket, line, end);
      if (!sent.ok() && sent.error().kind == ErrorKind::Timeout) return sent.error();
      SEALANE_ASSIGN(const std::string answer, receive_line(*socket, end));
      if (!answer.empty()) {
        SEALANE_ASSIGN(json::Value value, parse_answer(answer));
        return std::optional(std::move(value));
      }
    }
    // Nobody listens, or the node ended before it answered: it is starting, ending, or gone.
    SEALANE_ASSIGN(const bool locked, is_locked(node_folder));
    if (!locked) return std::optional<json::Value>();
    if (Steady::now() >= end) return fail(ErrorKind::Timeout, "the node runs and does not answer");
    pause_until(end);
  }
}

}  // namespace sealane::gateway
