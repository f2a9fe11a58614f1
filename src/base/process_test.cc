// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/privileges.h"

namespace sealane {
namespace {

using std::chrono::milliseconds;

TEST(ChildProcess, ReportsExitCodeAndSignal) {
  auto ended = ChildProcess::spawn(
      {.argv = {"/bin/sh", "-c", "exit 7"}, .stdout_file = "", .stderr_file = ""});
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->wait(milliseconds(5000))->code, 7);
  auto killed =
      ChildProcess::spawn({.argv = {"/bin/sleep", "60"}, .stdout_file = "", .stderr_file = ""});
  ASSERT_TRUE(killed.ok());
  ASSERT_TRUE(killed->signal(SIGKILL).ok());
  EXPECT_EQ(killed->wait(milliseconds(5000))->signal, SIGKILL);
}

TEST(ChildProcess, IsGoneWhenItsOwnerGoes) {
  pid_t pid = 0;
  {
    auto child =
        ChildProcess::spawn({.argv = {"/bin/sleep", "60"}, .stdout_file = "", .stderr_file = ""});
    ASSERT_TRUE(child.ok());
    pid = child->pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(ChildProcess, WaitGivesUpAtItsLimit) {
  auto child =
      ChildProcess::spawn({.argv = {"/bin/sleep", "60"}, .stdout_file = "", .stderr_file = ""});
  EXPECT_EQ(child->wait(milliseconds(10)).error().kind, ErrorKind::Timeout);
}

// Runs `body` in a forked process and returns its exit code, so that this one keeps its powers.
template <class Body>
int in_child(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body() ? 0 : 1);
  int state = 0;
  ::waitpid(pid, &state, 0);
  return WIFEXITED(state) ? WEXITSTATUS(state) : 255;
}

TEST(Privileges, HardenedProcessLeavesNoCoreAndCannotBeTraced) {
  EXPECT_EQ(in_child([] {
              rlimit core{};
              return harden_process().ok() && ::getrlimit(RLIMIT_CORE, &core) == 0 &&
                     core.rlim_max == 0 && ::prctl(PR_GET_DUMPABLE) == 0 &&
                     ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
            }),
            0);
}

TEST(Privileges, RootIsGoneForGood) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give it up";
  EXPECT_EQ(in_child([] {
              return drop_root({.user = "nobody", .own_folders = {}}).ok() && ::geteuid() != 0 &&
                     ::setuid(0) != 0;
            }),
            0);
}

TEST(Privileges, FilteredProcessCannotStartPrograms) {
  EXPECT_EQ(in_child([] {
              if (!harden_process().ok() || !forbid_unneeded_system_calls().ok()) return false;
              char program[] = "/bin/true";
              char* const argv[] = {program, nullptr};
              return ::execv(program, argv) == -1 && errno == EPERM;
            }),
            0);
}

}  // namespace
}  // namespace sealane
