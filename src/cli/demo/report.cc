// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/report.h"

#include <algorithm>
#include <cstdio>

#include "base/json.h"
#include "report/hop_table.h"

namespace sealane::cli::demo {
namespace {

std::string grouped(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3;) out.insert(at -= 3, ",");
  return out;
}

std::string fixed(double value) {
  char text[32];
  (void)std::snprintf(text, sizeof(text), "%.2f", value);
  return text;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1'000'000) return grouped(bytes) + " bytes";
  return fixed(static_cast<double>(bytes) / 1e6) + " MB";
}

std::string counted(std::uint64_t number, const std::string& noun) {
  return grouped(number) + " " + noun + (number == 1 ? "" : "s");
}

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, two spaces between them.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i)
      line += " " + row[i] +
              (i + 1 < row.size() ? std::string(widths[i] - row[i].size() + 1, ' ') : "");
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string classes(const std::vector<pipeline::Evidence>& evidence) {
  std::string out;
  for (const pipeline::Evidence& item : evidence)
    out += (out.empty() ? "" : ", ") + std::string(to_string(item.kind));
  return out;
}

// A reason for a table: without the bundle's name before it and without the front of an ARN, which
// JSON output has.
std::string short_reason(std::string reason) {
  const std::string bundle = "bundle `";
  const std::size_t name_end = reason.starts_with(bundle) ? reason.find("`: ") : std::string::npos;
  if (name_end != std::string::npos) reason.erase(0, name_end + 3);
  const std::size_t arn = reason.find("arn:");
  if (arn == std::string::npos) return reason;
  std::size_t end = arn;
  for (int colons = 0; colons < 5 && end != std::string::npos; ++colons)
    end = reason.find(':', end) + 1;
  return end == std::string::npos ? reason : reason.erase(arn, end - arn);
}

void write_attempts(json::Writer& out, const std::vector<Attempt>& attempts) {
  out.key("attempts").begin_array();
  for (const Attempt& attempt : attempts)
    out.begin_object()
        .field("attempt", attempt.name)
        .field("refused", attempt.refused)
        .field("reason", attempt.reason)
        .field("proof", attempt.proof)
        .field("repaired_succeeds", attempt.repaired_succeeds)
        .field("repaired", attempt.repaired)
        .end_object();
  out.end_array();
}

void write_hops(json::Writer& out, const std::vector<HopRow>& hops) {
  out.key("hops").begin_array();
  for (const HopRow& row : hops) {
    out.begin_object();
    report::write_hop_members(out, row.assessment);
    out.field("bytes", row.bytes)
        .field("tls", row.tls)
        .field("group", row.group)
        .field("suite", row.suite)
        .end_object();
  }
  out.end_array();
}

void write_model(json::Writer& out, const DemoResult& result) {
  out.key("model");
  if (!result.model) {
    out.null().field("no_model", result.no_model);
    return;
  }
  const Model& model = *result.model;
  out.begin_object()
      .field("target", "temp_max")
      .field("method", "ordinary least squares")
      .field("held_back_year", model.held_back_year)
      .field("trained_on", std::uint64_t{model.trained_on})
      .field("held_back", std::uint64_t{model.held_back})
      .field("mae", model.mae)
      .field("persistence_mae", model.persistence_mae);
  out.key("features").begin_array();
  for (const std::string& name : feature_names()) out.value(name);
  out.end_array().key("stations").begin_array();
  for (const StationModel& station : model.stations) {
    out.begin_object()
        .field("location", station.location)
        .field("mae", station.mae)
        .field("persistence_mae", station.persistence_mae);
    out.key("coefficients").begin_array();
    for (const double coefficient : station.coefficients) out.value(coefficient);
    out.end_array().end_object();
  }
  out.end_array().end_object();
}

std::string model_text(const DemoResult& result) {
  if (!result.model) return "  None: " + result.no_model + ".\n";
  const Model& model = *result.model;
  std::vector<Row> rows = {{"station", "error of the model", "of \"like yesterday\""}};
  for (const StationModel& station : model.stations)
    rows.push_back({station.location, fixed(station.mae), fixed(station.persistence_mae)});
  rows.push_back({"both", fixed(model.mae), fixed(model.persistence_mae)});
  rows.back().front() = "all";
  return "  Ordinary least squares forecasts the next day's highest temperature.\n  Fitted on " +
         grouped(model.trained_on) + " days, judged on the " + grouped(model.held_back) +
         " days of " + std::to_string(model.held_back_year) +
         "; mean absolute error in degrees Celsius:\n" + table(rows);
}

}  // namespace

std::vector<std::string> DemoResult::failures() const {
  std::vector<std::string> out;
  const auto need = [&out](bool holds, std::string text) {
    if (!holds) out.push_back(std::move(text));
  };
  need(records_in > 0 && records_out == records_in && simulated_out == simulated_in,
       "not every record came out");
  for (const std::string& problem : problems) out.push_back(problem);
  need(markers_found == 0, grouped(markers_found) + " markers were found where none may be");
  need(markers > 0 && control_markers_found == markers,
       "the search did not find every marker of the control hop");
  need(bundles >= kBundlesLeast,
       grouped(bundles) + " bundles are in the lake, fewer than " + std::to_string(kBundlesLeast));
  need(!attempts.empty(), "no attempts were made");
  for (const Attempt& attempt : attempts) {
    need(attempt.refused,
         "attempt `" + attempt.name + "` was not refused as it must be: " + attempt.reason);
    need(attempt.repaired_succeeds,
         "attempt `" + attempt.name + "`, repaired, did not succeed: " + attempt.repaired);
  }
  std::vector<pipeline::HopAssessment> assessed;
  for (const HopRow& row : hops) {
    assessed.push_back(row.assessment);
    need(row.bytes > 0 && !row.tls.empty(),
         "no connection was seen from " + row.assessment.from + " to " + row.assessment.to);
  }
  need(!hops.empty() && pipeline::exit_code_of(assessed) == 0, "a hop is not enforced");
  return out;
}

std::string to_json(const DemoResult& result) {
  json::Writer out(2);
  out.begin_object()
      .field("records_in", result.records_in)
      .field("records_out", result.records_out)
      .field("markers_found", result.markers_found)
      .field("control_markers_found", result.control_markers_found);
  write_attempts(out, result.attempts);
  write_hops(out, result.hops);
  write_model(out, result);
  out.field("stations", result.stations)
      .field("simulated_stations", result.simulated_stations)
      .field("simulated_in", result.simulated_in)
      .field("simulated_out", result.simulated_out)
      .field("attempt_records", result.attempt_records)
      .field("bundles", result.bundles)
      .field("head", result.head)
      .field("markers", result.markers)
      .field("searched_bytes", result.searched_bytes);
  out.key("cannot").begin_array();
  for (const std::string& item : result.cannot) out.value(item);
  out.end_array().key("failures").begin_array();
  for (const std::string& failure : result.failures()) out.value(failure);
  out.end_array().field("seconds", result.seconds);
  if (!result.kept.empty()) out.field("kept", result.kept);
  out.end_object();
  return out.str() + "\n";
}

std::string to_report(const DemoResult& result) {
  std::string out = "Records\n  " + counted(result.records_in, "observation") + " of " +
                    counted(result.stations, "station") + " went in, " +
                    grouped(result.records_out) + " came out exactly as they were sent.\n  " +
                    grouped(result.simulated_stations) + " simulated stations added " +
                    grouped(result.simulated_in) +
                    " simulated records for load.\n  The lake holds " + grouped(result.bundles) +
                    " sealed bundles; the trainer verified the signed manifest and every bundle.\n";
  out += "\nPlaintext\n  " + grouped(result.markers_found) + " of " + grouped(result.markers) +
         " random markers were found in " + size_text(result.searched_bytes) +
         " of captures and files.\n  " + grouped(result.control_markers_found) +
         " were found on the control hop, which is plaintext on purpose.\n";

  std::vector<Row> attempts = {{"attempt", "refused", "repaired", "reason given"}};
  for (const Attempt& attempt : result.attempts)
    attempts.push_back({attempt.name, attempt.refused ? "yes" : "NO",
                        attempt.repaired_succeeds ? "succeeds" : "FAILS",
                        short_reason(attempt.reason)});
  out += "\nAttempts\n" + table(attempts);

  std::vector<Row> hops = {
      {"hop", "bytes", "TLS", "group", "suite", "verdict", "basis", "evidence"}};
  for (const HopRow& row : result.hops)
    hops.push_back({row.assessment.from + " -> " + row.assessment.to, grouped(row.bytes), row.tls,
                    row.group, row.suite, std::string(to_string(row.assessment.verdict)),
                    std::string(to_string(row.assessment.basis)),
                    classes(row.assessment.evidence)});
  out += "\nHops\n" + table(hops);
  out += "\nModel\n" + model_text(result);
  if (!result.cannot.empty()) out += "\nThis build cannot\n";
  for (const std::string& item : result.cannot) out += "  " + item + "\n";

  const std::vector<std::string> failures = result.failures();
  out += failures.empty() ? "\nResult: every hop is encrypted, and every attempt was refused"
                          : "\nResult: FAILED";
  out += " (" + fixed(result.seconds) + " s).\n";
  for (const std::string& failure : failures) out += "  " + failure + "\n";
  if (!result.kept.empty()) out += "Kept for your own recount: " + result.kept + "\n";
  return out;
}

}  // namespace sealane::cli::demo
