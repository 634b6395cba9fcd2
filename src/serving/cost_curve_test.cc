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

TEST(CostCurve, BatchingPaysWhereARowCostsClearlyLessInABatch) {
  CostCurve linear;  // fashion_cnn
  linear.Add(1, 62.5);
  EXPECT_TRUE(linear.BatchingPays());  // not known, so to be tried
  linear.Add(64, 3546);
  EXPECT_FALSE(linear.BatchingPays());
  CostCurve flat;  // breast_cancer_lr
  flat.Add(1, 2.1);
  flat.Add(8, 2.9);
  EXPECT_TRUE(flat.BatchingPays());
  CostCurve dearer;  // spam_transformer
  dearer.Add(1, 308);
  dearer.Add(8, 3'000);
  EXPECT_FALSE(dearer.BatchingPays());
}

}  // namespace
}  // namespace millwright::serving
