// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/station.h"

#include <cmath>
#include <cstdio>

#include "base/json.h"
#include "crypto/random.h"

namespace sealane::cli::demo {
namespace {

constexpr std::uint64_t kMarkersBytesMax = std::uint64_t{256} << 20;

std::string one_decimal(double value) {
  char text[32];
  (void)std::snprintf(text, sizeof(text), "%.1f", value);
  return text;
}

}  // namespace

Status write_markers(Env& env, const std::string& path, const std::vector<MarkedRecord>& records) {
  Bytes text;
  for (const MarkedRecord& record : records)
    append(text, to_hex(record.marker) + "," + record.date + "," + record.location + "\n");
  return write_file_atomic(env, path, text, IfExists::Refuse);
}

Result<std::vector<MarkedRecord>> read_markers(Env& env, const std::string& path) {
  SEALANE_ASSIGN(const Bytes bytes, read_file(env, path, kMarkersBytesMax));
  std::vector<MarkedRecord> out;
  std::string_view text = as_text(bytes);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto marker = from_hex(line.substr(0, std::min<std::size_t>(32, line.size())));
    // 32 digits, a comma, ten characters of date, a comma.
    if (!marker || marker->size() != 16 || line.size() < 44 || line[32] != ',' || line[43] != ',')
      return fail(ErrorKind::Corrupt, "`" + path + "` has a line that is no marker");
    MarkedRecord record{.location = std::string(line.substr(44)),
                        .date = std::string(line.substr(33, 10)),
                        .marker = {}};
    copy_bytes(record.marker, *marker);
    out.push_back(std::move(record));
  }
  return out;
}

std::string to_json_line(const StationSummary& summary) {
  json::Writer out;
  out.begin_object()
      .field("location", summary.location)
      .field("records", summary.records)
      .field("payload_bytes", summary.payload_bytes)
      .field("milliseconds", summary.milliseconds)
      .field("tls", summary.facts.version)
      .field("group", summary.facts.group)
      .field("suite", summary.facts.suite)
      .end_object();
  return out.str() + "\n";
}

Result<StationSummary> run_station(const StationOptions& options, const Observations& source,
                                   Env& env) {
  std::vector<const Observation*> rows;
  std::vector<MarkedRecord> marked;
  for (const Observation& row : source.rows) {
    if (row.location != options.location) continue;
    rows.push_back(&row);
    MarkedRecord record{.location = row.location, .date = to_text(row.date), .marker = {}};
    crypto::random_bytes(record.marker);
    marked.push_back(std::move(record));
  }
  if (rows.empty())
    return fail(ErrorKind::NotFound, "the source has no record of `" + options.location + "`");
  SEALANE_TRY(write_markers(env, options.markers_file, marked));

  const auto start = std::chrono::steady_clock::now();
  SEALANE_ASSIGN(MqttDevice device, MqttDevice::connect(options.device));
  StationSummary out;
  out.location = options.location;
  std::size_t next = 0;
  auto acknowledged = device.publish_all([&]() -> std::optional<Message> {
    if (next == rows.size()) return std::nullopt;
    Message message{options.topic,
                    record_payload(source, *rows[next], to_base64(marked[next].marker))};
    ++next;
    out.payload_bytes += message.payload.size();
    return message;
  });
  if (!acknowledged.ok()) return std::move(acknowledged).error();
  out.records = *acknowledged;
  out.facts = device.facts();
  device.close();
  out.milliseconds =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                     std::chrono::steady_clock::now() - start)
                                     .count());
  return out;
}

Observations simulated_observations(const std::string& location, std::size_t count) {
  Observations out;
  out.columns = {"location", "date", "temp_max", "simulated"};
  const std::chrono::sys_days start(std::chrono::year(2000) / 1 / 1);
  for (std::size_t i = 0; i < count; ++i) {
    const double day = static_cast<double>(i);
    Observation row{
        .location = "simulated-" + location, .date = start + std::chrono::days(i), .cells = {}};
    row.cells = {row.location, to_text(row.date), one_decimal(12 + 8 * std::sin(day / 58)), "true"};
    out.rows.push_back(std::move(row));
  }
  return out;
}

}  // namespace sealane::cli::demo
