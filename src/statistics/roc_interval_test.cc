#include "statistics/roc_interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "metrics/binary.h"

namespace millwright::statistics {
namespace {

TEST(RocInterval, HasTheAreaOfTheCurveAndDeLongsError) {
  // By hand: the placements are 1, 1/2, 3/4 of the positive and 1/6, 1/3 of the negative ones.
  const std::vector<double> positive = {3, 2, 2.5}, negative = {1, 2.5};
  const RocArea area = RocAreaWithError(positive, negative);
  EXPECT_NEAR(area.area, 0.75, 1e-12);
  EXPECT_NEAR(area.standard_error, std::sqrt(0.0625 / 3 + 0.125 / 2), 1e-12);
  const std::vector<double> labels = {1, 1, 1, 0, 0}, scores = {3, 2, 2.5, 1, 2.5};
  EXPECT_NEAR(area.area, metrics::RocAuc(labels, scores), 1e-12);
  EXPECT_THROW(RocAreaWithError(positive, std::vector<double>{1}), Error);
}

// 95 of 100 intervals are to hold the area of two normal distributions that are 0.5 apart.
TEST(RocInterval, CoversTheTruth) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  const double truth = 0.5 * std::erfc(-0.5 / 2);
  int held = 0;
  for (int round = 0; round < 1000; ++round) {
    std::vector<double> positive(80), negative(120);
    for (double& value : positive) value = normal(random) + 0.5;
    for (double& value : negative) value = normal(random);
    const RocArea area = RocAreaWithError(positive, negative);
    held += std::abs(area.area - truth) < 1.96 * area.standard_error;
  }
  EXPECT_NEAR(held, 950, 25);
}

}  // namespace
}  // namespace millwright::statistics
