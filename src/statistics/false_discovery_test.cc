#include "statistics/false_discovery.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "statistics/count_tests.h"

namespace millwright::statistics {
namespace {

// The fifteen p-values of Benjamini and Hochberg's own example: four are below 0.05.
TEST(FalseDiscovery, AdjustsAsItsAuthorsDid) {
  const std::vector<double> p = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                                 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  const std::vector<double> adjusted = AdjustForFalseDiscovery(p);
  EXPECT_NEAR(adjusted[0], 0.0015, 1e-12);
  EXPECT_NEAR(adjusted[3], 0.035625, 1e-12);
  EXPECT_NEAR(adjusted[4], 0.0603, 1e-12);
  EXPECT_EQ(std::count_if(adjusted.begin(), adjusted.end(), [](double q) { return q <= 0.05; }), 4);
  EXPECT_EQ(adjusted.back(), 1);
}

TEST(FalseDiscovery, KeepsTheOrderAndTakesNone) {
  EXPECT_TRUE(AdjustForFalseDiscovery({}).empty());
  const std::vector<double> p = {0.9, 0.01};
  EXPECT_EQ(AdjustForFalseDiscovery(p), (std::vector<double>{0.9, 0.02}));
}

TEST(ChiSquareOfShares, IsTheContingencyTestOfCounts) {
  const std::vector<int64_t> a = {100, 50, 30}, b = {60, 70, 20};
  const TestResult counts = ChiSquareContingency(a, b, Yates::kUncorrected);
  const TestResult shares = ChiSquareOfShares({Shares(a), 180}, {Shares(b), 150}, 5);
  EXPECT_NEAR(counts.statistic, shares.statistic, 1e-10);
  EXPECT_NEAR(counts.p_value, shares.p_value, 1e-12);
}

// A thousand values that come once each tell nothing; held apart they would.
TEST(ChiSquareOfShares, TakesRareValuesTogether) {
  std::vector<double> p(2000, 0.0), q(2000, 0.0);
  for (size_t i = 0; i < 1000; ++i) p[i] = q[1000 + i] = 0.0005;
  p.push_back(0.5);
  q.push_back(0.5);
  EXPECT_GT(ChiSquareOfShares({p, 2000}, {q, 2000}, 5).p_value, 0.99);
}

}  // namespace
}  // namespace millwright::statistics
