// SPDX-License-Identifier: Apache-2.0
#include <system_error>

#include "envelope/workers_internal.h"

namespace sealane::envelope {

Workers::Workers(std::size_t threads) {
  helpers_.reserve(threads);
  for (std::size_t i = 1; i < threads; ++i) {
    try {
      helpers_.emplace_back([this, i] { work(i); });
    } catch (const std::system_error&) {
      break;
    }
  }
}

Workers::~Workers() {
  ending_ = true;
  ++round_;
  round_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void Workers::run(const std::function<void(std::size_t)>& share) {
  share_ = &share;
  unfinished_ = static_cast<std::uint32_t>(helpers_.size());
  ++round_;
  round_.notify_all();
  share(0);
  for (std::uint32_t left = unfinished_; left != 0; left = unfinished_) unfinished_.wait(left);
}

void Workers::work(std::size_t number) {
  for (std::uint32_t seen = 0;;) {
    round_.wait(seen);
    // One round at a time: the next begins only when every helper has finished this one.
    ++seen;
    if (ending_) return;
    (*share_)(number);
    if (--unfinished_ == 0) unfinished_.notify_one();
  }
}

}  // namespace sealane::envelope
