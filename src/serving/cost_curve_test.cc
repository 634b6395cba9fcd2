#include "serving/cost_curve.h"

#include <gtest/gtest.h>

namespace millwright::serving {
namespace {

TEST(CostCurve, IsInterpolatedBetweenSizesAndGrowsBeyondThem) {
  CostCurve costs;
  EXPECT_EQ(costs.EstimateUs(1), CostCurve::kUnknownUs);
  costs.Add(1, 10);
  EXPECT_DOUBLE_EQ(costs.EstimateUs(1), 10);
  EXPECT_DOUBLE_EQ(costs.EstimateUs(3), 30);  // as if no row gained by the others
  costs.Add(8, 24);
  EXPECT_DOUBLE_EQ(costs.EstimateUs(8), 24);
  EXPECT_NEAR(costs.EstimateUs(4), 16, 0.01);
  EXPECT_DOUBLE_EQ(costs.EstimateUs(80), 240);
}

TEST(CostCurve, ARunOnABusyMachineMovesItLittle) {
  CostCurve costs;
  costs.Add(1, 10);
  costs.Add(1, 100'000);
  EXPECT_LT(costs.EstimateUs(1), 12);
  for (int i = 0; i < 200; ++i) costs.Add(1, 40);
  EXPECT_NEAR(costs.EstimateUs(1), 40, 1);  // but the model may have become slower for good
}

TEST(CostCurve, TheTypicalRunIsThatOfAFreeMachine) {
  CostCurve costs;
  costs.Add(64, 12);
  for (int i = 0; i < 3000; ++i) costs.Add(64, i % 3 == 0 ? 3000 : 12);
  EXPECT_GT(costs.EstimateUs(64), 20);
  EXPECT_NEAR(costs.TypicalUs(64), 12, 2);
  for (int i = 0; i < 300; ++i) costs.Add(64, 90);  // the model itself has become slower
  EXPECT_NEAR(costs.TypicalUs(64), 90, 3);
  // One that was too short to be measured comes back from there.
  CostCurve quick;
  quick.Add(1, 0);
  for (int i = 0; i < 300; ++i) quick.Add(1, 8);
  EXPECT_NEAR(quick.TypicalUs(1), 8, 1);
}

}  // namespace
}  // namespace millwright::serving
