// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/demo_run.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "cli/dataset_reader.h"
#include "cli/demo/attempts_lake.h"
#include "cli/demo/attempts_wire.h"
#include "cli/demo/control.h"
#include "cli/demo/interrupt.h"
#include "cli/demo/keep.h"
#include "cli/demo/processes.h"
#include "cli/demo/scene.h"
#include "cli/reader_setup.h"
#include "tls/policy.h"

namespace sealane::cli::demo {
namespace {

constexpr std::chrono::milliseconds kStartLimit{15'000};
constexpr std::chrono::milliseconds kStationLimit{120'000};
constexpr std::chrono::milliseconds kDeliveryLimit{120'000};

// The processes and relays of a run.  Whoever connects stands after whom it connects to, so that
// it ends first.
struct Stage {
  Child lake;
  RelayProcess edge_to_lake;
  RelayProcess lake_to_trainer;
  RelayProcess attempts_on_lake;
  Child edge;
  RelayProcess stations_to_edge;
  RelayProcess attempts_on_edge;
};

class Run {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  Run(const DemoOptions& options, Env& env, const Clock& clock, Scene scene, Instant begun)
      : options_(options), env_(env), clock_(clock), scene_(std::move(scene)), begun_(begun) {}

  Result<DemoResult> perform();

 private:
  Result<Child> start_node(const std::string& node, std::vector<std::string> more);
  Result<RelayProcess> start_relay(const std::string& name, const Endpoint& to);
  Result<Stage> start();
  WireCast wire_cast(Stage& stage);
  Status publish(Stage& stage);
  Status wait_for_delivery(Stage& stage);
  Status train(Stage& stage);
  Status download(Stage& stage);
  void attempt_on_edge(WireCast& cast);
  void attempt_on_lake(WireCast& cast);
  Status carry(Stage& stage);
  Status end(Stage& stage);
  Status add_hop(RelayProcess& relay, const Child& listener, const std::string& from,
                 const std::string& to);
  Status control();
  Status search();
  void assess(const Stage& stage);
  void progress(const std::string& line) const { options_.progress(line); }
  void told(const std::string& attempt) const { progress("attempt: " + attempt); }

  const DemoOptions& options_;
  Env& env_;
  const Clock& clock_;
  Scene scene_;
  const Instant begun_;
  DemoResult result_;
  std::uint64_t acknowledged_ = 0;
  VerifiedManifest manifest_;
  LakeContents lake_contents_;
  std::vector<Attempt> lake_attempts_;  // on the listener; listed last
  std::vector<HopTraffic> traffic_;
};

Result<Child> Run::start_node(const std::string& node, std::vector<std::string> more) {
  std::vector<std::string> arguments = {"run", scene_.loaded.file, "--node",
                                        node,  "--log-format",     "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Child::start(env_,
                      {.name = node, .arguments = std::move(arguments), .folder = scene_.logs()});
}

Result<RelayProcess> Run::start_relay(const std::string& name, const Endpoint& to) {
  return RelayProcess::start(env_, name, to, scene_.captures() + "/" + name + ".pcap",
                             scene_.logs());
}

Result<Stage> Run::start() {
  const Parts& parts = scene_.parts;
  SEALANE_ASSIGN(Child lake, start_node(parts.lake, {"--listen", "https=0"}));
  SEALANE_ASSIGN(const Endpoint lake_at, listening_at(lake, kStartLimit));
  SEALANE_ASSIGN(RelayProcess edge_to_lake, start_relay(parts.edge + "-" + parts.lake, lake_at));
  SEALANE_ASSIGN(RelayProcess lake_to_trainer,
                 start_relay(parts.lake + "-" + parts.trainer, lake_at));
  SEALANE_ASSIGN(RelayProcess attempts_on_lake, start_relay("attempts-on-" + parts.lake, lake_at));
  SEALANE_ASSIGN(Child edge,
                 start_node(parts.edge, {"--listen", "mqtt=0", "--peer",
                                         parts.lake + "=" + to_text(edge_to_lake.address())}));
  SEALANE_ASSIGN(const Endpoint edge_at, listening_at(edge, kStartLimit));
  SEALANE_ASSIGN(RelayProcess stations_to_edge,
                 start_relay(parts.devices + "-" + parts.edge, edge_at));
  SEALANE_ASSIGN(RelayProcess attempts_on_edge, start_relay("attempts-on-" + parts.edge, edge_at));
  return Stage{std::move(lake),
               std::move(edge_to_lake),
               std::move(lake_to_trainer),
               std::move(attempts_on_lake),
               std::move(edge),
               std::move(stations_to_edge),
               std::move(attempts_on_edge)};
}

WireCast Run::wire_cast(Stage& stage) {
  const pipeline::Pipeline& pipeline = scene_.loaded.pipeline;
  return {
      .edge = {stage.edge, stage.attempts_on_edge, pipeline::node_uri(pipeline, scene_.parts.edge)},
      .lake = {stage.lake, stage.attempts_on_lake, pipeline::node_uri(pipeline, scene_.parts.lake)},
      .bucket = pipeline.bucket(),
      .dataset = scene_.parts.dataset,
      .ca_pem = scene_.ca_pem,
      .station = scene_.stations[0].thing,
      .station_topic = scene_.stations[0].topic,
      .other_topic = scene_.stations[1].topic,
      .station_credentials = scene_.station,
      .revoked_credentials = scene_.revoked,
      .renewed_station = scene_.renewed_thing,
      .renewed_credentials = scene_.renewed,
      .self_signed_credentials = scene_.self_signed,
      .edge_credentials = scene_.edge,
      .trainer_credentials = scene_.trainer};
}

// Every station is a process of its own; all publish at the same time.
Status Run::publish(Stage& stage) {
  std::vector<Child> children;
  for (const Station& station : scene_.stations) {
    std::vector<std::string> arguments = {
        "demo-station",
        "--to",
        to_text(stage.stations_to_edge.address()),
        "--ca",
        scene_.loaded.trust_ca(),
        "--cert",
        station.certificate_file,
        "--key",
        station.key_file,
        "--server-uri",
        pipeline::node_uri(scene_.loaded.pipeline, scene_.parts.edge),
        "--client-id",
        station.thing,
        "--topic",
        station.topic,
        "--markers",
        station.markers_file,
        "--location",
        station.simulated ? station.location.substr(std::string_view("simulated-").size())
                          : station.location};
    if (station.simulated) {
      arguments.insert(arguments.end(), {"--simulated", std::to_string(kSimulatedRecords)});
    } else {
      arguments.insert(arguments.end(), {"--input", scene_.source_file});
    }
    SEALANE_ASSIGN(Child child, Child::start(env_, {.name = "station-" + station.thing,
                                                    .arguments = std::move(arguments),
                                                    .folder = scene_.logs(),
                                                    .speaks = Child::Speaks::ToStdout}));
    children.push_back(std::move(child));
  }
  for (std::size_t i = 0; i < children.size(); ++i) {
    SEALANE_TRY(children[i].finish(kStationLimit));
    const std::uint64_t records =
        children[i].lines().empty() ? 0 : number_in(children[i].lines().back(), "records");
    (scene_.stations[i].simulated ? result_.simulated_in : result_.records_in) += records;
    ++(scene_.stations[i].simulated ? result_.simulated_stations : result_.stations);
    acknowledged_ += records;
  }
  return {};
}

Status Run::wait_for_delivery(Stage& stage) {
  std::uint64_t stored = 0;
  const auto all_stored = [&](const json::Value& line) {
    if (is_event(line, "bundle-stored"))
      stored += number_in(line, "last") - number_in(line, "first") + 1;
    return stored >= acknowledged_;
  };
  auto done = stage.edge.wait_for(0, "every record in the lake", all_stored, kDeliveryLimit);
  return done.ok() ? Status() : Status(std::move(done).error());
}

Status Run::train(Stage& stage) {
  SEALANE_ASSIGN(std::vector<Sent> sent, sent_records(scene_, env_));
  // The repaired client of one attempt published to its own topic before the stations began.
  if (result_.attempt_records > 0)
    sent.insert(sent.begin(), {.thing = scene_.stations[0].thing,
                               .topic = scene_.stations[0].topic,
                               .payload = std::string(kAttemptPayload),
                               .origin = Origin::Attempt});
  const Endpoint address = stage.lake_to_trainer.address();
  SEALANE_ASSIGN(ReaderSetup reader,
                 set_up_reader(env_, scene_.loaded,
                               {.consumer = scene_.parts.trainer,
                                .lake = tls::Endpoint{address_text(address), address.port}},
                               clock_));
  Comparer comparer(std::move(sent));
  const DatasetSource source{*reader.client, scene_.loaded.pipeline.name, reader.dataset,
                             reader.manifest_key_pem, std::nullopt};
  SEALANE_ASSIGN(DatasetRead read,
                 read_dataset(source, reader.opener, [&comparer](const DatasetRecord& record) {
                   comparer.take(record.thing, record.topic, record.payload);
                   return Status();
                 }));
  manifest_ = std::move(read.manifest);
  if (!manifest_.summary.head) return fail(ErrorKind::Corrupt, "the lake's manifest is empty");
  SEALANE_TRY(save_head(env_, reader.head_file, *manifest_.summary.head));
  const Comparison comparison = std::move(comparer).finish();
  result_.records_out = comparison.real;
  result_.simulated_out = comparison.simulated;
  result_.problems = comparison.problems;
  result_.bundles = manifest_.summary.entries;
  result_.head = keys::to_text(*manifest_.summary.head);
  auto model = fit_and_judge(comparison.data);
  if (model.ok()) {
    result_.model = std::move(model).value();
  } else {
    result_.no_model = model.error().message;
  }
  return {};
}

// A copy of the lake for the attempts that change it, through the attempts' relay: the hop's own
// capture holds the trainer's reading alone.
Status Run::download(Stage& stage) {
  const Endpoint address = stage.attempts_on_lake.address();
  SEALANE_ASSIGN(ReaderSetup reader,
                 set_up_reader(env_, scene_.loaded,
                               {.consumer = scene_.parts.trainer,
                                .lake = tls::Endpoint{address_text(address), address.port}},
                               clock_));
  const DatasetSource source{*reader.client, scene_.loaded.pipeline.name, reader.dataset,
                             reader.manifest_key_pem, manifest_.summary.head};
  SEALANE_ASSIGN(lake_contents_, download_lake(source, manifest_));
  return {};
}

Status Run::add_hop(RelayProcess& relay, const Child& listener, const std::string& from,
                    const std::string& to) {
  SEALANE_ASSIGN(const std::vector<Relayed> connections, relay.connections());
  std::vector<std::string> peers;
  peers.reserve(connections.size());
  for (const Relayed& connection : connections)
    peers.push_back(sealane::cli::demo::to_text(connection.seen_as));
  HopTraffic hop{
      .from = from, .to = to, .bytes = 0, .handshakes = handshakes_of(listener.lines(), peers)};
  SEALANE_ASSIGN(const Bytes file, read_file(env_, relay.capture(), kCaptureBytesMax));
  SEALANE_ASSIGN(const std::vector<CapturedStream> streams, read_capture(file));
  for (const CapturedStream& stream : streams) hop.bytes += stream.payload.size();
  traffic_.push_back(std::move(hop));
  return {};
}

Status Run::end(Stage& stage) {
  for (Child* child : {&stage.edge, &stage.lake}) SEALANE_TRY(child->stop());
  for (RelayProcess* relay : {&stage.stations_to_edge, &stage.attempts_on_edge, &stage.edge_to_lake,
                              &stage.lake_to_trainer, &stage.attempts_on_lake})
    SEALANE_TRY(relay->stop());
  const Parts& parts = scene_.parts;
  SEALANE_TRY(add_hop(stage.stations_to_edge, stage.edge, parts.devices, parts.edge));
  SEALANE_TRY(add_hop(stage.edge_to_lake, stage.lake, parts.edge, parts.lake));
  return add_hop(stage.lake_to_trainer, stage.lake, parts.lake, parts.trainer);
}

Status Run::search() {
  SEALANE_ASSIGN(const std::vector<Marker> markers, all_markers(scene_, env_));
  const MarkerSearch search(markers);
  SEALANE_ASSIGN(const MarkerCount found, search.search_folder(env_, scene_.run));
  SEALANE_ASSIGN(const MarkerCount control, search.search_file(env_, scene_.control_capture()));
  result_.markers = markers.size();
  result_.markers_found = found.distinct.size();
  result_.searched_bytes = found.bytes;
  result_.control_markers_found = control.distinct.size();
  return {};
}

void Run::assess(const Stage& stage) {
  const tls::Capabilities build = tls::build_capabilities();
  Time configured_at{};
  for (const Child* child : {&stage.lake, &stage.edge})
    for (const json::Value& line : child->lines())
      if (is_event(line, "listening"))
        configured_at =
            std::max(configured_at, time_of(line.text_or_empty("time")).value_or(Time()));
  result_.hops = hop_table(
      {.pipeline = scene_.loaded.pipeline,
       .build = {.library = build.library, .tls13 = true, .post_quantum_groups = build.has_ml_kem},
       .configured_at = configured_at,
       .now = clock_.now(),
       .traffic = traffic_});
  std::set<std::string> notes;
  for (const HopRow& row : result_.hops)
    for (const std::string& note : row.assessment.notes)
      if (notes.insert(note).second) result_.cannot.push_back(note);
}

void Run::attempt_on_edge(WireCast& cast) {
  result_.attempts = attempt_edge(cast, [this](const std::string& name) { told(name); });
  for (const Attempt& made : result_.attempts)
    if (made.name == kPublishAttempt && made.repaired_succeeds) result_.attempt_records = 1;
  acknowledged_ += result_.attempt_records;
}

void Run::attempt_on_lake(WireCast& cast) {
  const Progress attempt = [this](const std::string& name) { told(name); };
  LakeCast lake_cast{.scene = scene_, .contents = lake_contents_, .manifest = manifest_};
  for (Attempt& made : attempt_changed_lakes(lake_cast, env_, clock_, attempt))
    result_.attempts.push_back(std::move(made));
  for (Attempt& made : attempt_lake(cast, attempt)) result_.attempts.push_back(std::move(made));
}

// Everything from the stations to the trainer.
Status Run::carry(Stage& stage) {
  progress(std::to_string(scene_.real_stations()) + " stations and " +
           std::to_string(kSimulatedStations) + " simulated ones publish");
  SEALANE_TRY(publish(stage));
  progress("waiting until every record is sealed in the lake");
  SEALANE_TRY(wait_for_delivery(stage));
  progress("the trainer reads, verifies, compares and fits");
  SEALANE_TRY(train(stage));
  return download(stage);
}

Status Run::control() {
  progress("control: the same records over a plaintext hop");
  SEALANE_ASSIGN(const std::vector<Sent> sent, sent_records(scene_, env_));
  std::vector<std::string> payloads;
  payloads.reserve(sent.size());
  for (const Sent& record : sent) payloads.push_back(record.payload);
  auto received = run_control_hop(
      {.payloads = payloads, .capture = scene_.control_capture(), .folder = scene_.logs()}, env_);
  return received.ok() ? Status() : Status(std::move(received).error());
}

Result<DemoResult> Run::perform() {
  progress("starting lake, edge and recording relays");
  SEALANE_ASSIGN(Stage stage, start());
  WireCast cast = wire_cast(stage);
  attempt_on_edge(cast);
  SEALANE_TRY(carry(stage));
  attempt_on_lake(cast);
  if (interrupted()) return fail(ErrorKind::Unavailable, "interrupted");
  SEALANE_TRY(end(stage));
  SEALANE_TRY(control());
  progress("searching captures and files for plaintext");
  SEALANE_TRY(search());
  assess(stage);
  result_.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  result_.kept = options_.keep;
  if (!options_.keep.empty())
    SEALANE_TRY(keep_run(scene_, lake_contents_, to_json(result_), options_.keep, env_));
  return std::move(result_);
}

}  // namespace

Result<DemoResult> run_demo(const DemoOptions& options, Env& env, const Clock& clock) {
  const auto begun = std::chrono::steady_clock::now();
  const InterruptGuard guard;
  if (!options.keep.empty()) SEALANE_TRY(prepare_keep(options.keep, env));
  SEALANE_ASSIGN(const ScratchFolder scratch, ScratchFolder::create());
  options.progress("preparing keys, certificates and a pipeline in " + scratch.path());
  SEALANE_ASSIGN(Scene scene,
                 set_scene({.folder = scratch.path(), .input_file = options.input}, env, clock));
  Run run(options, env, clock, std::move(scene), begun);
  return run.perform();
}

}  // namespace sealane::cli::demo
