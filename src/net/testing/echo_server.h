// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/listener.h"
#include "net/loop.h"
#include "net/tls_stream.h"
#include "tls/blocking_client.h"

namespace sealane::net {

// Echoes until the end of the stream.
inline Task<> echo(TlsStream stream) {
  Bytes buffer(64u << 10);
  for (;;) {
    const auto got = co_await stream.read_some(buffer);
    if (!got.ok() || *got == 0) break;
    if (!stream.write(ByteSpan(buffer).first(*got)).ok()) break;
    const Status drained = co_await stream.drained();
    if (!drained.ok()) break;
  }
  co_await stream.close_gracefully(std::chrono::milliseconds(1000));
}

// A listener on a loop in a thread of its own.
class Server {
 public:
  Server(tls::ServerPolicy policy, OnConnection on_connection, TlsListener::Limits limits = {},
         const Clock* clock = nullptr) {
    auto opened = TlsListener::open(loop_, {.name = "test", .limits = limits, .clock = clock},
                                    tls::Context::server(std::move(policy)).value());
    listener_ = std::move(opened).value();
    listener_->start(std::move(on_connection),
                     [this](const std::string& peer, const tls::Refusal& refusal) {
                       const std::lock_guard lock(mutex_);
                       refusals_.push_back(refusal);
                       peer_ = peer;
                       if (!first_.has_value()) {
                         first_ = refusal;
                         refused_.set_value();
                       }
                     });
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Server() {
    loop_.stop();
    thread_.join();
  }
  tls::Endpoint endpoint() const { return {"127.0.0.1", listener_->port()}; }
  // Waits for the first refusal.
  tls::Refusal refusal() {
    if (refused_.get_future().wait_for(std::chrono::seconds(20)) != std::future_status::ready)
      return {.detail = "nothing was refused"};
    const std::lock_guard lock(mutex_);
    return *first_;
  }
  std::vector<tls::Refusal> refusals() {
    const std::lock_guard lock(mutex_);
    return refusals_;
  }
  Loop& loop() { return loop_; }
  TlsListener& listener() { return *listener_; }
  std::string peer() {
    const std::lock_guard lock(mutex_);
    return peer_;
  }

 private:
  Loop loop_;
  std::unique_ptr<TlsListener> listener_;
  std::mutex mutex_;
  std::vector<tls::Refusal> refusals_;
  std::optional<tls::Refusal> first_;
  std::string peer_;
  std::promise<void> refused_;
  std::thread thread_;
};

}  // namespace sealane::net
