// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace sealane {

// How a child process ended.
struct ChildExit {
  int code = 0;    // exit code, or 128 + signal
  int signal = 0;  // the signal that ended it; 0 when it exited
};

struct SpawnOptions {
  std::vector<std::string> argv;  // argv[0] is the program's path; no shell, no PATH search
  std::string stdout_file;        // empty: inherited; else created or truncated, mode 0600
  std::string stderr_file;
};

// One child process.  It gets SIGKILL when its parent dies, so that none is left behind.
//
// Lifetime: the destructor ends the child (SIGTERM, then SIGKILL after two seconds) and waits.
// Threads:  one at a time; spawn from the main thread (the parent-death signal follows the thread).
class ChildProcess {
 public:
  static Result<ChildProcess> spawn(const SpawnOptions& options);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Nothing while it runs.
  std::optional<ChildExit> poll();
  // Errors: Timeout – it still runs.
  Result<ChildExit> wait(std::chrono::milliseconds limit);
  Status signal(int number);
  // SIGTERM, then SIGKILL when it still runs after `grace`; returns how it ended.
  Result<ChildExit> stop(std::chrono::milliseconds grace);

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;
  std::optional<ChildExit> exit_;
};

// The path of the running program.
Result<std::string> own_program();

}  // namespace sealane
