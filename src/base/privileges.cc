// SPDX-License-Identifier: Apache-2.0
#include "base/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace sealane {
namespace {

Status give(const std::string& path, uid_t uid, gid_t gid) {
  std::error_code ec;
  std::vector<std::filesystem::path> all{path};
  for (auto it = std::filesystem::recursive_directory_iterator(path, ec);
       !ec && it != std::filesystem::recursive_directory_iterator(); it.increment(ec))
    all.push_back(it->path());
  if (ec) return fail(ErrorKind::NotFound, "cannot walk `" + path + "`: " + ec.message());
  for (const auto& entry : all) {
    // lchown: a link is given, never what it points to.
    if (::lchown(entry.c_str(), uid, gid) != 0)
      return fail_errno(errno, "cannot give `" + entry.string() + "` to the run-time user");
  }
  return {};
}

}  // namespace

Status harden_process() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return fail_errno(errno, "cannot forbid core dumps");
  if (::prctl(PR_SET_DUMPABLE, 0) != 0)
    return fail_errno(errno, "cannot make the process undumpable");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail_errno(errno, "cannot give up new privileges");
  ::umask(077);
  return {};
}

Status drop_root(const DropOptions& options) {
  if (::geteuid() != 0) return {};
  const passwd* user = ::getpwnam(options.user.c_str());
  if (user == nullptr || user->pw_uid == 0)
    return fail(ErrorKind::NotFound, "there is no ordinary user `" + options.user + "` to run as",
                "create it, or name another with --user");
  const uid_t uid = user->pw_uid;
  const gid_t gid = user->pw_gid;
  for (const std::string& folder : options.own_folders) SEALANE_TRY(give(folder, uid, gid));
  int parent_death_signal = 0;
  if (::prctl(PR_GET_PDEATHSIG, &parent_death_signal) != 0)
    return fail_errno(errno, "cannot ask for the parent-death signal");
  if (::setgroups(0, nullptr) != 0 || ::setresgid(gid, gid, gid) != 0 ||
      ::setresuid(uid, uid, uid) != 0)
    return fail_errno(errno, "cannot become user `" + options.user + "`");
  if (::setuid(0) == 0)
    return fail(ErrorKind::Internal, "root could be regained after it was given up");
  // Changing identity forgets the parent-death signal, so that the process would outlive its
  // parent, and sets the dumpable flag back to the system's default.
  if (::prctl(PR_SET_PDEATHSIG, parent_death_signal) != 0)
    return fail_errno(errno, "cannot keep the parent-death signal");
  if (::prctl(PR_SET_DUMPABLE, 0) != 0)
    return fail_errno(errno, "cannot make the process undumpable");
  return {};
}

Status forbid_unneeded_system_calls() {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) return fail(ErrorKind::Unsupported, "this kernel has no seccomp filters");
  const int forbidden[] = {SCMP_SYS(execve),
                           SCMP_SYS(execveat),
                           SCMP_SYS(ptrace),
                           SCMP_SYS(process_vm_readv),
                           SCMP_SYS(process_vm_writev),
                           SCMP_SYS(kexec_load),
                           SCMP_SYS(init_module),
                           SCMP_SYS(finit_module),
                           SCMP_SYS(delete_module),
                           SCMP_SYS(mount),
                           SCMP_SYS(umount2),
                           SCMP_SYS(pivot_root),
                           SCMP_SYS(chroot),
                           SCMP_SYS(setns),
                           SCMP_SYS(unshare),
                           SCMP_SYS(bpf),
                           SCMP_SYS(perf_event_open),
                           SCMP_SYS(userfaultfd),
                           SCMP_SYS(keyctl),
                           SCMP_SYS(add_key),
                           SCMP_SYS(request_key),
                           SCMP_SYS(setuid),
                           SCMP_SYS(setresuid),
                           SCMP_SYS(setgid),
                           SCMP_SYS(setresgid),
                           SCMP_SYS(setgroups),
                           SCMP_SYS(reboot),
                           SCMP_SYS(swapon)};
  int failed = 0;
  for (const int call : forbidden)
    if (failed == 0) failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
  if (failed == 0) failed = seccomp_load(filter);
  seccomp_release(filter);
  if (failed != 0) return fail_errno(-failed, "cannot load the system call filter");
  return {};
}

}  // namespace sealane
