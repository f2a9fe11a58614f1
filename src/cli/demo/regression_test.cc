// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/regression.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/env.h"

namespace sealane::cli::demo {
namespace {

// J. W. Longley, JASA 62 (1967); certified coefficients: NIST StRD, linear regression, Longley.
// Nearly collinear columns: a solver that squares the condition number loses most digits.
constexpr double kLongley[16][7] = {{60323, 83.0, 234289, 2356, 1590, 107608, 1947},
                                    {61122, 88.5, 259426, 2325, 1456, 108632, 1948},
                                    {60171, 88.2, 258054, 3682, 1616, 109773, 1949},
                                    {61187, 89.5, 284599, 3351, 1650, 110929, 1950},
                                    {63221, 96.2, 328975, 2099, 3099, 112075, 1951},
                                    {63639, 98.1, 346999, 1932, 3594, 113270, 1952},
                                    {64989, 99.0, 365385, 1870, 3547, 115094, 1953},
                                    {63761, 100.0, 363112, 3578, 3350, 116219, 1954},
                                    {66019, 101.2, 397469, 2904, 3048, 117388, 1955},
                                    {67857, 104.6, 419180, 2822, 2857, 118734, 1956},
                                    {68169, 108.4, 442769, 2936, 2798, 120445, 1957},
                                    {66513, 110.8, 444546, 4681, 2637, 121950, 1958},
                                    {68655, 112.6, 482704, 3813, 2552, 123366, 1959},
                                    {69564, 114.2, 502601, 3931, 2514, 125368, 1960},
                                    {69331, 115.7, 518173, 4806, 2572, 127852, 1961},
                                    {70551, 116.9, 554894, 4007, 2827, 130081, 1962}};
constexpr double kCertified[7] = {-3482258.63459582, 15.0618722713733,  -0.0358191792925910,
                                  -2.02022980381683, -1.03322686717359, -0.0511041056535807,
                                  1829.15146461355};

TEST(LeastSquares, AgreesWithTheCertifiedLongleyCoefficients) {
  std::vector<std::vector<double>> rows;
  std::vector<double> targets;
  for (const auto& line : kLongley) {
    targets.push_back(line[0]);
    rows.push_back({1, line[1], line[2], line[3], line[4], line[5], line[6]});
  }
  auto fit = least_squares(rows, targets);
  ASSERT_TRUE(fit.ok()) << fit.error().message;
  for (std::size_t k = 0; k < 7; ++k)
    EXPECT_NEAR((*fit)[k] / kCertified[k], 1.0, 1e-7) << "coefficient " << k;
}

TEST(LeastSquares, DependentColumnsAreRefused) {
  auto fit = least_squares({{1, 2}, {2, 4}, {3, 6}}, {1, 2, 3});
  ASSERT_FALSE(fit.ok());
  EXPECT_EQ(fit.error().message, "column 2 depends on the columns before it");
}

TEST(LeastSquares, FewerRowsThanCoefficientsAreRefused) {
  EXPECT_FALSE(least_squares({{1, 2}}, {1}).ok());
}

TEST(FitAndJudge, BeatsPersistenceOnTheHeldBackYearOfTheExample) {
  PosixEnv env;
  auto text = read_file(env, "../../../examples/weather/weather.csv", 1 << 20);
  auto data = parse_observations(as_text(*text), "weather.csv");
  auto model = fit_and_judge(*data);
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->held_back_year, 2015);
  EXPECT_EQ(model->held_back, 730u);
  EXPECT_EQ(model->trained_on, 2u * (1096 - 7));
  ASSERT_EQ(model->stations.size(), 2u);
  for (const StationModel& station : model->stations) {
    EXPECT_LT(station.mae, station.persistence_mae) << station.location;
    EXPECT_EQ(station.coefficients.size(), feature_names().size());
  }
}

TEST(FitAndJudge, ExactLinearSeriesIsForecastExactly) {
  // temp_max of a day is 2 + the day before's precipitation, and everything else is noise-like.
  std::string text = "location,date,temp_max,temp_min,precipitation,wind\n";
  unsigned state = 7;
  const auto next = [&state] { return (state = state * 1103515245u + 12345u) >> 16 & 0xff; };
  double precipitation = 0;
  const std::chrono::sys_days start(std::chrono::year(2019) / 1 / 1);
  for (int i = 0; i < 730; ++i) {
    const double temp_max = 2 + precipitation;
    precipitation = next();
    text += "X," + to_text(start + std::chrono::days(i)) + "," + std::to_string(temp_max) + "," +
            std::to_string(next()) + "," + std::to_string(precipitation) + "," +
            std::to_string(next()) + "\n";
  }
  auto data = parse_observations(text, "x");
  ASSERT_TRUE(data.ok()) << data.error().message;
  auto model = fit_and_judge(*data);
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_LT(model->mae, 1e-6);
  EXPECT_NEAR(model->stations[0].coefficients[5], 1.0, 1e-6);
}

TEST(FitAndJudge, MissingColumnIsNamed) {
  auto data = parse_observations("location,date,temp_max\nX,2020-01-01,1\n", "x");
  auto model = fit_and_judge(*data);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().message, "no column `temp_min` to fit a forecast on");
}

}  // namespace
}  // namespace sealane::cli::demo
