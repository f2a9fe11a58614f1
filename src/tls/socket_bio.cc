// SPDX-License-Identifier: Apache-2.0
#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>

#include "tls/connection_internal.h"

namespace sealane::tls {
namespace {

SocketState& state_of(BIO* bio) { return *static_cast<SocketState*>(BIO_get_data(bio)); }

int read_socket(BIO* bio, char* to, int size) {
  SocketState& state = state_of(bio);
  BIO_clear_retry_flags(bio);
  ssize_t got = 0;
  do {
    got = ::recv(state.descriptor, to, static_cast<std::size_t>(size), 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    state.received += static_cast<std::uint64_t>(got);
    return static_cast<int>(got);
  }
  if (got == 0) {
    state.at_end = true;
    return 0;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    BIO_set_retry_read(bio);
  } else {
    state.error = errno;
  }
  return -1;
}

int write_socket(BIO* bio, const char* from, int size) {
  SocketState& state = state_of(bio);
  BIO_clear_retry_flags(bio);
  ssize_t put = 0;
  do {
    put = ::send(state.descriptor, from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  } while (put < 0 && errno == EINTR);
  if (put >= 0) {
    state.sent += static_cast<std::uint64_t>(put);
    return static_cast<int>(put);
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    BIO_set_retry_write(bio);
  } else {
    state.error = errno;
  }
  return -1;
}

long control_socket(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return state_of(bio).at_end ? 1 : 0;
  return 0;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sealane socket");
  SEALANE_CHECK(method != nullptr);
  SEALANE_CHECK(BIO_meth_set_read(method, read_socket) == 1 &&
                BIO_meth_set_write(method, write_socket) == 1 &&
                BIO_meth_set_ctrl(method, control_socket) == 1);
  return method;
}

}  // namespace

BioPtr socket_bio(SocketState& state) {
  static BIO_METHOD* const method = make_method();
  BioPtr bio(BIO_new(method));
  SEALANE_CHECK(bio != nullptr);
  BIO_set_data(bio.get(), &state);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace sealane::tls
