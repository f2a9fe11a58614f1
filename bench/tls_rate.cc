// SPDX-License-Identifier: Apache-2.0
// What handshakes cost a listener on one core, full and resumed, and what a kept session weighs;
// prints the table of bench/README.md.
#include <malloc.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/crl.h"
#include "tls/connection.h"
#include "tls/revocation.h"
#include "tls/session_store.h"

namespace {

using namespace sealane;
using namespace sealane::tls;

constexpr const char* kUsage = R"(Usage: tls_rate [--rounds N] [--handshakes N] [--sessions N]

Clients and a listener shake hands in one thread over a socket pair, N rounds (default 5) of N handshakes
(default 1000) for each case.  Prints handshakes per second of the listener's CPU time (the clients' is not
counted), medians with the least and the most, how many were resumed, and the memory of --sessions (default 2000) kept sessions.

Example:
  tls_rate --rounds 3
)";

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "tls_rate: %s\n", why.c_str());
  std::exit(2);
}

template <class T>
T must(Result<T> result) {
  if (!result.ok()) give_up(result.error().message);
  return std::move(result).value();
}

constexpr Duration kDay = std::chrono::hours(24);

struct Authority {
  crypto::CertificateKey key = must(crypto::CertificateKey::generate());
  crypto::Certificate certificate =
      must(crypto::make_ca_certificate(key, {.common_name = "bench CA",
                                             .not_before = SystemClock().now() - kDay,
                                             .not_after = SystemClock().now() + 90 * kDay}));

  std::shared_ptr<const Credentials> issue(const std::string& uri, bool server) const {
    const auto own = must(crypto::CertificateKey::generate());
    const auto request = must(crypto::CertificateRequest::create(own, "bench"));
    crypto::CertificateProfile profile{.common_name = "bench",
                                       .uris = {uri},
                                       .uses = {crypto::KeyUse::ClientAuth},
                                       .not_before = SystemClock().now() - kDay,
                                       .not_after = SystemClock().now() + 89 * kDay};
    if (server) profile.uses.push_back(crypto::KeyUse::ServerAuth);
    const auto issued = must(crypto::issue_certificate(certificate, key, request, profile));
    return std::make_shared<const Credentials>(
        Credentials{.certificate_pem = issued.to_pem(), .key_pem = must(own.to_pem())});
  }
};

class CpuTime {
 public:
  void start() { began_ = now(); }
  void stop() { total_ += now() - began_; }
  double seconds() const { return total_; }

 private:
  static double now() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
  double began_ = 0;
  double total_ = 0;
};

// One connection; its cost at the listener is added to `cpu`.  True when it was resumed.
bool shake(const std::shared_ptr<Context>& from, const std::shared_ptr<Context>& to, CpuTime& cpu) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) != 0)
    give_up("no socket pair");
  bool resumed = false;
  {
    Connection client(from, ends[0]);
    cpu.start();
    auto server = std::make_unique<Connection>(to, ends[1]);
    cpu.stop();
    Step at_client = Step::WantRead;
    Step at_server = Step::WantRead;
    while (at_client != Step::Done || at_server != Step::Done) {
      if (at_client != Step::Done) at_client = client.handshake();
      cpu.start();
      if (at_server != Step::Done) at_server = server->handshake();
      cpu.stop();
      if (at_client == Step::Failed) give_up("client: " + client.error());
      if (at_server == Step::Failed) give_up("listener: " + server->refusal().detail);
    }
    Bytes buffer(64);
    if (client.read(buffer).step != Step::WantRead) give_up("client: " + client.error());
    resumed = server->facts().resumed;
    client.shutdown();
    cpu.start();
    server->shutdown();
    server.reset();
    cpu.stop();
  }
  ::close(ends[0]);
  ::close(ends[1]);
  return resumed;
}

std::size_t number_after(std::string_view text, const char* option) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0)
    give_up(std::string(option) + " takes a number over 0");
  return value;
}

std::string load_now() {
  std::ifstream file("/proc/loadavg");
  std::string one;
  file >> one;
  return one;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t rounds = 5;
  std::size_t handshakes = 1000;
  std::size_t sessions = 2000;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--help" || option == "-h") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (i + 1 == argc) give_up("`" + std::string(option) + "` takes a value");
    const std::string_view value = argv[++i];
    if (option == "--rounds")
      rounds = number_after(value, "--rounds");
    else if (option == "--handshakes")
      handshakes = number_after(value, "--handshakes");
    else if (option == "--sessions")
      sessions = number_after(value, "--sessions");
    else
      give_up("there is no option `" + std::string(option) + "`");
  }

  const Authority authority;
  const auto node = authority.issue("spiffe://bench/node/edge", true);
  const auto device = authority.issue("spiffe://bench/device/station", false);
  const auto listener = [&](std::shared_ptr<SessionStore> store) {
    ServerPolicy policy;
    policy.credentials = node;
    policy.trusted_ca_pem = authority.certificate.to_pem();
    policy.sessions = std::move(store);
    policy.listener = "bench";
    policy.check = [](const crypto::CertificateFacts& facts) -> std::optional<Refusal> {
      if (facts.uris.size() == 1) return std::nullopt;
      return Refusal{.reason = RefusalReason::WrongRole};
    };
    policy.revocation = [](const RevocationQuery&) {
      return RevocationAnswer{.state = RevocationAnswer::State::Good};
    };
    return must(Context::server(std::move(policy)));
  };
  const auto client = [&](const std::shared_ptr<const Credentials>& credentials, bool resume) {
    ClientPolicy policy;
    policy.credentials = credentials;
    policy.trusted_ca_pem = authority.certificate.to_pem();
    policy.expected_uri = "spiffe://bench/node/edge";
    policy.resume = resume;
    return must(Context::client(std::move(policy)));
  };

  struct Case {
    const char* name;
    std::shared_ptr<Context> from;
    std::shared_ptr<Context> to;
    std::vector<double> rates{};
    std::size_t resumed = 0;
  };
  std::vector<Case> cases;
  cases.push_back({"full, no session store", client(device, false), listener(nullptr)});
  cases.push_back(
      {"full, a session kept", client(device, false), listener(SessionStore::create())});
  cases.push_back({"resumed", client(device, true), listener(SessionStore::create())});

  std::printf("%s, mutual TLS 1.3, P-256, X25519; load before %s\n\n",
              build_capabilities().library.c_str(), load_now().c_str());
  for (Case& item : cases) {
    CpuTime warm;
    for (int i = 0; i < 20; ++i) shake(item.from, item.to, warm);
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    for (Case& item : cases) {
      CpuTime cpu;
      for (std::size_t i = 0; i < handshakes; ++i)
        item.resumed += shake(item.from, item.to, cpu) ? 1 : 0;
      item.rates.push_back(static_cast<double>(handshakes) / cpu.seconds());
    }
  }
  std::printf("| case | handshakes per CPU-second | least | most | us each | resumed |\n");
  std::printf("|---|--:|--:|--:|--:|--:|\n");
  for (Case& item : cases) {
    std::ranges::sort(item.rates);
    const double median = item.rates[item.rates.size() / 2];
    std::printf("| %s | %.0f | %.0f | %.0f | %.0f | %zu of %zu |\n", item.name, median,
                item.rates.front(), item.rates.back(), 1e6 / median, item.resumed,
                rounds * handshakes);
  }

  // One certificate may keep few sessions, so they are of as many.
  const auto store = SessionStore::create({.sessions_max = sessions});
  const auto at = listener(store);
  std::vector<std::shared_ptr<const Credentials>> devices;
  for (std::size_t i = 0; i < sessions; ++i)
    devices.push_back(authority.issue("spiffe://bench/device/d" + std::to_string(i), false));
  CpuTime ignored;
  shake(client(device, false), at, ignored);
  ::malloc_trim(0);
  const std::size_t before = ::mallinfo2().uordblks;
  for (const auto& own : devices) shake(client(own, false), at, ignored);
  const std::size_t after = ::mallinfo2().uordblks;
  std::printf("\n%zu sessions of as many certificates: %.1f KiB each; load after %s\n",
              store->size(),
              static_cast<double>(after - before) / 1024.0 / static_cast<double>(store->size()),
              load_now().c_str());
  return 0;
}
