#pragma once

#include <span>
#include <vector>

namespace millwright::training {

// Measures how well scores rank and state probabilities; labels are 0 or 1, one score a row. Each
// throws kInvalidArgument when the sizes differ or there are no rows.

// The area under the ROC curve, ties counted half; NaN when one of the classes is absent.
double Auc(std::span<const float> labels, std::span<const float> scores);

// The mean negative log likelihood in nats; scores are clipped to [1e-7, 1 - 1e-7].
double LogLoss(std::span<const float> labels, std::span<const float> scores);

struct RocCurve {
  std::vector<double> false_positive_rates;
  std::vector<double> true_positive_rates;
};

// The curve from (0,0) to (1,1) in at most `points_max` points (at least 2), taken evenly along
// the corners; empty when one of the classes is absent.
RocCurve Roc(std::span<const float> labels, std::span<const float> scores, size_t points_max);

}  // namespace millwright::training
