// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sealane::cli {

// A file of an example that is built into the program, so that it works without the source tree.
struct EmbeddedFile {
  std::string_view path;  // relative to the example's folder
  std::span<const std::string_view> pieces;

  std::string text() const {
    std::string out;
    for (const std::string_view piece : pieces) out += piece;
    return out;
  }
};

// The files of examples/weather: pipeline.yaml, stations.csv, policies/station.json, weather.csv.
std::span<const EmbeddedFile> weather_example();

}  // namespace sealane::cli
