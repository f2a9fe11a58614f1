// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "cli/command.h"
#include "cli/endpoint_option.h"
#include "cli/keyring_option.h"
#include "gateway/assemble.h"

namespace sealane::cli {
namespace {

struct RunArguments {
  gateway::RunOptions run;
  std::vector<std::string> listen;
  std::vector<std::string> peers;
  std::string log_format;  // empty: as `format`
  OutputFormat format = OutputFormat::Text;
  bool quiet = false;
};

Status parse_listen(const std::vector<std::string>& given, gateway::RunOptions& run) {
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos)
      return fail(ErrorKind::Invalid, "`" + text + "` does not say which listener",
                  "write --listen mqtt=8883");
    const std::string listener = text.substr(0, equals);
    if (listener != "mqtt" && listener != "https")
      return fail(ErrorKind::Invalid, "there is no listener `" + listener + "`",
                  "a gateway has `mqtt`, a store `https`");
    SEALANE_ASSIGN(run.ports[listener], parse_port(std::string_view(text).substr(equals + 1)));
  }
  return {};
}

Status parse_peers(const std::vector<std::string>& given, gateway::RunOptions& run) {
  for (const std::string& text : given) {
    SEALANE_ASSIGN(auto peer, parse_peer(text));
    run.peers[peer.first] = std::move(peer.second);
  }
  return {};
}

int run_run(RunArguments& arguments) {
  const bool json_lines = arguments.log_format.empty() ? arguments.format == OutputFormat::Json
                                                       : arguments.log_format == "json";
  log::configure({.least = arguments.quiet ? log::Level::Warning : log::Level::Info,
                  .format = json_lines ? log::Format::Json : log::Format::Text});
  Status parsed = parse_listen(arguments.listen, arguments.run);
  if (parsed.ok()) parsed = parse_peers(arguments.peers, arguments.run);
  if (!parsed.ok()) return report_error(parsed.error(), arguments.format);
  arguments.run.environment = environment_variable;
  std::vector<Diagnostic> diagnostics;
  const Status ended = gateway::run_node(arguments.run, diagnostics);
  if (const int code = report_diagnostics(diagnostics, arguments.format); code != kOk) return code;
  return ended.ok() ? static_cast<int>(kOk) : report_error(ended.error(), arguments.format);
}

}  // namespace

void add_run_command(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<RunArguments>();
  CLI::App* command =
      add_command(app, "run", "Run a gateway or a store of a pipeline until SIGTERM",
                  "  sealane run --node lake\n"
                  "  sealane run pipeline.yaml --node lake\n"
                  "  sealane run pipeline.yaml --node edge --peer lake=10.0.0.7:9443\n"
                  "  sealane run pipeline.yaml --node edge --listen mqtt=0 --log-format json");
  a->run.pipeline_file = "pipeline.yaml";
  command->add_option("PIPELINE", a->run.pipeline_file, "the pipeline file")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_option("--node", a->run.node, "the node to run: kind gateway or store")->required();
  command
      ->add_option("--state", a->run.state_folder,
                   "state folder (default: .sealane beside the pipeline file)")
      ->type_name("DIR");
  command
      ->add_option("--listen", a->listen,
                   "listener's port in place of the file's; 0: the system chooses")
      ->type_name("LISTENER=PORT");
  command->add_option("--peer", a->peers, "where a node is, in place of what the file says")
      ->type_name("NODE=HOST:PORT");
  command
      ->add_option("--passphrase-file", a->run.passphrase_file,
                   "file whose first line opens the keyring, in place of its unlock.key")
      ->type_name("FILE");
  command->add_option("--threads", a->run.threads, "event loops of the MQTT front")
      ->check(CLI::Range(1u, 64u));
  command->add_option("--user", a->run.user, "who to become when started as root")
      ->capture_default_str();
  command
      ->add_option("--log-format", a->log_format,
                   "log lines for people or for programs (default: as --format)")
      ->check(CLI::IsMember({"text", "json"}));
  add_format_option(command, a->format);
  command->add_flag("--quiet", a->quiet, "log warnings and errors only");
  on_run(command, chosen, [a] { return run_run(*a); });
}

}  // namespace sealane::cli
