// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "base/bytes.h"
#include "gateway/admin_path_internal.h"

namespace sealane::gateway {

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  if (number_ >= 0) ::close(number_);
  number_ = other.release();
  return *this;
}

int Descriptor::release() { return std::exchange(number_, -1); }

Result<sockaddr_un> address_in(const std::string& folder, const Descriptor& open_folder,
                               const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string path = folder + "/" + name;
  if (path.size() >= sizeof(address.sun_path))
    path = "/proc/self/fd/" + std::to_string(open_folder.get()) + "/" + name;
  if (path.size() >= sizeof(address.sun_path))
    return fail(ErrorKind::TooLarge, "the name of the socket in `" + folder + "` is too long");
  copy_bytes(std::as_writable_bytes(std::span(address.sun_path)), as_bytes(path));
  return address;
}

}  // namespace sealane::gateway
