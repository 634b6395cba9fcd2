#include "training/classification_metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace millwright::training {
namespace {

TEST(ClassificationMetrics, CountTiesHalf) {
  const std::vector<float> labels = {0, 0, 1, 1};
  EXPECT_DOUBLE_EQ(Auc(labels, std::vector<float>{0.1F, 0.4F, 0.35F, 0.8F}), 0.75);
  EXPECT_DOUBLE_EQ(Auc(labels, std::vector<float>{0.5F, 0.5F, 0.5F, 0.5F}), 0.5);
  EXPECT_DOUBLE_EQ(Auc(labels, std::vector<float>{0.1F, 0.2F, 0.3F, 0.4F}), 1);
  EXPECT_TRUE(std::isnan(Auc(std::vector<float>{1, 1}, std::vector<float>{0, 1})));
}

TEST(ClassificationMetrics, ClipsProbabilitiesInTheLogLoss) {
  EXPECT_NEAR(LogLoss(std::vector<float>{1, 0}, std::vector<float>{0.9F, 0.2F}),
              (-std::log(0.9) - std::log(0.8)) / 2, 1e-7);
  EXPECT_NEAR(LogLoss(std::vector<float>{1}, std::vector<float>{0}), -std::log(1e-7), 1e-9);
}

TEST(ClassificationMetrics, DrawTheCurveInFewPoints) {
  std::vector<float> labels;
  std::vector<float> scores;
  for (int i = 0; i < 5000; ++i) {
    labels.push_back(i % 3 == 0 ? 1 : 0);
    scores.push_back(static_cast<float>((i * 7919) % 5000) / 5000);
  }
  const RocCurve curve = Roc(labels, scores, 200);
  ASSERT_EQ(curve.true_positive_rates.size(), 200U);
  EXPECT_EQ(curve.false_positive_rates.front(), 0);
  EXPECT_EQ(curve.true_positive_rates.front(), 0);
  EXPECT_EQ(curve.false_positive_rates.back(), 1);
  EXPECT_EQ(curve.true_positive_rates.back(), 1);
}

TEST(ClassificationMetrics, RefuseUnequalSizes) {
  EXPECT_THROW(Auc(std::vector<float>{1}, std::vector<float>{}), Error);
  EXPECT_THROW(LogLoss({}, {}), Error);
}

}  // namespace
}  // namespace millwright::training
