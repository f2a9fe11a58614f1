// SPDX-License-Identifier: Apache-2.0
#include "store/committer.h"

#include <algorithm>
#include <utility>

namespace sealane::store {
namespace {

Status never_written() {
  return fail(ErrorKind::Unavailable, "the journal failed before this block was written");
}

}  // namespace

Committer::Committer(Journal& journal, const Clock& clock, const CommitterLimits& limits)
    : journal_(journal), clock_(clock), limits_(limits) {}

Committer::~Committer() { stop(); }

void Committer::start() {
  SEALANE_CHECK(!thread_.joinable());
  thread_ = std::thread([this] { loop(); });
}

void Committer::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  run_once();
  for (auto& [first, item] : waiting_) item.completion(never_written());
  waiting_.clear();
}

Status Committer::submit(SealedBlock block, Ack ack, Completion completion) {
  {
    std::lock_guard lock(mutex_);
    const std::size_t bytes = block.entry.size();
    if (stopping_ || queued_blocks_ >= limits_.queued_blocks_max ||
        queued_bytes_ + bytes > limits_.queued_bytes_max) {
      lost_block_ = lost_block_ || !journal_.is_stale(block);
      if (stopping_) return fail(ErrorKind::Unavailable, "the gateway is stopping");
      return fail(ErrorKind::Unavailable, "the journal's disk is too slow: the queue is full");
    }
    ++queued_blocks_;
    queued_bytes_ += bytes;
    queue_.push_back({std::move(block), ack, std::move(completion)});
  }
  wake_.notify_one();
  return {};
}

void Committer::loop() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      auto wanted = [this] { return stopping_ || lost_block_ || !queue_.empty(); };
      // A failed journal is tried again though nobody submits: nobody can.
      if (journal_.failed()) {
        wake_.wait_for(lock, limits_.reopen_interval, wanted);
      } else {
        wake_.wait_for(lock, std::chrono::milliseconds(250), wanted);
      }
      if (stopping_) return;
    }
    run_once();
  }
}

bool Committer::take_queue() {
  std::vector<Item> taken;
  bool lost = false;
  {
    std::lock_guard lock(mutex_);
    taken.swap(queue_);
    lost = std::exchange(lost_block_, false);
  }
  for (Item& item : taken) {
    const std::uint64_t first = item.block.first;
    waiting_.emplace(first, std::move(item));
  }
  return lost;
}

void Committer::forget(const std::vector<Item>& items) {
  std::lock_guard lock(mutex_);
  for (const Item& item : items) {
    --queued_blocks_;
    queued_bytes_ -= item.block.entry.size();
  }
}

std::size_t Committer::fail_stale() {
  std::vector<Item> stale;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (journal_.is_stale(it->second.block)) {
      stale.push_back(std::move(it->second));
      it = waiting_.erase(it);
    } else {
      ++it;
    }
  }
  forget(stale);
  for (Item& item : stale) item.completion(never_written());
  return stale.size();
}

std::size_t Committer::commit_ready() {
  std::vector<Item> items;
  std::uint64_t next = journal_.next_to_write();
  for (auto it = waiting_.find(next); it != waiting_.end(); it = waiting_.find(next)) {
    next = it->second.block.last() + 1;
    items.push_back(std::move(it->second));
    waiting_.erase(it);
  }
  if (items.empty()) return 0;
  forget(items);

  std::vector<SealedBlock> blocks;
  blocks.reserve(items.size());
  for (Item& item : items) blocks.push_back(std::move(item.block));
  Status status = journal_.write(blocks);
  if (status.ok())
    for (Item& item : items)
      if (item.ack == Ack::Accepted) item.completion(status);
  const bool written = status.ok();
  if (written) status = journal_.sync();
  for (Item& item : items)
    if (item.ack == Ack::Durable || !written) item.completion(status);
  return items.size();
}

std::size_t Committer::run_once() {
  const bool block_lost = take_queue();
  std::size_t done = fail_stale() + commit_ready();
  if (block_lost) journal_.roll_back();
  journal_.settle();
  done += fail_stale();
  if (journal_.failed()) {
    const Time now = clock_.now();
    if (now - last_reopen_ >= limits_.reopen_interval || now < last_reopen_) {
      last_reopen_ = now;
      // Nobody waits for the outcome; seal() refuses until it succeeds.
      static_cast<void>(journal_.try_reopen().ok());
      done += fail_stale();
    }
  }
  return done;
}

}  // namespace sealane::store
