// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sealane {

// No core dumps (RLIMIT_CORE 0), not dumpable (no ptrace, /proc/self closed to others), no new
// privileges through exec, umask 077.  Call before any secret is read.
Status harden_process();

struct DropOptions {
  std::string user = "nobody";           // becomes its uid and primary gid; no other groups
  std::vector<std::string> own_folders;  // given to that user first, with all that is in them
};

// Gives up root for good.  Does nothing when the process is not root.
// Errors: NotFound – no such user; Internal – root could be regained, so the process must stop.
Status drop_root(const DropOptions& options);

// Forbids by seccomp what a running gateway or store never does: starting programs, tracing,
// loading kernel code, mounting, changing identity, key rings, namespaces.  A forbidden call fails
// with EPERM.  Call after all set-up, before the first byte from a peer.
Status forbid_unneeded_system_calls();

}  // namespace sealane
