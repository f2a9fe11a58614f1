// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "gateway/admin_request.h"
#include "net/loop.h"

namespace sealane::gateway {

// The files of the socket in a node's folder.
inline constexpr const char* kAdminSocketName = "admin.sock";
inline constexpr const char* kAdminLockName = "admin.lock";

// The Unix socket on which a running node answers its administrator, and the lock that says that
// the node runs.
//
// Source:  docs/formats/admin-socket.md.
// Owner:   the node; open() before the registry is read, serve() once it can answer.
// Bounds:  AdminLimits; 16 connections at the same time, seconds for each direction.
// Threads: the loop's.
class AdminSocket {
 public:
  // The answer to one request, one line of JSON without newline.
  using Handler = std::function<net::Task<std::string>(AdminRequest)>;

  // Locks, binds and listens; nobody is answered yet.
  // `owner`: a user who may ask beside root and the user that the node runs as.
  // Errors: Conflict – the node runs already; Unavailable, Denied.
  static Result<std::unique_ptr<AdminSocket>> open(const std::string& node_folder, uid_t owner);
  ~AdminSocket();

  void serve(net::Loop& loop, Handler handler);
  // Nobody is answered any more; call it before the loop goes.
  void close();

 private:
  struct State;
  explicit AdminSocket(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// `{"error": …}` as an answer.
std::string error_answer(const Error& error);

}  // namespace sealane::gateway
