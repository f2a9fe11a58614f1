// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/regression.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

namespace sealane::cli::demo {
namespace {

using Days = std::chrono::sys_days;
constexpr int kLagDays = 7;

struct Reading {
  double temp_max, temp_min, precipitation, wind;
};
using Series = std::map<Days, Reading>;

struct Sample {
  Days date;
  std::vector<double> features;
  double target;
  double yesterday;
};

int year_of(Days date) { return static_cast<int>(std::chrono::year_month_day(date).year()); }

std::vector<double> features_of(Days date, const std::vector<Reading>& before) {
  double week = 0;
  for (const Reading& day : before) week += day.temp_max;
  const Days new_year(std::chrono::year_month_day(date).year() / std::chrono::January / 1);
  const double angle =
      2 * std::numbers::pi * static_cast<double>((date - new_year).count()) / 365.25;
  return {1,
          before[0].temp_max,
          before[1].temp_max,
          week / kLagDays,
          before[0].temp_min,
          before[0].precipitation,
          before[0].wind,
          std::sin(angle),
          std::cos(angle)};
}

std::vector<Sample> samples_of(const Series& series) {
  std::vector<Sample> out;
  for (const auto& [date, reading] : series) {
    std::vector<Reading> before;  // [0] is the day before
    for (int lag = 1; lag <= kLagDays; ++lag) {
      const auto day = series.find(date - std::chrono::days(lag));
      if (day == series.end()) break;
      before.push_back(day->second);
    }
    if (before.size() < kLagDays) continue;
    out.push_back({date, features_of(date, before), reading.temp_max, before[0].temp_max});
  }
  return out;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

using Rows = std::vector<std::vector<double>>;

// Brings columns to length 1, so that the test for dependence means the same for all; returns the
// lengths that they had.
Result<std::vector<double>> normalise_columns(Rows& rows) {
  std::vector<double> lengths(rows.front().size(), 0);
  for (std::size_t k = 0; k < lengths.size(); ++k) {
    for (const auto& row : rows) lengths[k] = std::hypot(lengths[k], row[k]);
    if (lengths[k] == 0 || !std::isfinite(lengths[k]))
      return fail(ErrorKind::Invalid, "column " + std::to_string(k + 1) + " is zero or not finite");
    for (auto& row : rows) row[k] /= lengths[k];
  }
  return lengths;
}

// Reflects the columns after the k-th and the targets, so that the k-th has `alpha` at row k and
// zeros below.
void reflect(Rows& rows, std::vector<double>& targets, std::size_t k, double alpha) {
  // v = column - alpha·e_k; its first element is kept apart because rows[k][k] becomes alpha.
  const double head = rows[k][k] - alpha;
  const double scale = -1 / (alpha * head);  // 2 / (v·v)
  const auto apply = [&](auto&& at) {
    double sum = head * at(k);
    for (std::size_t i = k + 1; i < rows.size(); ++i) sum += rows[i][k] * at(i);
    sum *= scale;
    at(k) -= sum * head;
    for (std::size_t i = k + 1; i < rows.size(); ++i) at(i) -= sum * rows[i][k];
  };
  for (std::size_t j = k + 1; j < rows.front().size(); ++j)
    apply([&](std::size_t i) -> double& { return rows[i][j]; });
  apply([&](std::size_t i) -> double& { return targets[i]; });
  rows[k][k] = alpha;
}

// Errors: Invalid – a column depends on those before it.
Status triangularise(Rows& rows, std::vector<double>& targets) {
  for (std::size_t k = 0; k < rows.front().size(); ++k) {
    double length = 0;
    for (std::size_t i = k; i < rows.size(); ++i) length = std::hypot(length, rows[i][k]);
    if (length < 1e-12)
      return fail(ErrorKind::Invalid,
                  "column " + std::to_string(k + 1) + " depends on the columns before it");
    reflect(rows, targets, k, rows[k][k] > 0 ? -length : length);
  }
  return {};
}

Result<StationModel> judge(const std::string& location, const Series& series, int held_back_year) {
  StationModel out;
  out.location = location;
  std::vector<std::vector<double>> rows;
  std::vector<double> targets;
  std::vector<Sample> held_back;
  for (Sample& sample : samples_of(series)) {
    if (year_of(sample.date) == held_back_year) {
      held_back.push_back(std::move(sample));
    } else {
      rows.push_back(std::move(sample.features));
      targets.push_back(sample.target);
    }
  }
  if (held_back.empty())
    return fail(ErrorKind::Invalid, "`" + location + "` has no day of " +
                                        std::to_string(held_back_year) +
                                        " with a full week before it");
  out.trained_on = rows.size();
  out.held_back = held_back.size();
  auto fit = least_squares(std::move(rows), std::move(targets));
  if (!fit.ok()) return std::move(fit).error().within("`" + location + "`");
  out.coefficients = std::move(fit).value();
  for (const Sample& sample : held_back) {
    out.mae += std::abs(sample.target - dot(sample.features, out.coefficients));
    out.persistence_mae += std::abs(sample.target - sample.yesterday);
  }
  out.mae /= static_cast<double>(out.held_back);
  out.persistence_mae /= static_cast<double>(out.held_back);
  return out;
}

Result<std::map<std::string, Series>> series_of(const Observations& data) {
  std::vector<std::size_t> columns;
  for (const char* name : {"temp_max", "temp_min", "precipitation", "wind"}) {
    const auto column = data.column(name);
    if (!column)
      return fail(ErrorKind::Invalid, "no column `" + std::string(name) + "` to fit a forecast on");
    columns.push_back(*column);
  }
  std::map<std::string, Series> out;
  for (const Observation& row : data.rows) {
    const auto temp_max = number_of(row.cells[columns[0]]);
    const auto temp_min = number_of(row.cells[columns[1]]);
    const auto precipitation = number_of(row.cells[columns[2]]);
    const auto wind = number_of(row.cells[columns[3]]);
    if (temp_max && temp_min && precipitation && wind)
      out[row.location][row.date] = {*temp_max, *temp_min, *precipitation, *wind};
  }
  return out;
}

}  // namespace

Result<std::vector<double>> least_squares(std::vector<std::vector<double>> rows,
                                          std::vector<double> targets) {
  const std::size_t n = rows.empty() ? 0 : rows.front().size();
  if (n == 0 || rows.size() < n || targets.size() != rows.size())
    return fail(ErrorKind::Invalid, std::to_string(rows.size()) + " rows are too few for " +
                                        std::to_string(n) + " coefficients");
  SEALANE_ASSIGN(const std::vector<double> lengths, normalise_columns(rows));
  SEALANE_TRY(triangularise(rows, targets));
  std::vector<double> out(n, 0);
  for (std::size_t k = n; k-- > 0;) {
    double sum = targets[k];
    for (std::size_t j = k + 1; j < n; ++j) sum -= rows[k][j] * out[j];
    out[k] = sum / rows[k][k];
  }
  for (std::size_t k = 0; k < n; ++k) out[k] /= lengths[k];
  return out;
}

const std::vector<std::string>& feature_names() {
  static const std::vector<std::string> names = {
      "intercept",        "temp_max_1d", "temp_max_2d", "temp_max_7d_mean", "temp_min_1d",
      "precipitation_1d", "wind_1d",     "year_sin",    "year_cos"};
  return names;
}

Result<Model> fit_and_judge(const Observations& data) {
  SEALANE_ASSIGN(const auto series, series_of(data));
  Model out;
  int first_year = 0;
  for (const auto& [location, days] : series) {
    if (first_year == 0) first_year = year_of(days.begin()->first);
    first_year = std::min(first_year, year_of(days.begin()->first));
    out.held_back_year = std::max(out.held_back_year, year_of(days.rbegin()->first));
  }
  if (first_year == out.held_back_year)
    return fail(ErrorKind::Invalid, "the data spans one year, and one year is held back",
                "give records of at least two years");
  for (const auto& [location, days] : series) {
    SEALANE_ASSIGN(StationModel station, judge(location, days, out.held_back_year));
    const double weight = static_cast<double>(station.held_back);
    out.mae += station.mae * weight;
    out.persistence_mae += station.persistence_mae * weight;
    out.trained_on += station.trained_on;
    out.held_back += station.held_back;
    out.stations.push_back(std::move(station));
  }
  out.mae /= static_cast<double>(out.held_back);
  out.persistence_mae /= static_cast<double>(out.held_back);
  return out;
}

}  // namespace sealane::cli::demo
