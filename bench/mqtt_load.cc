// SPDX-License-Identifier: Apache-2.0
// Publishes as fast as a broker acknowledges, over mutual TLS 1.3, and prints what it saw as JSON.
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/latency.h"
#include "bench/mqtt_connection.h"

namespace sealane::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kUsage = R"(Usage: mqtt_load --port PORT --ca FILE [OPTION]...

Opens connections, keeps a window of QoS 1 publishes in flight on each, and prints messages per second
and acknowledgement latency as one JSON object.  `{}` in --name is the connection's number, from 1;
`{name}` in the others is the connection's name.

  --host HOST          default 127.0.0.1
  --port PORT
  --ca FILE            trust anchors
  --cert FILE          client certificate chain; `{name}` gives each connection its own
  --key FILE           its private key; `{name}` likewise
  --cert-pattern FILE  --key-pattern FILE   the same as --cert and --key
  --name TEXT          default load-{}
  --client-id TEXT     default {name}
  --topic TEXT         default stations/{name}/observations
  --connections N      default 100
  --in-flight N        default 100, per connection
  --bytes N            payload, default 100
  --refill N           refill a window when N publishes of it are acknowledged, default a quarter of it
  --threads N          default 1
  --warmup SECONDS     default 1; not counted
  --seconds SECONDS    measure for so long, default 5
  --count N            stop after N messages in all instead; no warm-up
  --mark-ids FILE      each payload begins with an id that is unique; the id is appended to FILE, one per line,
                       after its acknowledgement
  --reconnect          after a lost connection connect again and resend what was not acknowledged
  --give-up SECONDS    with --reconnect: how long without any acknowledgement, default 30

Exits 0 when all that was sent was acknowledged, 1 when not, 2 on bad usage.
)";

struct Options {
  std::map<std::string, std::string, std::less<>> texts{{"host", "127.0.0.1"},
                                                        {"port", ""},
                                                        {"ca", ""},
                                                        {"cert", ""},
                                                        {"key", ""},
                                                        {"name", "load-{}"},
                                                        {"client-id", "{name}"},
                                                        {"topic", "stations/{name}/observations"},
                                                        {"mark-ids", ""}};
  std::map<std::string, std::uint64_t, std::less<>> numbers{
      {"connections", 100}, {"in-flight", 100}, {"refill", 0}, {"bytes", 100}, {"threads", 1},
      {"warmup", 1},        {"seconds", 5},     {"count", 0},  {"give-up", 30}};
  bool reconnect = false;

  const std::string& text(std::string_view name) const { return texts.find(name)->second; }
  std::uint64_t number(std::string_view name) const { return numbers.find(name)->second; }
};

bool parse_number(std::string_view text, std::uint64_t& to) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), to);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    std::string_view name = argv[i];
    if (name.substr(0, 2) != "--") return false;
    name.remove_prefix(2);
    if (name == "reconnect") {
      options.reconnect = true;
      continue;
    }
    if (name.ends_with("-pattern")) name.remove_suffix(8);
    if (++i >= argc) return false;
    if (auto text = options.texts.find(name); text != options.texts.end()) {
      text->second = argv[i];
    } else if (auto number = options.numbers.find(name); number != options.numbers.end()) {
      if (!parse_number(argv[i], number->second)) return false;
    } else {
      return false;
    }
  }
  std::uint64_t port = 0;
  return parse_number(options.text("port"), port) && port < 65536 && !options.text("ca").empty() &&
         options.number("threads") > 0 && options.number("connections") > 0 &&
         options.number("in-flight") > 0 && options.number("in-flight") <= 10000;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::string random_hex() {
  unsigned char bytes[8];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) std::abort();
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// What the threads share.
struct Shared {
  const Options& options;
  int marks_fd = -1;
  std::atomic<std::int64_t> budget;  // publishes still to be sent; --count alone bounds it
  std::atomic<std::uint64_t> reconnects = 0;
  std::atomic<bool> counting = false, sending = true, failed = false;
};

// One thread's connections and their loop.
class Worker {
 public:
  Worker(Shared& shared, std::vector<std::unique_ptr<Connection>> connections)
      : shared_(shared),
        connections_(std::move(connections)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    const auto window = shared.options.number("in-flight"),
               refill = shared.options.number("refill");
    refill_ = std::clamp<std::size_t>(refill == 0 ? window / 4 : refill, 1, window);
  }
  ~Worker() { ::close(epoll_); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  bool open_all() {
    for (auto& connection : connections_) {
      if (!open(*connection)) return false;
    }
    return true;
  }

  void run() {
    last_ack_ = Clock::now();
    for (auto& connection : connections_) pump(*connection);
    while (!shared_.failed && !finished()) turn();
    for (auto& connection : connections_) connection->say_goodbye();
  }

  const Latencies& latencies() const { return counted_; }
  std::uint64_t acknowledged() const {
    std::uint64_t sum = 0;
    for (const auto& connection : connections_) sum += connection->acknowledged();
    return sum;
  }
  std::uint64_t unacknowledged() const {
    std::uint64_t sum = 0;
    for (const auto& connection : connections_) sum += connection->unacknowledged();
    return sum;
  }

 private:
  bool finished() {
    const bool more = shared_.sending && shared_.budget > 0;
    if (!more && unacknowledged() == 0) return true;
    const auto patience = seconds(shared_.options.number("give-up"));
    if (Clock::now() - last_ack_ < patience) return false;
    std::fprintf(stderr, "error: no acknowledgement for %lld s\n",
                 static_cast<long long>(patience.count()));
    shared_.failed = true;
    return true;
  }

  void turn() {
    epoll_event events[256];
    const int count = ::epoll_wait(epoll_, events, 256, 100);
    for (int i = 0; i < count && !shared_.failed; ++i) {
      auto& connection = *static_cast<Connection*>(events[i].data.ptr);
      if (!connection.is_open()) continue;
      const auto now = Clock::now();
      const std::uint64_t before = connection.acknowledged();
      const bool alive = connection.receive(now, shared_.counting ? counted_ : warmup_, marks_);
      if (connection.acknowledged() != before) last_ack_ = now;
      if (!alive || !pump(connection)) lost(connection);
    }
    write_marks();
    for (auto& connection : connections_) {
      if (!connection->is_open() && !shared_.failed) reopen(*connection);
    }
  }

  // Fills the window and writes; takes what it sends from the budget.
  bool pump(Connection& connection) {
    if (!connection.is_open()) return false;
    if (shared_.sending && connection.free() >= refill_) {
      const auto wanted = static_cast<std::int64_t>(connection.plan().in_flight);
      const std::int64_t had = shared_.budget.fetch_sub(wanted);
      const auto allowed = static_cast<std::uint64_t>(std::clamp<std::int64_t>(had, 0, wanted));
      const std::size_t used = connection.fill(allowed, Clock::now());
      shared_.budget.fetch_add(wanted - static_cast<std::int64_t>(used));
    }
    const bool waited = connection.wants_write();
    if (!connection.flush()) return false;
    if (waited || connection.wants_write()) watch(connection, EPOLL_CTL_MOD);
    return true;
  }

  void watch(Connection& connection, int operation) {
    epoll_event event{};
    event.events = connection.wants_write() ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.ptr = &connection;
    ::epoll_ctl(epoll_, operation, connection.descriptor(), &event);
  }

  bool open(Connection& connection) {
    if (connection.open()) {
      watch(connection, EPOLL_CTL_ADD);
      return true;
    }
    if (shared_.options.reconnect) return true;
    std::fprintf(stderr, "error: %s\n", connection.error().c_str());
    return false;
  }

  void lost(Connection& connection) {
    if (shared_.options.reconnect) return;
    std::fprintf(stderr, "error: %s\n", connection.error().c_str());
    shared_.failed = true;
  }

  void reopen(Connection& connection) {
    if (!connection.open()) {
      std::this_thread::sleep_for(milliseconds(20));
      return;
    }
    ++shared_.reconnects;
    watch(connection, EPOLL_CTL_ADD);
    pump(connection);
  }

  void write_marks() {
    std::string_view left = marks_;
    while (!left.empty() && shared_.marks_fd >= 0) {
      const ssize_t wrote = ::write(shared_.marks_fd, left.data(), left.size());
      if (wrote <= 0) std::abort();
      left.remove_prefix(static_cast<std::size_t>(wrote));
    }
    marks_.clear();
  }

  Shared& shared_;
  std::vector<std::unique_ptr<Connection>> connections_;
  int epoll_;
  std::size_t refill_;
  Latencies counted_, warmup_;
  std::string marks_;
  Instant last_ack_;
};

std::vector<std::unique_ptr<Connection>> make_connections(const Options& options,
                                                          std::size_t thread) {
  std::vector<std::unique_ptr<Connection>> connections;
  std::shared_ptr<SSL_CTX> context;
  const bool own = options.text("cert").find("{name}") != std::string::npos;
  const std::string run = options.text("mark-ids").empty() ? "" : random_hex();
  std::uint64_t port = 0;
  parse_number(options.text("port"), port);
  for (std::size_t i = thread; i < options.number("connections"); i += options.number("threads")) {
    const std::string name = replaced(options.text("name"), "{}", std::to_string(i + 1));
    const auto named = [&](std::string_view option) {
      return replaced(options.text(option), "{name}", name);
    };
    if (own || !context)
      context =
          make_context({.ca = options.text("ca"), .cert = named("cert"), .key = named("key")});
    if (!context) return {};
    connections.push_back(
        std::make_unique<Connection>(Plan{.host = options.text("host"),
                                          .port = static_cast<std::uint16_t>(port),
                                          .client_id = named("client-id"),
                                          .topic = named("topic"),
                                          .payload_bytes = options.number("bytes"),
                                          .in_flight = options.number("in-flight"),
                                          .mark = run.empty() ? "" : run + "." + name},
                                     context));
  }
  return connections;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// Lets the threads work for as long as the options say; returns the seconds that were counted.
double measure(Shared& shared, std::vector<std::thread>& threads) {
  const auto wait_until = [&](Instant end) {
    while (Clock::now() < end && !shared.failed) std::this_thread::sleep_for(milliseconds(5));
  };
  const bool bounded = shared.options.number("count") > 0;
  if (!bounded) wait_until(Clock::now() + seconds(shared.options.number("warmup")));
  const auto start = Clock::now();
  shared.counting = true;
  if (!bounded) {
    wait_until(start + seconds(shared.options.number("seconds")));
    shared.counting = false;
    shared.sending = false;
  }
  const auto end = Clock::now();
  for (auto& thread : threads) thread.join();
  const auto counted = (bounded ? Clock::now() : end) - start;
  return std::chrono::duration<double>(counted).count();
}

int run(const Options& options) {
  Shared shared{.options = options,
                .budget = options.number("count") > 0
                              ? static_cast<std::int64_t>(options.number("count"))
                              : std::int64_t{1} << 60};
  if (const auto& file = options.text("mark-ids"); !file.empty()) {
    shared.marks_fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (shared.marks_fd < 0) {
      std::fprintf(stderr, "error: cannot write `%s`\n", file.c_str());
      return 2;
    }
  }
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t i = 0; i < options.number("threads"); ++i) {
    auto connections = make_connections(options, i);
    if (connections.empty()) return 2;
    workers.push_back(std::make_unique<Worker>(shared, std::move(connections)));
    if (!workers.back()->open_all()) return 1;
  }
  std::vector<std::thread> threads;
  for (auto& worker : workers) threads.emplace_back([&worker] { worker->run(); });
  const double took = measure(shared, threads);

  Latencies latencies;
  std::uint64_t unacknowledged = 0, total = 0;
  for (const auto& worker : workers) {
    total += worker->acknowledged();
    latencies.add(worker->latencies());
    unacknowledged += worker->unacknowledged();
  }
  if (shared.marks_fd >= 0) ::close(shared.marks_fd);
  std::printf(
      "{\"connections\": %llu, \"in_flight\": %llu, \"bytes\": %llu, \"seconds\": %.3f, "
      "\"messages\": %llu, "
      "\"messages_total\": %llu, \"messages_per_second\": %.0f, \"ack_us\": {\"p50\": %llu, "
      "\"p99\": %llu, \"p99.9\": %llu}, "
      "\"reconnects\": %llu, \"unacknowledged\": %llu, \"client_cpu_seconds\": %.2f}\n",
      static_cast<unsigned long long>(options.number("connections")),
      static_cast<unsigned long long>(options.number("in-flight")),
      static_cast<unsigned long long>(options.number("bytes")), took,
      static_cast<unsigned long long>(latencies.count()), static_cast<unsigned long long>(total),
      static_cast<double>(latencies.count()) / took,
      static_cast<unsigned long long>(latencies.quantile(0.5)),
      static_cast<unsigned long long>(latencies.quantile(0.99)),
      static_cast<unsigned long long>(latencies.quantile(0.999)),
      static_cast<unsigned long long>(shared.reconnects),
      static_cast<unsigned long long>(unacknowledged), cpu_seconds());
  return shared.failed || unacknowledged > 0 ? 1 : 0;
}

}  // namespace
}  // namespace sealane::bench

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  sealane::bench::Options options;
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::fputs(sealane::bench::kUsage, stdout);
    return 0;
  }
  if (!sealane::bench::parse(argc, argv, options)) {
    std::fputs(sealane::bench::kUsage, stderr);
    return 2;
  }
  return sealane::bench::run(options);
}
