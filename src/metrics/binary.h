#pragma once

#include <vector>

#include "metrics/samples.h"

// Metrics of one class against another, by scores or probabilities. Labels are 0 or 1.
namespace millwright::metrics {

// Whether the labels hold both a 0 and a 1.
bool HasBothClasses(Numbers labels);

// The area under the ROC curve, tied scores counting half. With `false_positive_rate_max` below 1
// the part up to there, scaled so that chance is 0.5 (McClish). Throws kFailedPrecondition when the
// labels are all the same.
double RocAuc(Numbers labels, Numbers scores, Weights weights = {},
              double false_positive_rate_max = 1);
// The mean precision, each weighted by the gain in recall; 0 without a positive sample.
double AveragePrecision(Numbers labels, Numbers scores, Weights weights = {});
// The area under the precision-recall curve by trapezoids, which is more optimistic.
double PrecisionRecallAuc(Numbers labels, Numbers scores, Weights weights = {});
// The mean negative log likelihood in nats of probabilities clipped to [2.22e-16, 1 - 2.22e-16].
double LogLoss(Numbers labels, Numbers probabilities, Weights weights = {});
double BrierScore(Numbers labels, Numbers probabilities, Weights weights = {});
// The largest distance of the distribution of scores of positive and of negative samples.
double KsSeparation(Numbers labels, Numbers scores, Weights weights = {});
// The mean over `bins` bins of equal width of |share of positives - mean probability|.
double ExpectedCalibrationError(Numbers labels, Numbers probabilities, size_t bins,
                                Weights weights = {});

struct RocPoint {
  double false_positive_rate = 0;
  double true_positive_rate = 0;
  double threshold = 0;  // infinite at the first point
};
// From (0, 0) to (1, 1), without the points that lie on a line between their neighbours. NaN where
// a class is missing.
std::vector<RocPoint> RocCurve(Numbers labels, Numbers scores, Weights weights = {});

struct PrecisionRecallPoint {
  double precision = 0;
  double recall = 0;
  double threshold = 0;
};
// From the lowest threshold up; the end (1, 0), which has no threshold, is left out.
std::vector<PrecisionRecallPoint> PrecisionRecallCurve(Numbers labels, Numbers scores,
                                                       Weights weights = {});

struct DetPoint {
  double false_positive_rate = 0;
  double false_negative_rate = 0;
  double threshold = 0;
};
// From the lowest threshold up. Throws kFailedPrecondition when the labels are all the same.
std::vector<DetPoint> DetCurve(Numbers labels, Numbers scores, Weights weights = {});

struct CalibrationPoint {
  double mean_probability = 0;
  double positive_share = 0;
  double samples = 0;
};
// Bins of equal width, or of equal numbers of samples; empty ones are left out.
enum class Binning { kUniform, kQuantile };
std::vector<CalibrationPoint> CalibrationCurve(Numbers labels, Numbers probabilities, size_t bins,
                                               Binning binning = Binning::kUniform);

// At most `points_max` (at least 2) of a curve's points, evenly taken; both ends are kept.
template <typename Point>
std::vector<Point> Thinned(std::vector<Point> points, size_t points_max) {
  if (points.size() <= points_max) return points;
  std::vector<Point> kept;
  for (size_t i = 0; i < points_max; ++i) {
    kept.push_back(points[i * (points.size() - 1) / (points_max - 1)]);
  }
  return kept;
}

}  // namespace millwright::metrics
