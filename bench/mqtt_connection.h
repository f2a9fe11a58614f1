// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bench/latency.h"

namespace sealane::bench {

using Instant = std::chrono::steady_clock::time_point;

struct TlsFiles {
  std::string ca, cert, key;
};

// What one load connection sends.
struct Plan {
  std::string host;
  std::uint16_t port = 0;
  std::string client_id;
  std::string topic;
  std::size_t payload_bytes = 100;
  std::size_t in_flight = 100;
  // Payloads begin with `<mark>.<n> `; empty: no marks.
  std::string mark;
};

// A client context for TLS 1.3 with a certificate; null with a message on standard error.
std::shared_ptr<SSL_CTX> make_context(const TlsFiles& files);

// One MQTT 3.1.1 connection that keeps `in_flight` QoS 1 publishes unacknowledged.
//
// Threads: one.  Errors: functions that return false leave the reason in error().
class Connection {
 public:
  Connection(Plan plan, std::shared_ptr<SSL_CTX> context);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Connects, shakes hands and waits for CONNACK, blocking for a few seconds at most.  Publishes
  // that were not acknowledged on an earlier connection are queued again first, in order, with DUP.
  bool open();
  void close();
  bool is_open() const { return ssl_ != nullptr; }
  int descriptor() const { return fd_; }

  // How many publishes the window has room for.
  std::size_t free() const { return plan_.in_flight - std::min(plan_.in_flight, in_flight_); }
  // Queues up to `budget` new publishes into the window; returns how many.
  std::size_t fill(std::uint64_t budget, Instant now);
  // Writes what is queued.
  bool flush();
  bool wants_write() const { return out_at_ < out_.size(); }
  // Reads what is there.  Each acknowledged publish is added to `latencies`, and its mark and a
  // newline to `marks`.
  bool receive(Instant now, Latencies& latencies, std::string& marks);
  void say_goodbye();

  std::size_t unacknowledged() const { return waiting_.size(); }
  std::uint64_t acknowledged() const { return acknowledged_; }
  const std::string& error() const { return error_; }
  const Plan& plan() const { return plan_; }

 private:
  struct Sent {
    std::uint64_t number;
    std::uint16_t id;
    Instant at;
    bool done = false;
  };

  bool fail(std::string why);
  bool connect_socket();
  bool shake_hands();
  bool exchange_connect();
  void queue_publish(Sent& sent, bool again);
  bool on_ack(std::uint16_t id, Instant now, Latencies& latencies, std::string& marks);

  Plan plan_;
  std::shared_ptr<SSL_CTX> context_;
  SSL* ssl_ = nullptr;
  int fd_ = -1;
  std::vector<unsigned char> in_, out_;
  std::size_t out_at_ = 0;
  std::deque<Sent> waiting_;  // in the order sent; acknowledged from the front, or marked done
  std::size_t in_flight_ = 0;
  std::uint64_t next_number_ = 0;
  std::uint16_t next_id_ = 1;
  std::uint64_t acknowledged_ = 0;
  std::string error_;
};

}  // namespace sealane::bench
