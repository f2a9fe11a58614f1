// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/scene.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "cli/demo/station.h"
#include "cli/devices.h"
#include "cli/embedded_example.h"
#include "crypto/x509.h"
#include "identity/identity.h"
#include "identity/registry.h"

namespace sealane::cli::demo {
namespace {

constexpr std::uint64_t kInputBytesMax = std::uint64_t{256} << 20;
constexpr std::uint64_t kPemBytesMax = 1 << 20;
// More bundles than the eight that the run must show, so that none of them is all.
constexpr std::size_t kBundlesWanted = 12;
// Folders that the nodes' own user passes through.
constexpr mode_t kPassable = 0711;

Status make_passable(Env& env, const std::string& folder) {
  SEALANE_TRY(env.make_folder(folder));
  if (::chmod(folder.c_str(), kPassable) != 0)
    return fail_errno(errno, "cannot set the mode of `" + folder + "`");
  return {};
}

std::string pipeline_folder(const Scene& scene) { return scene.run + "/pipeline"; }

std::string embedded(std::string_view path) {
  for (const EmbeddedFile& file : weather_example())
    if (file.path == path) return file.text();
  return {};
}

Status write_new(Env& env, const std::string& path, std::string_view text) {
  return write_file_atomic(env, path, as_bytes(text), IfExists::Refuse);
}

Result<std::vector<Station>> make_stations(const Scene& scene) {
  std::vector<Station> out;
  std::set<std::string> things;
  const auto add = [&](const std::string& location, const std::string& thing, bool simulated) {
    out.push_back({.location = location,
                   .thing = thing,
                   .topic = "stations/" + thing + "/observations",
                   .simulated = simulated,
                   .certificate_file = {},
                   .key_file = {},
                   .markers_file = scene.markers() + "/" + thing + ".csv"});
    return things.insert(thing).second;
  };
  for (const std::string& location : scene.source.locations()) {
    if (out.size() == kStationsMax)
      return fail(ErrorKind::TooLarge,
                  "more than " + std::to_string(kStationsMax) + " locations in the input");
    const std::string thing = thing_name(location);
    if (thing.empty() || !add(location, thing, false))
      return fail(ErrorKind::Invalid,
                  "location `" + location + "` has no name of its own as a thing",
                  "names keep letters and digits; two locations must not become the same");
  }
  for (std::size_t i = 1; i <= kSimulatedStations; ++i) {
    const std::string number = (i < 10 ? "0" : "") + std::to_string(i);
    if (!add("simulated-" + number, "sim-" + number, true))
      return fail(ErrorKind::Invalid, "a location has the name of a simulated station");
  }
  return out;
}

std::string things_csv(const std::vector<Station>& stations) {
  std::string out = "name,simulated\n";
  for (const Station& station : stations)
    out += station.thing + (station.simulated ? ",true\n" : ",false\n");
  return out;
}

Result<Parts> find_parts(const pipeline::Pipeline& pipeline) {
  Parts out;
  for (const pipeline::Hop& hop : pipeline.hops) {
    if (hop.over == pipeline::HopProtocol::Mqtt) {
      out.devices = hop.from;
      out.edge = hop.to;
    } else if (!hop.seal.empty()) {
      out.lake = hop.to;
      out.dataset = hop.seal;
    } else {
      out.trainer = hop.to;
    }
  }
  if (out.edge.empty() || out.lake.empty() || out.trainer.empty())
    return fail(ErrorKind::Internal, "the example's pipeline lacks a hop");
  return out;
}

Result<CredentialsPtr> credentials_of(Env& env, const AddedDevice& device) {
  return tls::load_credentials(env, device.certificate_file, device.key_file);
}

// A certificate that claims to be the station and is signed by its own key.
Result<CredentialsPtr> make_self_signed(const Scene& scene, Time now) {
  SEALANE_ASSIGN(const crypto::CertificateKey key, crypto::CertificateKey::generate());
  crypto::CertificateProfile profile;
  profile.common_name = scene.stations.front().thing;
  profile.uris = {pipeline::device_uri(scene.loaded.pipeline, scene.stations.front().thing)};
  profile.uses = {crypto::KeyUse::ClientAuth};
  profile.not_before = now - std::chrono::minutes(5);
  profile.not_after = now + std::chrono::hours(24);
  SEALANE_ASSIGN(const crypto::Certificate certificate, crypto::make_ca_certificate(key, profile));
  SEALANE_ASSIGN(Secret pem, key.to_pem());
  auto out = std::make_shared<tls::Credentials>();
  out->certificate_pem = certificate.to_pem();
  out->key_pem = std::move(pem);
  return CredentialsPtr(std::move(out));
}

// Registers every station; one of them first gets a certificate that is revoked.
Status register_stations(Scene& scene, Env& env, const Clock& clock) {
  Station& renewed = scene.stations[scene.real_stations() - 1];
  scene.renewed_thing = renewed.thing;
  SEALANE_ASSIGN(
      const AddedDevice old,
      add_device(env, scene.loaded,
                 {.thing = renewed.thing, .csr_file = {}, .out_folder = scene.run + "/revoked"},
                 clock.now()));
  SEALANE_ASSIGN(scene.revoked, credentials_of(env, old));
  {
    SEALANE_ASSIGN(identity::Registry registry, identity::Registry::open(scene.loaded.registry()));
    SEALANE_ASSIGN([[maybe_unused]] const std::uint64_t generation,
                   registry.revoke(renewed.thing, {.at = clock.now()}));
  }
  std::vector<DeviceRequest> requests;
  for (const Station& station : scene.stations) requests.push_back({.thing = station.thing});
  SEALANE_ASSIGN(const std::vector<AddedDevice> all,
                 add_devices(env, scene.loaded, requests, DeviceStep::Add, clock.now()));
  for (std::size_t i = 0; i < all.size(); ++i) {
    Station& station = scene.stations[i];
    const AddedDevice& added = all[i];
    station.certificate_file = added.certificate_file;
    station.key_file = added.key_file;
    SEALANE_ASSIGN(CredentialsPtr credentials, credentials_of(env, added));
    if (&station == &renewed) scene.renewed = credentials;
    if (&station == &scene.stations.front()) scene.station = credentials;
  }
  return {};
}

Result<CredentialsPtr> node_credentials(Env& env, const LoadedPipeline& loaded,
                                        const std::string& node) {
  const std::string folder = loaded.node_folder(node);
  return tls::load_credentials(env, folder + "/cert.pem", folder + "/key.pem");
}

Status make_scene_folders(const Scene& scene, Env& env) {
  for (const std::string& folder : {scene.run, pipeline_folder(scene),
                                    pipeline_folder(scene) + "/policies", scene.changed_lakes()})
    SEALANE_TRY(make_passable(env, folder));
  for (const std::string& folder : {scene.captures(), scene.markers(), scene.logs()})
    SEALANE_TRY(env.make_folder(folder));
  return {};
}

Status read_source(Scene& scene, const SceneOptions& options, Env& env) {
  std::string text = embedded("weather.csv");
  std::string name = "weather.csv";
  if (!options.input_file.empty()) {
    SEALANE_ASSIGN(const Bytes input, read_file(env, options.input_file, kInputBytesMax));
    text = std::string(as_text(input));
    name = options.input_file;
  }
  scene.source_file = scene.run + "/source.csv";
  SEALANE_TRY(write_new(env, scene.source_file, text));
  SEALANE_ASSIGN(scene.source, parse_observations(text, name));
  return {};
}

Status write_pipeline(const Scene& scene, Env& env) {
  const std::string folder = pipeline_folder(scene);
  const std::size_t records = scene.source.rows.size() + kSimulatedStations * kSimulatedRecords;
  SEALANE_TRY(write_new(env, folder + "/pipeline.yaml",
                        with_small_bundles(embedded("pipeline.yaml"),
                                           std::max<std::size_t>(1, records / kBundlesWanted))));
  SEALANE_TRY(write_new(env, folder + "/policies/station.json", embedded("policies/station.json")));
  return write_new(env, folder + "/stations.csv", things_csv(scene.stations));
}

Result<LoadedPipeline> load_scene_pipeline(const Scene& scene, Env& env) {
  std::vector<Diagnostic> diagnostics;
  auto loaded = load_pipeline_file(env, pipeline_folder(scene) + "/pipeline.yaml", "", diagnostics);
  if (!loaded.ok() && !diagnostics.empty())
    return fail(ErrorKind::Invalid, sealane::to_text(diagnostics.front()));
  return loaded;
}

// What the attempts need beside the stations' own.
Status take_credentials(Scene& scene, Env& env, Time now) {
  SEALANE_ASSIGN(scene.self_signed, make_self_signed(scene, now));
  SEALANE_ASSIGN(scene.edge, node_credentials(env, scene.loaded, scene.parts.edge));
  SEALANE_ASSIGN(scene.trainer, node_credentials(env, scene.loaded, scene.parts.trainer));
  SEALANE_ASSIGN(const Bytes ca, read_file(env, scene.loaded.trust_ca(), kPemBytesMax));
  scene.ca_pem = std::string(as_text(ca));
  return {};
}

}  // namespace

Result<ScratchFolder> ScratchFolder::create() {
  const char* base = std::getenv("TMPDIR");
  std::string path =
      std::string(base == nullptr || *base == '\0' ? "/tmp" : base) + "/sealane-demo-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return fail_errno(errno, "cannot make a scratch folder");
  ScratchFolder out(path);
  if (::chmod(path.c_str(), kPassable) != 0)
    return fail_errno(errno, "cannot set the mode of `" + path + "`");
  return out;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::size_t Scene::real_stations() const {
  return static_cast<std::size_t>(std::count_if(stations.begin(), stations.end(),
                                                [](const Station& s) { return !s.simulated; }));
}

std::string thing_name(std::string_view location) {
  std::string out;
  for (const char c : location) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool fits = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (fits) out += lower;
    if (!fits && !out.empty() && out.back() != '-') out += '-';
  }
  while (out.ends_with('-')) out.pop_back();
  return out.substr(0, 60);
}

std::string with_small_bundles(std::string pipeline, std::size_t records) {
  const auto set = [&pipeline](const std::string& key, const std::string& value) {
    const std::size_t at = pipeline.find(key + ": ");
    if (at == std::string::npos) {
      const std::string after = "bundle: webdataset";
      const std::size_t place = pipeline.find(after);
      if (place != std::string::npos)
        pipeline.insert(place + after.size(), ", " + key + ": " + value);
      return;
    }
    const std::size_t begin = at + key.size() + 2;
    const std::size_t end = pipeline.find_first_of(", }\n", begin);
    pipeline.replace(begin, end - begin, value);
  };
  set("max_records", std::to_string(records));
  set("max_age", "1s");
  return pipeline;
}

Result<Scene> set_scene(const SceneOptions& options, Env& env, const Clock& clock) {
  Scene scene;
  scene.folder = options.folder;
  scene.run = scene.folder + "/run";
  SEALANE_TRY(make_scene_folders(scene, env));
  SEALANE_TRY(read_source(scene, options, env));
  SEALANE_ASSIGN(scene.stations, make_stations(scene));
  SEALANE_TRY(write_pipeline(scene, env));
  SEALANE_ASSIGN(scene.loaded, load_scene_pipeline(scene, env));
  SEALANE_ASSIGN(scene.parts, find_parts(scene.loaded.pipeline));
  SEALANE_TRY(provision(env, scene.loaded, clock));
  SEALANE_TRY(register_stations(scene, env, clock));
  SEALANE_TRY(take_credentials(scene, env, clock.now()));
  return scene;
}

Result<std::vector<Sent>> sent_records(const Scene& scene, Env& env) {
  std::vector<Sent> out;
  for (const Station& station : scene.stations) {
    SEALANE_ASSIGN(const std::vector<MarkedRecord> marked, read_markers(env, station.markers_file));
    const Observations made_up =
        station.simulated ? simulated_observations(station.location.substr(10), kSimulatedRecords)
                          : Observations();
    const Observations& source = station.simulated ? made_up : scene.source;
    std::size_t next = 0;
    for (const Observation& row : source.rows) {
      if (row.location != station.location) continue;
      if (next == marked.size())
        return fail(ErrorKind::Corrupt, "`" + station.markers_file + "` is too short");
      out.push_back({.thing = station.thing,
                     .topic = station.topic,
                     .payload = record_payload(source, row, to_base64(marked[next++].marker)),
                     .origin = station.simulated ? Origin::Simulated : Origin::Real});
    }
  }
  return out;
}

Result<std::vector<Marker>> all_markers(const Scene& scene, Env& env) {
  std::vector<Marker> out;
  for (const Station& station : scene.stations) {
    SEALANE_ASSIGN(const std::vector<MarkedRecord> marked, read_markers(env, station.markers_file));
    for (const MarkedRecord& record : marked) out.push_back(record.marker);
  }
  return out;
}

}  // namespace sealane::cli::demo
