// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "base/env.h"
#include "cli/command.h"
#include "cli/demo/socket.h"
#include "cli/demo/station.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kInputBytesMax = std::uint64_t{256} << 20;
constexpr std::uint64_t kPemBytesMax = 1 << 20;

struct StationCommandOptions {
  std::string to;
  std::string ca, certificate, key;
  std::string server_uri;
  std::string client_id;
  std::string topic;
  std::string input;
  std::string location;
  std::string markers;
  std::size_t simulated = 0;
  std::size_t inflight = 100;
};

Result<demo::Observations> read_source(const StationCommandOptions& options, Env& env) {
  if (options.simulated > 0)
    return demo::simulated_observations(options.location, options.simulated);
  SEALANE_ASSIGN(const Bytes text, read_file(env, options.input, kInputBytesMax));
  return demo::parse_observations(as_text(text), options.input);
}

Result<demo::StationSummary> run_station_command(const StationCommandOptions& options) {
  PosixEnv env;
  SEALANE_ASSIGN(const demo::Observations source, read_source(options, env));
  SEALANE_ASSIGN(const demo::Endpoint to, demo::parse_endpoint(options.to));
  demo::StationOptions station;
  station.device.to = {demo::address_text(to), to.port};
  SEALANE_ASSIGN(station.device.policy.credentials,
                 tls::load_credentials(env, options.certificate, options.key));
  SEALANE_ASSIGN(const Bytes ca, read_file(env, options.ca, kPemBytesMax));
  station.device.policy.trusted_ca_pem = to_text(ca);
  station.device.policy.expected_uri = options.server_uri;
  station.device.client_id = options.client_id;
  station.device.inflight_max = options.inflight;
  station.topic = options.topic;
  station.location = options.simulated > 0 ? source.rows.front().location : options.location;
  station.markers_file = options.markers;
  return demo::run_station(station, source, env);
}

}  // namespace

void add_demo_station_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<StationCommandOptions>();
  CLI::App* command =
      add_command(app, "demo-station", "publish the records of one station (a part of demo)",
                  "sealane demo-station --to 127.0.0.1:8883 --ca ca.pem --cert seattle.pem "
                  "--key seattle.key ...");
  command->group("");  // hidden
  command->add_option("--to", options->to, "address and port of the edge")->required();
  command->add_option("--ca", options->ca, "certificate of the pipeline's authority")->required();
  command->add_option("--cert", options->certificate, "certificate of the station")->required();
  command->add_option("--key", options->key, "its private key")->required();
  command->add_option("--server-uri", options->server_uri, "identity that the edge must show")
      ->required();
  command->add_option("--client-id", options->client_id, "MQTT client id")->required();
  command->add_option("--topic", options->topic, "topic of every record")->required();
  command->add_option("--location", options->location, "rows of the input that are this station's")
      ->required();
  command->add_option("--input", options->input, "CSV with the records");
  command->add_option("--simulated", options->simulated,
                      "that many made-up records instead of an input");
  command
      ->add_option("--markers", options->markers,
                   "file for the records' random markers; must not exist")
      ->required();
  command->add_option("--inflight", options->inflight, "publishes without an acknowledgement")
      ->check(CLI::Range(1, 10'000));
  on_run(command, chosen, [options] {
    const auto summary = run_station_command(*options);
    if (!summary.ok()) return report_error(summary.error(), OutputFormat::Text);
    print(to_json_line(*summary));
    return static_cast<int>(kOk);
  });
}

}  // namespace sealane::cli
