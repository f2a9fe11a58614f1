// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sealane {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "sealane: internal error: %s is false at %s:%d\n", condition, file, line);
  std::abort();
}

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid: return "invalid";
    case ErrorKind::NotFound: return "not-found";
    case ErrorKind::Denied: return "denied";
    case ErrorKind::Conflict: return "conflict";
    case ErrorKind::TooLarge: return "too-large";
    case ErrorKind::Timeout: return "timeout";
    case ErrorKind::Unavailable: return "unavailable";
    case ErrorKind::Corrupt: return "corrupt";
    case ErrorKind::Unsupported: return "unsupported";
    case ErrorKind::Internal: return "internal";
  }
  return "internal";
}

Error Error::within(std::string_view where) const {
  return Error{kind, std::string(where) + ": " + message, hint};
}

Error fail_errno(int errno_value, std::string_view what) {
  ErrorKind kind = ErrorKind::Unavailable;
  switch (errno_value) {
    case ENOENT: kind = ErrorKind::NotFound; break;
    case EEXIST: kind = ErrorKind::Conflict; break;
    case EACCES:
    case EPERM: kind = ErrorKind::Denied; break;
    case ETIMEDOUT: kind = ErrorKind::Timeout; break;
    case EINVAL:
    case EBADF: kind = ErrorKind::Internal; break;
    default: break;
  }
  return Error{kind, std::string(what) + ": " + std::strerror(errno_value), {}};
}

}  // namespace sealane
