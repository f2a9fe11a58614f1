// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace sealane {

// Bytes that are wiped when they go, cannot be copied by accident, printed, logged or compared
// with ==.  Every use of the raw bytes names `reveal`, so that all of them can be found.
//
// Secrets: the buffer is overwritten on destruction and on move-out.
class Secret {
 public:
  Secret() = default;
  // Takes a copy; the caller wipes its own.
  explicit Secret(ByteSpan bytes) : bytes_(bytes.begin(), bytes.end()) {}
  // Takes the buffer over.
  static Secret take(Bytes&& bytes) {
    Secret out;
    out.bytes_ = std::move(bytes);
    return out;
  }
  static Secret zeros(std::size_t size) {
    Secret out;
    out.bytes_.resize(size);
    return out;
  }
  ~Secret() { wipe(); }
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      bytes_ = std::move(other.bytes_);
      other.bytes_.clear();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  Secret clone() const { return Secret(ByteSpan(bytes_)); }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  ByteSpan reveal() const { return bytes_; }
  MutableByteSpan reveal_mutable() { return bytes_; }

 private:
  void wipe() {
    if (!bytes_.empty()) ::explicit_bzero(bytes_.data(), bytes_.size());
  }
  Bytes bytes_;
};

}  // namespace sealane
