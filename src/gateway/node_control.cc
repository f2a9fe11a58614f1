// SPDX-License-Identifier: Apache-2.0
#include "gateway/node_control.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/json.h"

namespace sealane::gateway {
namespace {

constexpr std::chrono::milliseconds kLookInterval{100};
constexpr int kLooksPerComplaint = 100;
constexpr std::size_t kAppliesKept = 64;
// How long an answer waits for the loops.
constexpr std::chrono::seconds kLoopsTimeMax{30};
constexpr std::chrono::seconds kAgeInterval{60};
// A certificate is complained of when less than this part of its life is left.
constexpr int kCertificateParts = 3;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ",") + word;
  return out;
}

void write_connection(json::Writer& w, const fronts::ConnectionInfo& one) {
  w.begin_object().field("identity", one.identity).field("thing", one.thing);
  w.field("client_id", one.client_id).field("peer", one.peer).field("version", one.version);
  w.field("group", one.group).field("suite", one.suite).field("resumed", one.resumed);
  w.field("since", to_rfc3339(one.since)).end_object();
}

}  // namespace

NodeControl::NodeControl(Parts parts)
    : parts_(std::move(parts)),
      ending_(loop_.context(), SIGTERM, SIGINT),
      reloading_(loop_.context(), SIGHUP),
      look_timer_(loop_.context()),
      port_(parts_.loops.front().listener.port()) {
  const auto now = parts_.current.get();
  applies_.push_back(std::make_shared<Apply>());
  applies_.back()->generation = now->generation;
  if (now->registry) applies_.back()->registry_generation = now->registry->generation();
  stamp_ = stamp_settling_ = parts_.source.loaded_stamp();
}

void NodeControl::run() {
  watch_ends();
  watch_reloads();
  // What changed between the first reading and now is in use before anybody is answered.
  look();
  look_again();
  parts_.socket.serve(loop_, [this](AdminRequest request) { return answer(std::move(request)); });
  loop_.run();
  parts_.socket.close();
}

void NodeControl::watch_ends() {
  ending_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    log::write(log::Level::Info, "stopping", {{"signal", std::int64_t{number}}});
    loop_.stop();
  });
}

void NodeControl::watch_reloads() {
  reloading_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    static_cast<void>(reload().ok());
    watch_reloads();
  });
}

void NodeControl::look_again() {
  look_timer_.expires_after(kLookInterval);
  look_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    look();
    look_again();
  });
}

void NodeControl::look() {
  look_at_files();
  const Status looked = look_at_registry();
  if (looked.ok()) {
    unreadable_ = 0;
  } else if (unreadable_++ % kLooksPerComplaint == 0) {
    log::write(log::Level::Error, "registry-unreadable", {{"detail", looked.error().message}});
  }
  warn_of_age();
}

// A file that is being written, or the first of several, is not read yet: the stamp must be the
// same twice.
void NodeControl::look_at_files() {
  const std::string stamp = parts_.source.stamp();
  const bool settled = stamp == std::exchange(stamp_settling_, stamp);
  if (stamp == stamp_ || !settled) return;
  static_cast<void>(reload().ok());
}

Status NodeControl::look_at_registry() {
  SEALANE_ASSIGN(auto next, parts_.source.refresh_registry(*parts_.current.get()));
  if (!next) return {};
  log::write(log::Level::Info, "registry-reloaded", {{"generation", next->registry->generation()}});
  put_into_use(std::move(next), {.registry = true}, {});
  return {};
}

Result<SnapshotChange> NodeControl::reload() {
  const auto failed = [&](Error error) {
    last_failure_ = error.message + (error.hint.empty() ? "" : "; " + error.hint);
    last_failure_at_ = parts_.setup.clock.now();
    log::write(log::Level::Error, "reload-failed",
               {{"generation", parts_.current.get()->generation}, {"detail", last_failure_}});
    return error;
  };
  auto loaded = parts_.source.load(parts_.current.get());
  stamp_ = stamp_settling_ = parts_.source.loaded_stamp();
  if (!loaded.ok()) return failed(std::move(loaded).error());
  const SnapshotChange change = loaded->change;
  last_failure_.clear();
  if (!change.any()) return change;
  std::vector<std::shared_ptr<tls::Context>> contexts;
  if (change.certificate || change.trust) {
    for (std::size_t i = 0; i < parts_.loops.size(); ++i) {
      auto context = parts_.new_context(*loaded->snapshot);
      if (!context.ok()) return failed(std::move(context).error());
      contexts.push_back(std::move(*context));
    }
  }
  // A new list too: the peer of the connection that is kept may stand on it.
  if (parts_.renew_upstream && (change.certificate || change.trust || change.lists)) {
    Status renewed = parts_.renew_upstream(*loaded->snapshot);
    if (!renewed.ok()) return failed(std::move(renewed).error());
  }
  log::write(log::Level::Info, "reloaded",
             {{"generation", loaded->snapshot->generation}, {"changed", joined(change.words())}});
  put_into_use(loaded->snapshot, change, std::move(contexts));
  return change;
}

// INVARIANT: nothing here fails.
void NodeControl::put_into_use(std::shared_ptr<const NodeSnapshot> next,
                               const SnapshotChange& change,
                               std::vector<std::shared_ptr<tls::Context>> contexts) {
  auto apply = std::make_shared<Apply>();
  apply->generation = next->generation;
  if (next->registry) apply->registry_generation = next->registry->generation();
  apply->loops_left = parts_.loops.size();
  apply->began = Steady::now();
  applies_.push_back(apply);
  if (applies_.size() > kAppliesKept) applies_.pop_front();
  parts_.current.set(next);
  apply->sessions_erased = erase_sessions(*next, change.trust);
  for (std::size_t i = 0; i < parts_.loops.size(); ++i) {
    ControlledLoop& one = parts_.loops[i];
    auto context = contexts.empty() ? nullptr : std::move(contexts[i]);
    one.loop.post([this, &one, next, context, apply] {
      if (context) one.listener.set_context(context);
      const std::size_t closed = one.apply(next);
      loop_.post([this, apply, closed] { loop_applied(apply, closed); });
    });
  }
  warned_at_ = {};
}

void NodeControl::loop_applied(const std::shared_ptr<Apply>& apply, std::size_t closed) {
  apply->connections_closed += closed;
  if (--apply->loops_left == 0) {
    // Of handshakes that had begun before.
    apply->sessions_erased += erase_sessions(*parts_.current.get(), false);
    apply->took =
        std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - apply->began);
  }
}

// Forgets the sessions whose device could not connect anew.
std::size_t NodeControl::erase_sessions(const NodeSnapshot& snapshot, bool all) const {
  if (!parts_.sessions) return 0;
  if (all) return parts_.sessions->clear();
  const Time now = parts_.setup.clock.now();
  return parts_.sessions->erase_if([&](const crypto::CertificateFacts& facts) {
    return must_end(snapshot, parts_.rule, facts, now).has_value();
  });
}

void NodeControl::warn_of_age() {
  const Time now = parts_.setup.clock.now();
  if (now >= warned_at_ && now - warned_at_ < kAgeInterval) return;
  warned_at_ = now;
  const auto snapshot = parts_.current.get();
  for (const identity::Authority& authority : snapshot->authorities->authorities()) {
    if (!authority.crl) continue;
    const crypto::CrlFacts& facts = authority.crl->facts();
    const identity::CrlState state = identity::state_of(facts, now);
    if (state == identity::CrlState::PastHalf)
      warn_once("revocation-list-due", log::Level::Warning, authority.crl_file, facts.next_update,
                "half of the list's life is over");
    if (state == identity::CrlState::Expired)
      warn_once("revocation-list-expired", log::Level::Error, authority.crl_file, facts.next_update,
                "new connections of this CA's certificates are refused");
  }
  const crypto::CertificateFacts& own = snapshot->certificate;
  if (now >= own.not_after) {
    warn_once("certificate-expired", log::Level::Error, parts_.source.files().certificate,
              own.not_after, "peers refuse this node");
  } else if ((own.not_after - now) * kCertificateParts < own.not_after - own.not_before) {
    warn_once("certificate-due", log::Level::Warning, parts_.source.files().certificate,
              own.not_after, "`sealane ca issue` makes a new one");
  }
}

void NodeControl::warn_once(const std::string& what, log::Level level, const std::string& file,
                            Time ends, const std::string& detail) {
  if (!warned_.insert(what + " " + file + " " + to_rfc3339(ends)).second) return;
  log::write(level, what, {{"file", file}, {"ends", to_rfc3339(ends)}, {"detail", detail}});
}

net::Task<std::string> NodeControl::answer(AdminRequest request) {
  if (const auto* why = std::get_if<WhyRequest>(&request)) co_return answer_why(*why);
  if (const auto* confirm = std::get_if<ConfirmRequest>(&request))
    co_return co_await answer_confirm(*confirm);
  if (const auto* connections = std::get_if<ConnectionsRequest>(&request))
    co_return co_await answer_connections(*connections);
  if (std::holds_alternative<ReloadRequest>(request)) co_return co_await answer_reload();
  co_return co_await answer_status();
}

std::shared_ptr<NodeControl::Apply> NodeControl::apply_of(std::uint64_t generation) const {
  for (const auto& apply : applies_)
    if (apply->generation >= generation) return apply;
  return applies_.back();
}

std::shared_ptr<NodeControl::Apply> NodeControl::apply_of_registry(std::uint64_t generation) const {
  // From the newest back: a registry that was put in the place of another counts anew.
  auto found = applies_.back();
  for (auto at = applies_.rbegin(); at != applies_.rend(); ++at) {
    if ((*at)->registry_generation < generation) break;
    found = *at;
  }
  return found;
}

// False: a loop took too long.
net::Task<bool> NodeControl::finished(std::shared_ptr<Apply> apply) {
  const auto end = Steady::now() + kLoopsTimeMax;
  while (!apply->done()) {
    if (Steady::now() >= end) co_return false;
    net::asio::steady_timer tick(loop_.context(), std::chrono::milliseconds(1));
    co_await tick.async_wait(net::kAwait);
  }
  co_return true;
}

net::Task<std::string> NodeControl::answer_confirm(ConfirmRequest request) {
  const std::uint64_t wanted = request.registry_generation;
  if (!parts_.current.get()->registry)
    co_return error_answer(fail(ErrorKind::Unsupported, "this node reads no registry"));
  const Status looked = look_at_registry();
  if (!looked.ok()) co_return error_answer(looked.error());
  const std::uint64_t have = parts_.current.get()->registry->generation();
  if (have < wanted)
    co_return error_answer(fail(ErrorKind::Unavailable,
                                "the registry that this node reads has generation " +
                                    std::to_string(have) + ", not " + std::to_string(wanted),
                                "has the node another state folder?"));
  const auto apply = apply_of_registry(wanted);
  const bool good = co_await finished(apply);
  if (!good)
    co_return error_answer(fail(ErrorKind::Timeout, "a thread of the node does not get on"));
  json::Writer w;
  w.begin_object().field("node", parts_.setup.node->name);
  w.field("generation", apply->generation);
  w.field("registry_generation", apply->registry_generation);
  w.field("connections_closed", std::uint64_t{apply->connections_closed});
  w.field("sessions_erased", std::uint64_t{apply->sessions_erased});
  w.field("milliseconds", std::int64_t{apply->took.count()});
  co_return w.end_object().str();
}

net::Task<std::string> NodeControl::answer_reload() {
  const auto changed = reload();
  if (!changed.ok()) co_return error_answer(changed.error());
  const auto apply = apply_of(parts_.current.get()->generation);
  const bool good = co_await finished(apply);
  if (!good)
    co_return error_answer(fail(ErrorKind::Timeout, "a thread of the node does not get on"));
  json::Writer w;
  w.begin_object().field("node", parts_.setup.node->name);
  w.field("generation", apply->generation).key("changed").begin_array();
  for (const std::string& word : changed->words()) w.value(word);
  w.end_array();
  const bool any = changed->any();
  w.field("connections_closed", std::uint64_t{any ? apply->connections_closed : 0});
  w.field("sessions_erased", std::uint64_t{any ? apply->sessions_erased : 0});
  w.field("milliseconds", std::int64_t{any ? apply->took.count() : 0});
  co_return w.end_object().str();
}

std::string NodeControl::answer_why(const WhyRequest& request) const {
  const auto records =
      parts_.refusals.find({.name = request.name, .peer = request.peer, .last = request.last});
  const auto counts = parts_.refusals.counts();
  json::Writer w;
  w.begin_object().field("node", parts_.setup.node->name).key("refusals").begin_array();
  for (const fronts::RefusalRecord& record : records) fronts::write_record(w, record);
  w.end_array().field("recorded", counts.recorded).field("dropped", counts.dropped);
  return w.end_object().str();
}

// Asks every loop; after kLoopsTimeMax what has not answered is missing.
net::Task<std::shared_ptr<NodeControl::Gathered>> NodeControl::gather(std::size_t most) {
  auto all = std::make_shared<Gathered>();
  all->loops_left = parts_.loops.size();
  for (ControlledLoop& one : parts_.loops)
    one.loop.post([this, &one, all, most] {
      auto part = std::make_shared<Gathered>();
      part->count = one.connections(part->connections, most);
      part->active = one.listener.active();
      loop_.post([all, part, most] {
        all->count += part->count;
        all->active += part->active;
        for (auto& connection : part->connections)
          if (all->connections.size() < most) all->connections.push_back(std::move(connection));
        --all->loops_left;
      });
    });
  const auto end = Steady::now() + kLoopsTimeMax;
  while (all->loops_left > 0 && Steady::now() < end) {
    net::asio::steady_timer tick(loop_.context(), std::chrono::milliseconds(1));
    co_await tick.async_wait(net::kAwait);
  }
  co_return all;
}

net::Task<std::string> NodeControl::answer_connections(ConnectionsRequest request) {
  const auto gathered = co_await gather(request.most);
  json::Writer w;
  w.begin_object().field("node", parts_.setup.node->name).key("connections").begin_array();
  for (const fronts::ConnectionInfo& one : gathered->connections) write_connection(w, one);
  w.end_array();
  w.field("left_out", std::uint64_t{gathered->count - gathered->connections.size()});
  co_return w.end_object().str();
}

net::Task<std::string> NodeControl::answer_status() {
  const auto gathered = co_await gather(0);
  json::Writer w;
  write_status(w, *gathered);
  co_return w.str();
}

void NodeControl::write_status(json::Writer& w, const Gathered& gathered) const {
  const auto snapshot = parts_.current.get();
  w.begin_object().field("node", parts_.setup.node->name);
  w.field("kind", pipeline::to_string(parts_.setup.node->kind));
  w.field("pid", std::int64_t{::getpid()}).field("generation", snapshot->generation);
  w.field("loaded", to_rfc3339(snapshot->loaded)).key("registry_generation");
  if (snapshot->registry) {
    w.value(snapshot->registry->generation());
  } else {
    w.null();
  }
  w.field("applied", std::ranges::all_of(applies_, [](const auto& one) { return one->done(); }));
  w.key("reload_failure");
  if (last_failure_.empty()) {
    w.null();
  } else {
    w.begin_object().field("time", to_rfc3339(last_failure_at_));
    w.field("detail", last_failure_).end_object();
  }
  const net::TlsListener& listener = parts_.loops.front().listener;
  w.key("listeners").begin_array().begin_object().field("listener", listener.name());
  w.field("address", parts_.setup.node->address).field("port", std::uint64_t{port_});
  w.field("connections", std::uint64_t{gathered.count});
  w.field("handshakes", std::uint64_t{gathered.active - std::min(gathered.active, gathered.count)});
  w.end_object().end_array();
  w.key("certificate").begin_object().field("sha256", snapshot->certificate.sha256);
  w.field("not_before", to_rfc3339(snapshot->certificate.not_before));
  w.field("not_after", to_rfc3339(snapshot->certificate.not_after)).end_object();
  write_authorities(w, *snapshot);
  w.field("sessions", std::uint64_t{parts_.sessions ? parts_.sessions->size() : 0});
  const auto counts = parts_.refusals.counts();
  w.key("refusals").begin_object().field("recorded", counts.recorded);
  w.field("kept", std::uint64_t{counts.kept}).field("dropped", counts.dropped).end_object();
  w.end_object();
}

void NodeControl::write_authorities(json::Writer& w, const NodeSnapshot& snapshot) const {
  const Time now = parts_.setup.clock.now();
  w.key("authorities").begin_array();
  for (const identity::Authority& one : snapshot.authorities->authorities()) {
    w.begin_object().field("file", one.ca_file).field("own", one.own);
    w.field("subject", one.certificate.facts().subject);
    w.field("not_after", to_rfc3339(one.certificate.facts().not_after)).key("revocation_list");
    if (one.crl) {
      const crypto::CrlFacts& facts = one.crl->facts();
      w.begin_object().field("file", one.crl_file);
      w.field("state", identity::to_string(identity::state_of(facts, now)));
      w.field("this_update", to_rfc3339(facts.this_update));
      w.field("next_update", to_rfc3339(facts.next_update));
      w.field("entries", std::uint64_t{facts.revoked.size()}).end_object();
    } else {
      w.null();
    }
    w.end_object();
  }
  w.end_array();
}

}  // namespace sealane::gateway
