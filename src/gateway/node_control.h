// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "fronts/connection_info.h"
#include "fronts/refusal_log.h"
#include "gateway/admin_socket.h"
#include "gateway/node_setup.h"
#include "gateway/peers.h"
#include "gateway/snapshot.h"
#include "net/listener.h"
#include "net/loop.h"
#include "tls/session_store.h"

namespace sealane::gateway {

// One loop of a node, as its administration sees it.  The functions run on the loop's thread.
struct ControlledLoop {
  net::Loop& loop;
  net::TlsListener& listener;
  // Holds what is open against the snapshot; returns how many connections were closed.
  std::function<std::size_t(const std::shared_ptr<const NodeSnapshot>&)> apply;
  // Appends the open connections until there are so many; returns how many there are in all.
  std::function<std::size_t(std::vector<fronts::ConnectionInfo>&, std::size_t)> connections;
};

// The administration of a running node: signals, the watch on its files and its registry, reloads,
// and the answers of its admin socket.
//
// A reload reads everything whole, validates it together, builds what the loops need, and only then
// swaps one snapshot for the next on every loop; or it changes nothing and says why
// (`reload-failed`).
//
// Owner:   the node; on a thread and a loop of its own.  Outlives the threads of its loops.
// Threads: run() on one; stop() from any.
class NodeControl {
 public:
  struct Parts {
    const NodeSetup& setup;
    AdminSocket& socket;
    SnapshotSource& source;
    CurrentSnapshot& current;
    const fronts::RefusalLog& refusals;
    std::shared_ptr<tls::SessionStore> sessions;
    PeerRule rule;
    // A listener's configuration from a snapshot, one for each loop.
    std::function<Result<std::shared_ptr<tls::Context>>(const NodeSnapshot&)> new_context{};
    // Gives what connects upstream the snapshot's certificate and CA.  Optional.
    std::function<Status(const NodeSnapshot&)> renew_upstream{};
    std::vector<ControlledLoop> loops{};
  };
  explicit NodeControl(Parts parts);

  // Answers and watches until SIGTERM or SIGINT.
  void run();

 private:
  using Steady = std::chrono::steady_clock;
  // One snapshot on its way to every loop.
  struct Apply {
    std::uint64_t generation = 0;
    std::uint64_t registry_generation = 0;
    std::size_t loops_left = 0;
    std::size_t connections_closed = 0;
    std::size_t sessions_erased = 0;
    Steady::time_point began;
    std::chrono::milliseconds took{};
    bool done() const { return loops_left == 0; }
  };
  struct Gathered {
    std::size_t loops_left = 0;
    std::size_t count = 0;   // connections in all
    std::size_t active = 0;  // those that shake hands included
    std::vector<fronts::ConnectionInfo> connections;
  };

  void watch_ends();
  void watch_reloads();
  void look_again();
  void look();
  void look_at_files();
  Status look_at_registry();
  // Result: what changed, empty when nothing did.
  Result<SnapshotChange> reload();
  void put_into_use(std::shared_ptr<const NodeSnapshot> next, const SnapshotChange& change,
                    std::vector<std::shared_ptr<tls::Context>> contexts);
  void loop_applied(const std::shared_ptr<Apply>& apply, std::size_t closed);
  std::size_t erase_sessions(const NodeSnapshot& snapshot, bool all) const;
  void warn_of_age();
  void warn_once(const std::string& what, log::Level level, const std::string& file, Time ends,
                 const std::string& detail);

  net::Task<std::string> answer(AdminRequest request);
  net::Task<std::string> answer_status();
  net::Task<std::string> answer_reload();
  net::Task<std::string> answer_confirm(ConfirmRequest request);
  net::Task<std::string> answer_connections(ConnectionsRequest request);
  std::string answer_why(const WhyRequest& request) const;
  // The oldest finished or unfinished apply with this generation or a newer one.
  std::shared_ptr<Apply> apply_of(std::uint64_t generation) const;
  std::shared_ptr<Apply> apply_of_registry(std::uint64_t generation) const;
  net::Task<bool> finished(std::shared_ptr<Apply> apply);
  net::Task<std::shared_ptr<Gathered>> gather(std::size_t most);
  void write_status(json::Writer& w, const Gathered& gathered) const;
  void write_authorities(json::Writer& w, const NodeSnapshot& snapshot) const;

  Parts parts_;
  net::Loop loop_;
  net::asio::signal_set ending_;
  net::asio::signal_set reloading_;
  net::asio::steady_timer look_timer_;
  const std::uint16_t port_;
  std::deque<std::shared_ptr<Apply>> applies_;  // the newest last; the first is the start
  std::string stamp_;                           // of the files as they were loaded, or failed to
  std::string stamp_settling_;                  // a newer one that may still be changing
  int unreadable_ = 0;                          // looks at the registry in a row
  std::string last_failure_;                    // of the last reload; empty: it was good
  Time last_failure_at_{};
  Time warned_at_{};
  std::set<std::string> warned_;
};

}  // namespace sealane::gateway
