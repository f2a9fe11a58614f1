// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace sealane::envelope {

// Threads that do shares of one piece of work after the other, with the caller's thread among them.
// They sleep between pieces.
//
// Lifetime: the destructor ends and joins them.
class Workers {
 public:
  // `threads` in all; fewer when the system gives no more.
  explicit Workers(std::size_t threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  std::size_t size() const { return helpers_.size() + 1; }
  // Calls share(i) once for each i below size(), each on a thread of its own, and returns when all
  // have returned.
  void run(const std::function<void(std::size_t)>& share);

 private:
  void work(std::size_t number);

  const std::function<void(std::size_t)>* share_ = nullptr;
  std::atomic<std::uint32_t> round_ = 0;
  std::atomic<std::uint32_t> unfinished_ = 0;
  std::atomic<bool> ending_ = false;
  std::vector<std::thread> helpers_;
};

}  // namespace sealane::envelope
