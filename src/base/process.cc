// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

namespace sealane {
namespace {

constexpr std::chrono::milliseconds kPollStep{5};
constexpr std::chrono::milliseconds kGrace{2000};

// Only async-signal-safe calls: it runs between fork and exec.
[[noreturn]] void become(char* const* argv, int out, int err, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null >= 0) ::dup2(null, STDIN_FILENO);
  if (out >= 0) ::dup2(out, STDOUT_FILENO);
  if (err >= 0) ::dup2(err, STDERR_FILENO);
  ::execv(argv[0], argv);
  ::_exit(127);
}

Result<int> open_output(const std::string& path) {
  if (path.empty()) return -1;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno(errno, "cannot open `" + path + "`");
  return fd;
}

}  // namespace

Result<ChildProcess> ChildProcess::spawn(const SpawnOptions& options) {
  if (options.argv.empty()) return fail(ErrorKind::Invalid, "a child process needs a program");
  SEALANE_ASSIGN(const int out, open_output(options.stdout_file));
  auto err_opened = open_output(options.stderr_file);
  if (!err_opened.ok()) {
    if (out >= 0) ::close(out);
    return std::move(err_opened).error();
  }
  const int err = *err_opened;
  std::vector<std::string> words = options.argv;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(argv.data(), out, err, parent);
  const int saved = errno;
  if (out >= 0) ::close(out);
  if (err >= 0) ::close(err);
  if (pid < 0) return fail_errno(saved, "cannot start `" + options.argv[0] + "`");
  return ChildProcess(pid);
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0 && !exit_) static_cast<void>(stop(kGrace).ok());
}
ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_(other.exit_) {}
ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    if (pid_ > 0 && !exit_) static_cast<void>(stop(kGrace).ok());
    pid_ = std::exchange(other.pid_, -1);
    exit_ = other.exit_;
  }
  return *this;
}

std::optional<ChildExit> ChildProcess::poll() {
  if (exit_ || pid_ <= 0) return exit_;
  int state = 0;
  const pid_t done = ::waitpid(pid_, &state, WNOHANG);
  if (done != pid_) return std::nullopt;
  if (WIFSIGNALED(state)) {
    exit_ = ChildExit{128 + WTERMSIG(state), WTERMSIG(state)};
  } else {
    exit_ = ChildExit{WEXITSTATUS(state), 0};
  }
  return exit_;
}

Result<ChildExit> ChildProcess::wait(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (auto ended = poll()) return *ended;
    if (std::chrono::steady_clock::now() >= end)
      return fail(ErrorKind::Timeout, "process " + std::to_string(pid_) + " still runs");
    std::this_thread::sleep_for(kPollStep);
  }
}

Status ChildProcess::signal(int number) {
  if (poll()) return fail(ErrorKind::NotFound, "process " + std::to_string(pid_) + " has ended");
  if (::kill(pid_, number) != 0) return fail_errno(errno, "cannot signal a child process");
  return {};
}

Result<ChildExit> ChildProcess::stop(std::chrono::milliseconds grace) {
  if (auto ended = poll()) return *ended;
  static_cast<void>(signal(SIGTERM).ok());
  if (auto ended = wait(grace); ended.ok()) return ended;
  static_cast<void>(signal(SIGKILL).ok());
  return wait(kGrace);
}

Result<std::string> own_program() {
  std::string path(4096, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return fail_errno(errno, "cannot find the path of this program");
  path.resize(static_cast<std::size_t>(length));
  return path;
}

}  // namespace sealane
