// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/hop_table.h"

#include <algorithm>
#include <charconv>

#include "cli/demo/weather_csv.h"

namespace sealane::cli::demo {
namespace {

std::string version_number(std::string_view name) {
  return std::string(name.starts_with("TLSv") ? name.substr(4) : name);
}

// The distinct values, in the order in which they came.
std::string joined(const std::vector<pipeline::Observation>& handshakes,
                   std::string pipeline::Observation::* field) {
  std::vector<std::string> values;
  for (const pipeline::Observation& handshake : handshakes) {
    const std::string& value = handshake.*field;
    if (!value.empty() && std::find(values.begin(), values.end(), value) == values.end())
      values.push_back(value);
  }
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "" : "/") + value;
  return out;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Time> time_of(std::string_view text) {
  // 2026-01-02T03:04:05.000006Z
  if (text.size() < 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
      !text.ends_with('Z'))
    return std::nullopt;
  const auto day = date_of(text.substr(0, 10));
  const auto hours = number(text.substr(11, 2));
  const auto minutes = number(text.substr(14, 2));
  const auto seconds = number(text.substr(17, 2));
  if (!day || !hours || !minutes || !seconds) return std::nullopt;
  Time out = Time(*day) + std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
             std::chrono::seconds(*seconds);
  if (text[19] == '.') {
    const std::string_view fraction = text.substr(20, text.size() - 21);
    const auto micros = number(fraction);
    if (!micros || fraction.size() != 6) return std::nullopt;
    out += Duration(*micros);
  }
  return out;
}

std::vector<pipeline::Observation> handshakes_of(const std::vector<json::Value>& log,
                                                 const std::vector<std::string>& peers) {
  std::vector<pipeline::Observation> out;
  for (const json::Value& line : log) {
    if (line.text_or_empty("event") != "connection-open") continue;
    const std::string_view peer = line.text_or_empty("peer");
    if (std::find(peers.begin(), peers.end(), peer) == peers.end()) continue;
    const json::Value* resumed = line.find("resumed");
    out.push_back(
        {.at = time_of(line.text_or_empty("time")).value_or(Time()),
         .tls = version_number(line.text_or_empty("tls")),
         .group = std::string(line.text_or_empty("group")),
         .suite = std::string(line.text_or_empty("suite")),
         .resumed = resumed != nullptr && resumed->boolean() != nullptr && *resumed->boolean(),
         .peer_verified = !line.text_or_empty("identity").empty()});
  }
  return out;
}

std::vector<HopRow> hop_table(const HopTableInput& input) {
  std::vector<HopRow> out;
  for (const pipeline::Hop& hop : input.pipeline.hops) {
    HopTraffic traffic;
    for (const HopTraffic& candidate : input.traffic)
      if (candidate.from == hop.from && candidate.to == hop.to) traffic = candidate;
    HopRow row{.assessment = pipeline::assess(input.pipeline, hop,
                                              {.build = input.build,
                                               .configured_at = input.configured_at,
                                               .observations = traffic.handshakes,
                                               .now = input.now}),
               .bytes = traffic.bytes,
               .tls = joined(traffic.handshakes, &pipeline::Observation::tls),
               .group = joined(traffic.handshakes, &pipeline::Observation::group),
               .suite = joined(traffic.handshakes, &pipeline::Observation::suite)};
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace sealane::cli::demo
