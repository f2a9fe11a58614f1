// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "cli/demo/attempts_wire.h"
#include "cli/demo/comparison.h"
#include "cli/demo/marker_search.h"
#include "cli/demo/weather_csv.h"
#include "cli/provision.h"

namespace sealane::cli::demo {

inline constexpr std::size_t kSimulatedStations = 10;
inline constexpr std::size_t kSimulatedRecords = 100;  // of each
inline constexpr std::size_t kStationsMax = 200;

// A folder that is removed when it goes.
class ScratchFolder {
 public:
  static Result<ScratchFolder> create();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// One client of the run: a real station or a simulated one.
struct Station {
  std::string location;  // in its records
  std::string thing;
  std::string topic;
  bool simulated = false;
  std::string certificate_file;
  std::string key_file;
  std::string markers_file;
};

// The nodes of the pipeline that play a part, by the hops that connect them.
struct Parts {
  std::string devices, edge, lake, trainer;
  std::string dataset;
};

// A pipeline that is ready to run in a scratch folder, with identities for everybody.
struct Scene {
  std::string folder;  // holds everything
  std::string run;     // the part that must hold no marker: state, captures, logs
  std::string source_file;
  Observations source;
  LoadedPipeline loaded;
  Parts parts;
  std::vector<Station> stations;  // real ones first
  std::string ca_pem;

  // Certificates for attempts.
  CredentialsPtr station;  // of stations[0]
  CredentialsPtr revoked;  // an earlier certificate of renewed_thing
  CredentialsPtr renewed;  // the one that it has now
  std::string renewed_thing;
  CredentialsPtr self_signed;  // names stations[0], signed by nobody
  CredentialsPtr edge;
  CredentialsPtr trainer;

  std::string captures() const { return run + "/captures"; }
  std::string logs() const { return run + "/logs"; }
  std::string changed_lakes() const { return run + "/changed-lakes"; }
  std::string markers() const { return folder + "/markers"; }
  std::string control_capture() const { return folder + "/control.pcap"; }
  std::size_t real_stations() const;
};

struct SceneOptions {
  std::string folder;      // exists and is empty
  std::string input_file;  // empty: the example's weather.csv
};
// Errors: Invalid – the input cannot be read as observations, or has too many stations.
Result<Scene> set_scene(const SceneOptions& options, Env& env, const Clock& clock);

// What every station sends, in its order, from the markers that it wrote before sending.
Result<std::vector<Sent>> sent_records(const Scene& scene, Env& env);
// Every marker of the run.
Result<std::vector<Marker>> all_markers(const Scene& scene, Env& env);

// A location as a thing's name: lower case, with dashes for everything that no name can have.
std::string thing_name(std::string_view location);
// The example's pipeline with bundles of at most `records`, closed after one second.
std::string with_small_bundles(std::string pipeline, std::size_t records);

}  // namespace sealane::cli::demo
