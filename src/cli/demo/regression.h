// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/demo/weather_csv.h"

namespace sealane::cli::demo {

// Ordinary least squares: the coefficients that make the sum of (y - row·c)² least.
//
// Source:  Householder QR, Golub and Van Loan, Matrix Computations, §5.3.2.
// Input:   rows of equal length n ≥ 1, at least n of them, one target for each.
// Errors:  Invalid – too few rows, or columns that depend on one another.
// Bounds:  O(rows · n²).
// Threads: pure.
Result<std::vector<double>> least_squares(std::vector<std::vector<double>> rows,
                                          std::vector<double> targets);

struct StationModel {
  std::string location;
  std::size_t trained_on = 0;        // days
  std::size_t held_back = 0;         // days of the held-back year
  double mae = 0;                    // mean absolute error of the model, degrees
  double persistence_mae = 0;        // of "tomorrow is like today"
  std::vector<double> coefficients;  // in the order of feature_names()
};

struct Model {
  int held_back_year = 0;
  std::vector<StationModel> stations;
  // Over all held-back days of all stations.
  std::size_t trained_on = 0;
  std::size_t held_back = 0;
  double mae = 0;
  double persistence_mae = 0;
};

// What the model knows of a day, all of it from the days before it.
const std::vector<std::string>& feature_names();

// Forecasts `temp_max` one day ahead for each location from lagged features, fitted on every year
// but the last and judged on the last.  A day whose seven days before it are not all there, or
// miss a number, is left out.
//
// Errors:  Invalid – a column that the features need is missing, the data has one year only, or a
//                    location has too few days.
// Threads: pure.
Result<Model> fit_and_judge(const Observations& data);

}  // namespace sealane::cli::demo
