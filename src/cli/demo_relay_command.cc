// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <string>

#include "base/clock.h"
#include "base/env.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/demo/relay.h"

namespace sealane::cli {
namespace {

struct RelayCommandOptions {
  std::string listen = "127.0.0.1:0";
  std::string to;
  std::string capture;
};

// Readable when somebody asks the process to end.
Result<demo::Descriptor> end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0)
    return fail_errno(errno, "cannot block signals");
  demo::Descriptor out(::signalfd(-1, &set, SFD_CLOEXEC));
  if (!out.open()) return fail_errno(errno, "cannot wait for signals");
  return out;
}

Status run_relay(const RelayCommandOptions& options) {
  SEALANE_ASSIGN(const demo::Endpoint listen, demo::parse_endpoint(options.listen));
  SEALANE_ASSIGN(const demo::Endpoint to, demo::parse_endpoint(options.to));
  SEALANE_ASSIGN(const demo::Descriptor end, end_signals());
  PosixEnv env;
  const SystemClock clock;
  SEALANE_ASSIGN(
      demo::Relay relay,
      demo::Relay::open({.listen = listen, .to = to, .capture = options.capture}, env, clock,
                        [](const demo::Relayed& relayed) { print(to_json_line(relayed)); }));
  print("{\"listening\":" + json::quote(to_text(relay.address())) + "}\n");
  return relay.run(end.get());
}

}  // namespace

void add_demo_relay_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<RelayCommandOptions>();
  CLI::App* command = add_command(
      app, "demo-relay", "forward TCP connections and record every byte (a part of demo)",
      "sealane demo-relay --to 127.0.0.1:8883 --capture device-edge.pcap");
  command->group("");  // hidden
  command->add_option("--listen", options->listen, "address and port; port 0 takes any free one");
  command->add_option("--to", options->to, "where connections go")->required();
  command->add_option("--capture", options->capture, "the pcap file to write; must not exist")
      ->required();
  on_run(command, chosen, [options] {
    const Status outcome = run_relay(*options);
    return outcome.ok() ? kOk : report_error(outcome.error(), OutputFormat::Text);
  });
}

}  // namespace sealane::cli
