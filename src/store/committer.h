// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/journal.h"

namespace sealane::store {

// What an acknowledgement certifies.
enum class Ack {
  Durable,   // sealed and synced
  Accepted,  // sealed and handed to the kernel: survives a killed process, not a power loss
};

struct CommitterLimits {
  std::size_t queued_blocks_max = 4096;
  std::size_t queued_bytes_max = 128u << 20;
  Duration reopen_interval = std::chrono::seconds(1);
};

// The one writer of a journal: takes all blocks that wait, writes them with one append and one
// sync, and tells each block's owner.
//
// Threads: submit() from any; completions run on the committer's thread and must not block.
class Committer {
 public:
  using Completion = std::function<void(const Status&)>;

  Committer(Journal& journal, const Clock& clock, const CommitterLimits& limits = {});
  ~Committer();  // stop()
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void start();
  // Commits what is queued, fails what cannot be committed, ends the thread.  Idempotent.
  void stop();

  // Every block sealed is submitted.  Exactly one call of `completion` follows, unless submit
  // itself fails.  Errors: Unavailable – the queue is full or stop() was called: tell the owner,
  // and everything sealed after this block fails too.
  Status submit(SealedBlock block, Ack ack, Completion completion);

  // One round without the thread.  Result: how many completions ran.
  std::size_t run_once();

 private:
  struct Item {
    SealedBlock block;
    Ack ack = Ack::Durable;
    Completion completion;
  };
  void loop();
  bool take_queue();  // whether a sealed block was refused since the last time
  void forget(const std::vector<Item>& items);  // they leave the queue's account
  std::size_t fail_stale();
  std::size_t commit_ready();

  Journal& journal_;
  const Clock& clock_;
  const CommitterLimits limits_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Item> queue_;
  std::size_t queued_blocks_ = 0;  // queued or waiting for a predecessor
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;
  bool lost_block_ = false;  // a sealed block was refused: nothing after it can be written

  std::multimap<std::uint64_t, Item> waiting_;  // by first sequence number
  Time last_reopen_{};
  std::thread thread_;
};

}  // namespace sealane::store
