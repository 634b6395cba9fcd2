#include "drift/online_detectors.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace millwright::drift {
namespace {

constexpr int kRows = 400'000;
constexpr int kShiftAt = 2'000;

// Alarms of a detector in a stream of one level.
template <typename Detector>
int FalseAlarms(Detector detector, double mean, double deviation, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(mean, deviation);
  int alarms = 0;
  for (int i = 0; i < kRows; ++i) alarms += detector.Add(noise(random));
  return alarms;
}

// Rows from a shift to the alarm, on average of some streams.
template <typename Detector>
double Delay(const Detector& fresh, double mean, double deviation, double shift) {
  constexpr int kStreams = 50;
  double rows = 0;
  for (unsigned seed = 0; seed < kStreams; ++seed) {
    Detector detector = fresh;
    std::mt19937_64 random(seed);
    std::normal_distribution<double> noise(0, deviation);
    for (int i = 0; i < kShiftAt; ++i) detector.Add(mean + noise(random));
    int delay = 1;
    while (delay < kShiftAt && !detector.Add(mean + shift + noise(random))) ++delay;
    rows += delay;
  }
  return rows / kStreams;
}

TEST(Cusum, AlarmsFalselyAsRarelyAsAsked) {
  const int alarms = FalseAlarms(
      Cusum({.mean = 5, .deviation = 2, .shift = 1, .rows_between_false_alarms = 4'000}), 5, 2, 1);
  EXPECT_GE(alarms, 60);
  EXPECT_LE(alarms, 140);
}

TEST(Cusum, FindsAShiftSoonBothWays) {
  const Cusum fresh({.mean = 5, .deviation = 2, .shift = 1, .rows_between_false_alarms = 10'000});
  EXPECT_LT(Delay(fresh, 5, 2, 2), 25);
  EXPECT_LT(Delay(fresh, 5, 2, -2), 25);
}

TEST(PageHinkley, AlarmsFalselyAsRarelyAsAsked) {
  const int alarms =
      FalseAlarms(PageHinkley({.shift = 1, .rows_between_false_alarms = 4'000}), -3, 0.5, 2);
  EXPECT_GE(alarms, 40);
  EXPECT_LE(alarms, 160);
}

TEST(PageHinkley, FindsAShiftSoonWithoutKnowingTheLevel) {
  EXPECT_LT(Delay(PageHinkley({.shift = 1, .rows_between_false_alarms = 50'000}), -3, 0.5, 0.5),
            40);
}

TEST(Adwin, AlarmsFalselyAsRarelyAsAsked) {
  std::mt19937_64 random(3);
  Adwin adwin(0.002);
  int alarms = 0;
  for (int i = 0; i < kRows; ++i) alarms += adwin.Add(random() % 10 < 2);
  const double looks = static_cast<double>(kRows) / Adwin::kRowsBetweenLooks;
  EXPECT_LE(alarms, 0.002 * looks);
  EXPECT_NEAR(adwin.mean(), 0.2, 0.01);
}

TEST(Adwin, ForgetsWhatIsOld) {
  std::mt19937_64 random(4);
  Adwin adwin;
  for (int i = 0; i < 10'000; ++i) adwin.Add(random() % 10 < 2);
  int delay = 0;
  while (delay < 5'000 && !adwin.Add(random() % 10 < 4)) ++delay;
  EXPECT_LT(delay, 400);
  for (int i = 0; i < 2'000; ++i) adwin.Add(random() % 10 < 4);
  EXPECT_NEAR(adwin.mean(), 0.4, 0.05);
  EXPECT_LT(adwin.rows(), 4'000);
}

TEST(OnlineDetectors, RefuseWhatIsNoRate) {
  EXPECT_THROW(Cusum({.deviation = 0}), Error);
  EXPECT_THROW(PageHinkley({.shift = 0}), Error);
  EXPECT_THROW(Adwin(1), Error);
}

}  // namespace
}  // namespace millwright::drift
