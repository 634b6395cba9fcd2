#include "monitoring/level.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace millwright::monitoring {
namespace {

constexpr int64_t kHourMs = 3'600'000, kDayMs = 24 * kHourMs;
constexpr int64_t kStart = 991'353'600'000;  // 1 June 2001, a Friday

struct Stream {
  int days = 60;
  int rows_per_hour = 10;
  double noise = 1;
  double of_day = 0;   // the deviation of what all rows of a day have in common
  double of_hour = 0;  // how far the nights lie below the days
  double of_weekend = 0;
};

std::vector<DetectorValue> Values(const Stream& stream, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<DetectorValue> values;
  for (int day = 0; day < stream.days; ++day) {
    const double today = 5 + stream.of_day * normal(random);
    const bool is_weekend = (day + 4) % 7 >= 5;  // days since a Monday
    for (int row = 0; row < 24 * stream.rows_per_hour; ++row) {
      const int hour = row / stream.rows_per_hour;
      const int64_t time_ms = kStart + day * kDayMs + row * kHourMs / stream.rows_per_hour;
      values.push_back({time_ms,
                        today - (hour < 6 ? stream.of_hour : 0) -
                            (is_weekend ? stream.of_weekend : 0) + stream.noise * normal(random),
                        0});
    }
  }
  return values;
}

TEST(Level, OfIndependentRowsHasNeitherCyclesNorBatches) {
  int plain = 0;
  for (unsigned seed = 0; seed < 20; ++seed) plain += LearnLevel(Values({}, seed))->IsPlain();
  EXPECT_GE(plain, 18);
  const Level level = *LearnLevel(Values({}, 1));
  EXPECT_NEAR(level.mean, 5, 0.05);
  EXPECT_NEAR(level.deviation, 1, 0.05);
}

TEST(Level, TakesTheDayAndTheWeekOff) {
  const Level level = *LearnLevel(Values({.of_hour = 3, .of_weekend = 2}, 2));
  EXPECT_EQ(level.hours.size(), 24u);
  EXPECT_EQ(level.weekdays.size(), 7u);
  EXPECT_EQ(level.batch_ms, 0) << "nothing is left but chance";
  const int64_t monday_ms = kStart + 3 * kDayMs, saturday_ms = kStart + kDayMs;
  for (const auto& [time_ms, usual] :
       {std::pair(monday_ms + 3 * kHourMs, 2.0), std::pair(monday_ms + 12 * kHourMs, 5.0),
        std::pair(saturday_ms + 12 * kHourMs, 3.0)}) {
    const Level::Distance distance = level.DistanceOf({time_ms, usual + 1, 0});
    EXPECT_NEAR(distance.deviations * distance.scale, 1, 0.2) << time_ms;
    EXPECT_NEAR(distance.scale, 1, 0.2);
  }
}

TEST(Level, TakesRowsTogetherThatShareTheirDay) {
  const Level level = *LearnLevel(Values({.days = 200, .of_day = 0.3}, 3));
  EXPECT_EQ(level.batch_ms, kDayMs);
  EXPECT_EQ(level.rows_per_batch, 240);
  // 0.3 of a day and 1 of 240 rows; at the upper end of what 200 days leave open.
  const double deviation = std::sqrt(0.09 + 1.0 / 240) / std::sqrt(1.09);
  EXPECT_GT(level.BatchDeviation(240), 0.95 * deviation);
  EXPECT_LT(level.BatchDeviation(240), 1.35 * deviation);
  EXPECT_GT(level.BatchDeviation(5), level.BatchDeviation(240));
}

TEST(Level, IsReadAsItWasWritten) {
  const Level level = *LearnLevel(Values({.of_day = 0.3, .of_hour = 3}, 4));
  EXPECT_EQ(Level::FromJson(ParseJson(level.ToJson().Dump())).ToJson(), level.ToJson());
  // As references had it before there were batches.
  EXPECT_TRUE(Level::FromJson(ParseJson(R"({"mean": 1, "deviation": 2, "places": []})")).IsPlain());
}

TEST(Level, OfNothingIsNoneAndOfAConstantIsPlain) {
  EXPECT_FALSE(LearnLevel({}));
  const Level level = *LearnLevel(std::vector<DetectorValue>(100, {kStart, 0.1, 0}));
  EXPECT_TRUE(level.IsPlain());
  EXPECT_EQ(level.DistanceOf({kStart, 0.1, 0}).deviations, 0);
}

}  // namespace
}  // namespace millwright::monitoring
