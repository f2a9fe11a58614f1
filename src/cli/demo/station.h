// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"
#include "cli/demo/marker_search.h"
#include "cli/demo/mqtt_device.h"
#include "cli/demo/weather_csv.h"

namespace sealane::cli::demo {

// A record and the random marker that it carries.
struct MarkedRecord {
  std::string location;
  std::string date;
  Marker marker;
};

// The markers file: one line `<marker as hex>,<date>,<location>` for each record.
Status write_markers(Env& env, const std::string& path, const std::vector<MarkedRecord>& records);
Result<std::vector<MarkedRecord>> read_markers(Env& env, const std::string& path);

struct StationOptions {
  DeviceOptions device;
  std::string topic;
  std::string location;      // the rows of the source that this station publishes
  std::string markers_file;  // written before the first record is sent
};

struct StationSummary {
  std::string location;
  std::uint64_t records = 0;  // acknowledged
  std::uint64_t payload_bytes = 0;
  std::uint64_t milliseconds = 0;
  tls::PeerFacts facts;
};
// One line of JSON: {"location", "records", "payload_bytes", "milliseconds", "tls", "group",
// "suite"}.
std::string to_json_line(const StationSummary& summary);

// One station: connects, publishes its records in the order of the source, each with a fresh random
// marker, and waits for every acknowledgement.
//
// Errors:  those of MqttDevice; NotFound – the source has no row of the location; Conflict – the
//          markers file exists.
Result<StationSummary> run_station(const StationOptions& options, const Observations& source,
                                   Env& env);

// Made-up observations for load alone: every row carries `simulated` = true and a location that
// begins with `simulated-`.
Observations simulated_observations(const std::string& location, std::size_t count);

}  // namespace sealane::cli::demo
