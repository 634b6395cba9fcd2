#include "monitoring/detector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"

namespace millwright::monitoring {
namespace {

constexpr DetectorMethod kMethods[] = {DetectorMethod::kCusum, DetectorMethod::kPageHinkley,
                                       DetectorMethod::kAdwin};

DetectorSpec Spec(DetectorMethod method, double rows) {
  DetectorSpec spec;
  spec.method = method;
  spec.rows_between_false_alarms = rows;
  return spec;
}

// Scores from 0 to 1 of one level, and from `changes_at` on of another.
std::vector<DetectorValue> Scores(int rows, int changes_at, double step, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0.4, 0.1);
  std::vector<DetectorValue> values;
  for (int i = 0; i < rows; ++i) {
    values.push_back({i, noise(random) + (i >= changes_at ? step : 0), 0});
  }
  return values;
}

const Level kLevel = {.mean = 0.4, .deviation = 0.1};

TEST(Detector, AlarmsNoMoreOftenThanItSays) {
  constexpr int kRows = 400'000;
  constexpr double kRunLength = 10'000;
  for (DetectorMethod method : kMethods) {
    const DetectedChange seen =
        Detect(Spec(method, kRunLength), kLevel, Scores(kRows, kRows, 0, 7), {0});
    EXPECT_EQ(seen.rows, kRows);
    // 40 are expected of the exact ones; ADWIN's is a bound.
    EXPECT_LT(seen.alarms, 60) << DetectorMethodName(method);
    if (method == DetectorMethod::kAdwin) continue;
    EXPECT_GT(seen.alarms, 20) << DetectorMethodName(method);
  }
}

TEST(Detector, FindsAChangeOfTheSizeItIsMadeForSoonAndSaysWhatItWas) {
  for (DetectorMethod method : kMethods) {
    // Half a deviation, after 5,000 rows of which the window holds the last 1,000.
    const DetectedChange seen =
        Detect(Spec(method, 1e6), kLevel, Scores(8'000, 5'000, 0.05, 3), {4'000});
    ASSERT_GE(seen.alarms, 1) << DetectorMethodName(method);
    EXPECT_GE(*seen.first_ms, 5'000) << DetectorMethodName(method);
    EXPECT_LT(*seen.first_ms, 5'700) << DetectorMethodName(method);
    EXPECT_LT(*seen.began_ms, *seen.first_ms);
    EXPECT_NEAR(*seen.before, 0.4, 0.01);
    EXPECT_EQ(DetectedChange::FromJson(seen.ToJson()).ToJson(), seen.ToJson());
  }
}

// However large a change is beside the one that a detector is made for.
TEST(Detector, SaysWhenAChangeBeganAndWhatItsRowsWere) {
  constexpr int kSeeds = 40;
  for (DetectorMethod method : kMethods) {
    for (const auto& [step, rows_off, mean_off] :
         {std::tuple(0.05, 15.0, 0.015), std::tuple(0.2, 4.0, 0.04), std::tuple(0.5, 2.0, 0.05)}) {
      double began_off = 0, after_off = 0;
      for (unsigned seed = 0; seed < kSeeds; ++seed) {
        const std::vector<DetectorValue> values = Scores(8'000, 5'000, step, 100 + seed);
        const DetectedChange seen = Detect(Spec(method, 1e6), kLevel, values, {5'000});
        ASSERT_GE(seen.alarms, 1) << DetectorMethodName(method);
        began_off += std::abs(double(*seen.began_ms - 5'000)) / kSeeds;
        after_off += std::abs(*seen.after - 0.4 - step) / kSeeds;
        double sum = 0;
        for (int64_t row = *seen.began_ms; row <= *seen.first_ms; ++row)
          sum += values[static_cast<size_t>(row)].value;
        EXPECT_NEAR(*seen.after, sum / double(*seen.first_ms - *seen.began_ms + 1), 1e-9);
      }
      EXPECT_LT(began_off, rows_off) << DetectorMethodName(method) << " " << step;
      EXPECT_LT(after_off, mean_off) << DetectorMethodName(method) << " " << step;
    }
  }
}

TEST(Detector, WhatHappenedBeforeTheWindowIsNoAlarmOfIt) {
  for (DetectorMethod method : {DetectorMethod::kPageHinkley, DetectorMethod::kAdwin}) {
    const DetectedChange seen =
        Detect(Spec(method, 1e6), std::nullopt, Scores(8'000, 2'000, 0.3, 5), {6'000});
    EXPECT_EQ(seen.alarms, 0) << DetectorMethodName(method);
    EXPECT_EQ(seen.rows, 2'000);
  }
}

TEST(Detector, TakesEachPlaceOfASeasonForItself) {
  // Days and nights lie far apart; the level of each is known.
  std::mt19937 random(11);
  std::normal_distribution<double> noise(0, 1);
  std::vector<DetectorValue> values;
  for (int i = 0; i < 20'000; ++i) {
    const int64_t hour = i / 50 % 24;
    values.push_back({i, noise(random) + (hour < 12 ? 0 : 10), hour});
  }
  Level level{.mean = 5, .deviation = 5};
  for (int hour = 0; hour < 24; ++hour) level.places[hour] = {hour < 12 ? 0 : 10, 1};
  DetectorSpec cusum = Spec(DetectorMethod::kCusum, 1e6);
  EXPECT_EQ(Detect(cusum, level, values, {0}).alarms, 0);
  level.places.clear();
  EXPECT_GT(Detect(cusum, level, values, {0}).alarms, 0);
}

// Ten rows far off sound the alarm; what came after them is back where it was, and that is what the
// figures must not be of.
TEST(Detector, SaysWhatSoundedTheAlarmAndNotWhatFollowed) {
  std::vector<DetectorValue> values = Scores(6'000, 6'000, 0, 21);
  for (size_t i = 5'000; i < 5'010; ++i) values[i].value = 0.9;
  for (DetectorMethod method : {DetectorMethod::kCusum, DetectorMethod::kPageHinkley}) {
    const DetectedChange seen = Detect(Spec(method, 1e6), kLevel, values, {4'000});
    ASSERT_GE(seen.alarms, 1) << DetectorMethodName(method);
    EXPECT_GE(*seen.began_ms, 4'950);
    EXPECT_LE(*seen.first_ms, 5'009);
    EXPECT_GT(*seen.after, 0.5) << DetectorMethodName(method);
    EXPECT_NEAR(*seen.before, 0.4, 0.01);
  }
}

// Two weeks teach what a day is like, and that all rows of one share their weather.
constexpr int64_t kTestDayMs = 86'400'000;
constexpr int kRowsPerDay = 300;

std::vector<DetectorValue> Days(int days, int changes_on, double step, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<DetectorValue> values;
  for (int day = 0; day < days; ++day) {
    const double today = 0.3 * normal(random) + (day >= changes_on ? step : 0);
    for (int row = 0; row < kRowsPerDay; ++row) {
      const int64_t into_ms = row * kTestDayMs / kRowsPerDay;
      const double hour = std::sin(row * 2 * M_PI / kRowsPerDay);
      values.push_back({day * kTestDayMs + into_ms, today + hour + normal(random), 0});
    }
  }
  return values;
}

std::optional<Level> LevelOfTwoWeeks(const std::vector<DetectorValue>& values) {
  return LearnLevel({values.begin(), values.begin() + 14 * kRowsPerDay});
}

struct Alarms {
  int64_t count = 0;
  int first_day = 0;
};

// In the days from one on, each looked at as a monitor does.
Alarms AlarmsFrom(int day, const DetectorSpec& spec, const std::optional<Level>& level,
                  const std::vector<DetectorValue>& values) {
  Alarms alarms;
  for (; day * kRowsPerDay < static_cast<int>(values.size()); ++day) {
    const std::vector<DetectorValue> seen(values.begin(), values.begin() + (day + 1) * kRowsPerDay);
    const DetectedChange change =
        Detect(spec, level, seen, {day * kTestDayMs, (day + 1) * kTestDayMs});
    if (alarms.count == 0) alarms.first_day = day;
    alarms.count += change.alarms;
  }
  return alarms;
}

TEST(Detector, KeepsItsPromiseOnRowsThatShareTheirDay) {
  for (DetectorMethod method : kMethods) {
    int64_t alarms = 0;
    for (unsigned seed = 0; seed < 10; ++seed) {
      const std::vector<DetectorValue> values = Days(60, 60, 0, seed);
      alarms += AlarmsFrom(14, Spec(method, 30'000), LevelOfTwoWeeks(values), values).count;
    }
    // 10 times 46 days are 138,000 rows: five alarms are promised at most, on average.
    EXPECT_LE(alarms, 10) << DetectorMethodName(method);
  }
  // Taken for rows that are independent of one another they are one alarm after another.
  const Level as_rows = {.mean = 0, .deviation = 1.2};
  EXPECT_GT(AlarmsFrom(14, Spec(DetectorMethod::kCusum, 30'000), as_rows, Days(60, 60, 0, 1)).count,
            20);
}

TEST(Detector, FindsAChangeOfRowsThatShareTheirDay) {
  for (DetectorMethod method : {DetectorMethod::kCusum, DetectorMethod::kPageHinkley}) {
    int found = 0;
    for (unsigned seed = 0; seed < 10; ++seed) {
      const std::vector<DetectorValue> values = Days(30, 20, 2, seed);
      const Alarms alarms = AlarmsFrom(20, Spec(method, 100'000), LevelOfTwoWeeks(values), values);
      found += alarms.count > 0 && alarms.first_day <= 24;
    }
    EXPECT_GE(found, 9) << DetectorMethodName(method);
  }
}

// Where no reference tells, the rows before the window do, as soon as they are a week's.
TEST(Detector, LearnsTheDayFromTheRowsBeforeTheWindow) {
  const DetectorSpec spec = Spec(DetectorMethod::kPageHinkley, 100'000);
  EXPECT_EQ(AlarmsFrom(0, spec, std::nullopt, Days(40, 40, 0, 3)).count, 0);
}

// The mean of many 0.1 is another number in its last digit, and their deviation is not zero.
TEST(Detector, AConstantDoesNotChange) {
  std::vector<DetectorValue> values;
  for (int i = 0; i < 1000; ++i) values.push_back({i, 0.1, 0});
  const Level level = {.mean = std::nextafter(0.1, 1), .deviation = 1.4e-17};
  for (DetectorMethod method : kMethods)
    EXPECT_EQ(Detect(Spec(method, 10'000), level, values, {0}).alarms, 0);
  for (int i = 0; i < 100; ++i) values.push_back({1000 + i, 0.9, 0});
  EXPECT_GT(Detect(Spec(DetectorMethod::kCusum, 10'000), level, values, {0}).alarms, 0);
}

TEST(Detector, PassesOverWhatIsNoNumberAndNeedsALevelForCusum) {
  std::vector<DetectorValue> values = Scores(100, 100, 0, 1);
  values[50].value = NAN;
  values[51].value = INFINITY;
  EXPECT_EQ(Detect(Spec(DetectorMethod::kPageHinkley, 1e4), std::nullopt, values, {0}).rows, 98);
  EXPECT_EQ(Detect(Spec(DetectorMethod::kAdwin, 1e4), std::nullopt, {}, {0}).rows, 0);
  EXPECT_THROW(Detect(Spec(DetectorMethod::kCusum, 1e4), std::nullopt, values, {0}), Error);
  // A constant stream has no deviation and no change.
  for (DetectorValue& value : values) value.value = 0.5;
  for (DetectorMethod method : kMethods) {
    EXPECT_EQ(Detect(Spec(method, 1e4), Level{.mean = 0.5}, values, {0}).alarms, 0);
  }
}

// ADWIN takes values from 0 to 1; minutes are put into deviations of what came before the window.
TEST(Detector, AdwinTakesOtherNumbersInTheirOwnDeviations) {
  constexpr int64_t kRowMs = 400'000;  // nine days before the window
  std::vector<DetectorValue> values;
  for (int i = 0; i < 4000; ++i) values.push_back({i * kRowMs, 300.0 + (i * 37) % 100, 0});
  const DetectorSpec spec = Spec(DetectorMethod::kAdwin, 1e6);
  EXPECT_EQ(Detect(spec, std::nullopt, values, {2000 * kRowMs}).alarms, 0);
  for (int i = 2000; i < 4000; ++i) values[static_cast<size_t>(i)].value += 60;
  const DetectedChange change = Detect(spec, std::nullopt, values, {2000 * kRowMs});
  EXPECT_GT(change.alarms, 0);
  EXPECT_LT(*change.first_ms, 2500 * kRowMs);
}

TEST(Detector, RefusesWhatItCannotBe) {
  for (const char* json :
       {R"({"of": "mood"})", R"({"method": "magic"})", R"({"of": "feature"})",
        R"({"of": "score", "feature": "x"})", R"({"rows_between_false_alarms": 1})",
        R"({"shift": 0})", R"({"method": "adwin", "shift": 1})", R"({"speed": 1})"}) {
    EXPECT_THROW(DetectorSpec::FromJson(ParseJson(json)), Error) << json;
  }
  const DetectorSpec spec =
      DetectorSpec::FromJson(ParseJson(R"({"feature": "distance", "method": "cusum"})"));
  EXPECT_EQ(spec.name(), "distance");
  EXPECT_EQ(DetectorSpec::FromJson(spec.ToJson()), spec);
}

}  // namespace
}  // namespace millwright::monitoring
