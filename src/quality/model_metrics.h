#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/json.h"

// Metrics of a binary classifier, in scikit-learn's definitions. Labels are 0 or 1 and scores are
// finite; both have the same length, which is not 0. Anything else throws kInvalidArgument.
namespace millwright::quality {

struct ConfusionMatrix {
  int64_t true_negative = 0;
  int64_t false_positive = 0;
  int64_t false_negative = 0;
  int64_t true_positive = 0;

  // Each is 0 where its denominator is 0.
  double Accuracy() const;
  double Precision() const;
  double Recall() const;
  double F1() const;
};

struct RocPoint {
  double false_positive_rate = 0;
  double true_positive_rate = 0;
  double threshold = 0;  // infinite at the first point
};

inline constexpr size_t kRocPointsMax = 200;

// The area under the ROC curve, tied scores counting half. Throws kFailedPrecondition when the
// labels are all the same.
double RocAuc(std::span<const double> labels, std::span<const double> scores);
// The mean negative log likelihood of probabilities clipped to [2.22e-16, 1 − 2.22e-16].
double LogLoss(std::span<const double> labels, std::span<const double> probabilities);
double BrierScore(std::span<const double> labels, std::span<const double> probabilities);
// A score of at least the threshold predicts 1.
ConfusionMatrix ConfusionAt(std::span<const double> labels, std::span<const double> scores,
                            double threshold);
// The curve from (0, 0) to (1, 1), thinned evenly to kRocPointsMax; both ends are kept.
std::vector<RocPoint> RocCurve(std::span<const double> labels, std::span<const double> scores);

// All of the above at a threshold; AUC is absent when the labels are all the same.
struct BinaryMetrics {
  int64_t rows = 0;
  std::optional<double> roc_auc;
  double log_loss = 0;
  double brier = 0;
  ConfusionMatrix confusion;
  double positive_rate_predicted = 0;
  double positive_rate_actual = 0;

  // MLflow's names: roc_auc, log_loss, accuracy_score, precision_score, recall_score, f1_score, …
  Json ToJson() const;
};
BinaryMetrics EvaluateBinary(std::span<const double> labels, std::span<const double> probabilities,
                             double threshold = 0.5);

}  // namespace millwright::quality
