// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/un.h>

#include <string>

#include "base/result.h"

namespace sealane::gateway {

// A descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  int release();

 private:
  int number_;
};

// The address of a socket in an open folder.  sun_path has 108 bytes, folders may have longer
// names: a long one is reached through the folder's descriptor.
Result<sockaddr_un> address_in(const std::string& folder, const Descriptor& open_folder,
                               const std::string& name);

}  // namespace sealane::gateway
