#include "statistics/confidence_sequence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"

namespace millwright::statistics {
namespace {

// By hand: V = 0.09 / 1000 + 0.16 / 500 = 0.00041, t = 0.0004, ln(0.00081 / 0.00041) = 0.680888,
// 2 ln 20 = 5.991465; half = sqrt(0.00041 · 0.00081 / 0.0004 · 6.672353).
TEST(ConfidenceSequence, IsTheFormulaOfTheMixtureTest) {
  const auto bounds = ConfidenceSequence({1000, 0.5, 0.09}, {500, 0.4, 0.16}, 0.05, 0.02);
  EXPECT_NEAR(bounds.difference, 0.1, 1e-15);
  EXPECT_NEAR(bounds.high - bounds.difference, 0.0744288, 1e-6);
  EXPECT_NEAR(bounds.difference - bounds.low, bounds.high - bounds.difference, 1e-15);
}

TEST(ConfidenceSequence, GetsNarrowerWithRows) {
  double width = 100;
  for (const int64_t rows : {10, 100, 1000, 10'000, 100'000}) {
    const auto bounds = ConfidenceSequence({rows, 0, 1}, {rows, 0, 1}, 0.05, 0.1);
    EXPECT_LT(bounds.high - bounds.low, width);
    width = bounds.high - bounds.low;
  }
}

TEST(ConfidenceSequence, SaysNothingOfWhatCannotBeCompared) {
  EXPECT_THROW(ConfidenceSequence({1, 0, 1}, {9, 0, 1}, 0.05, 0.1), Error);
  EXPECT_THROW(ConfidenceSequence({9, NAN, 1}, {9, 0, 1}, 0.05, 0.1), Error);
  EXPECT_THROW(ConfidenceSequence({9, 0, INFINITY}, {9, 0, 1}, 0.05, 0.1), Error);
  EXPECT_THROW(ConfidenceSequence({9, 0, 1}, {9, 0, 1}, 0, 0.1), Error);
  EXPECT_THROW(ConfidenceSequence({9, 0, 1}, {9, 0, 1}, 0.05, 0), Error);
  EXPECT_THROW(ConfidenceSequence({9, 0, 0}, {9, 0, 0}, 0.05, 0.1), Error);
}

TEST(ConfidenceSequence, TakesNoErrorInFewRowsNotForCertainty) {
  const auto none = ProportionMoments(50, 0);
  EXPECT_EQ(none.mean, 0);
  EXPECT_GT(none.variance, 0.03);
  EXPECT_GT(ConfidenceSequence(none, none, 0.05, 0.01).high, 0.01);
}

struct Simulation {
  int passed = 0;  // said not to be worse by the tolerance
  int worse = 0;   // said to be
};

constexpr int kTrials = 2000;
constexpr int kRowsMax = 4000;
constexpr int kLookEvery = 20;  // rows: the very thing that an ordinary interval does not stand
constexpr int kRowsMin = 100;
constexpr double kAlpha = 0.05;

// Two arms of events with these rates, looked at again and again.
Simulation Simulate(double candidate, double live, double tolerance) {
  std::mt19937_64 random(20010101);
  std::bernoulli_distribution draw_candidate(candidate), draw_live(live);
  Simulation result;
  for (int trial = 0; trial < kTrials; ++trial) {
    int64_t events = 0, live_events = 0;
    for (int64_t rows = 1; rows <= kRowsMax; ++rows) {
      events += draw_candidate(random);
      live_events += draw_live(random);
      if (rows < kRowsMin || rows % kLookEvery != 0) continue;
      const auto bounds = ConfidenceSequence(
          ProportionMoments(rows, events), ProportionMoments(rows, live_events), kAlpha, tolerance);
      if (bounds.high < tolerance) {
        ++result.passed;
        break;
      }
      if (bounds.low > tolerance) {
        ++result.worse;
        break;
      }
    }
  }
  return result;
}

// A candidate that is worse by just the tolerance must not be passed, however often one looks.
TEST(ConfidenceSequence, PromotesAWorseCandidateNoOftenerThanItSays) {
  struct Case {
    double live, tolerance;
  };
  for (const Case& each : {Case{0, 0.02}, {0.01, 0.02}, {0.05, 0.05}, {0.2, 0.05}, {0.5, 0.1}}) {
    const auto result = Simulate(each.live + each.tolerance, each.live, each.tolerance);
    EXPECT_LE(result.passed, kAlpha * kTrials)
        << "live " << each.live << " tolerance " << each.tolerance;
    // Nor is one that is within the tolerance rolled back oftener.
    EXPECT_LE(result.worse, kAlpha * kTrials);
  }
}

TEST(ConfidenceSequence, PassesAnEqualAndRefusesAWorseCandidateInTime) {
  const auto equal = Simulate(0.02, 0.02, 0.05);
  EXPECT_GT(equal.passed, 0.99 * kTrials);
  EXPECT_EQ(equal.worse, 0);
  const auto worse = Simulate(0.3, 0.02, 0.05);
  EXPECT_EQ(worse.passed, 0);
  EXPECT_EQ(worse.worse, kTrials);
}

// What the sequence is for: with the interval of one look, ± 1.96 standard errors, the same looks
// promote far oftener than one time in twenty.
TEST(ConfidenceSequence, KeepsAPromiseThatTheIntervalOfOneLookBreaks) {
  std::mt19937_64 random(7);
  std::bernoulli_distribution draw_candidate(0.25), draw_live(0.2);
  int passed = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    double events = 0, live_events = 0;
    for (int rows = 1; rows <= kRowsMax; ++rows) {
      events += draw_candidate(random);
      live_events += draw_live(random);
      if (rows < kRowsMin || rows % kLookEvery != 0) continue;
      const double a = events / rows, b = live_events / rows;
      if (a - b + 1.96 * std::sqrt((a * (1 - a) + b * (1 - b)) / rows) >= 0.05) continue;
      ++passed;
      break;
    }
  }
  EXPECT_GT(passed, 2 * kAlpha * kTrials);
}

TEST(ArmMoments, OfSharesAreThoseOfProportionsForZerosAndOnes) {
  for (const int64_t events : {0, 3, 20}) {
    const double share = static_cast<double>(events) / 20;
    const ArmMoments asked = ProportionMoments(20, events);
    const ArmMoments got = ShareMoments({20, share, share * (1 - share) * 20 / 19});
    EXPECT_NEAR(got.variance, asked.variance, 1e-12);
    EXPECT_EQ(got.mean, asked.mean);
  }
}

TEST(ArmMoments, CountRowsOfBothArmsSoThatNoneIsCertain) {
  ArmMoments still{10, 1, 0}, other{10, 1, 4};
  CountPooledRows(&still, &other);
  // Together 36 / 19; four such rows among nine and four.
  EXPECT_NEAR(still.variance, 4 * (36.0 / 19) / 13, 1e-12);
  EXPECT_NEAR(other.variance, (36 + 4 * 36.0 / 19) / 13, 1e-12);
  ArmMoments same{10, 1, 0}, alike{10, 1, 0};
  CountPooledRows(&same, &alike);
  EXPECT_EQ(same.variance, 0);
  ArmMoments low{10, 0, 0}, high{10, 1, 0};  // what is between them is spread, too
  CountPooledRows(&low, &high);
  EXPECT_NEAR(low.variance, 4 * (5.0 / 19) / 13, 1e-12);
}

}  // namespace
}  // namespace millwright::statistics
