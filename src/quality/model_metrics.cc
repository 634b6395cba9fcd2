#include "quality/model_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace millwright::quality {
namespace {

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void Require(std::span<const double> labels, std::span<const double> scores) {
  if (labels.size() != scores.size()) {
    throw InvalidArgument("{} labels and {} scores", labels.size(), scores.size());
  }
  if (labels.empty()) throw InvalidArgument("There are no labels");
  for (double label : labels) {
    if (label != 0 && label != 1) throw InvalidArgument("A label must be 0 or 1: {}", label);
  }
  for (double score : scores) {
    if (!std::isfinite(score)) throw InvalidArgument("A score must be finite: {}", score);
  }
}

// Cumulative counts after each group of tied scores, from the highest score down.
struct Step {
  double threshold;
  int64_t false_positives;
  int64_t true_positives;
};

std::vector<Step> Steps(std::span<const double> labels, std::span<const double> scores) {
  std::vector<uint32_t> order(labels.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return scores[a] > scores[b]; });
  std::vector<Step> steps;
  int64_t positives = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    positives += labels[order[i]] == 1;
    if (i + 1 < order.size() && scores[order[i + 1]] == scores[order[i]]) continue;
    steps.push_back({scores[order[i]], static_cast<int64_t>(i + 1) - positives, positives});
  }
  return steps;
}

}  // namespace

double ConfusionMatrix::Accuracy() const {
  return Share(true_negative + true_positive,
               true_negative + false_positive + false_negative + true_positive);
}

double ConfusionMatrix::Precision() const {
  return Share(true_positive, true_positive + false_positive);
}

double ConfusionMatrix::Recall() const {
  return Share(true_positive, true_positive + false_negative);
}

double ConfusionMatrix::F1() const {
  return Share(2 * true_positive, 2 * true_positive + false_positive + false_negative);
}

double RocAuc(std::span<const double> labels, std::span<const double> scores) {
  Require(labels, scores);
  const std::vector<Step> steps = Steps(labels, scores);
  const auto positives = static_cast<double>(steps.back().true_positives);
  const auto negatives = static_cast<double>(steps.back().false_positives);
  if (positives == 0 || negatives == 0) {
    throw FailedPrecondition("ROC AUC needs labels of both classes");
  }
  double area = 0;
  double last_fp = 0, last_tp = 0;
  for (const Step& step : steps) {
    const auto fp = static_cast<double>(step.false_positives);
    const auto tp = static_cast<double>(step.true_positives);
    area += (fp - last_fp) * (tp + last_tp) / 2;
    last_fp = fp;
    last_tp = tp;
  }
  return area / (positives * negatives);
}

double LogLoss(std::span<const double> labels, std::span<const double> probabilities) {
  Require(labels, probabilities);
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double p = std::clamp(probabilities[i], kEpsilon, 1 - kEpsilon);
    sum -= labels[i] == 1 ? std::log(p) : std::log(1 - p);
  }
  return sum / static_cast<double>(labels.size());
}

double BrierScore(std::span<const double> labels, std::span<const double> probabilities) {
  Require(labels, probabilities);
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    sum += (probabilities[i] - labels[i]) * (probabilities[i] - labels[i]);
  }
  return sum / static_cast<double>(labels.size());
}

ConfusionMatrix ConfusionAt(std::span<const double> labels, std::span<const double> scores,
                            double threshold) {
  Require(labels, scores);
  ConfusionMatrix matrix;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (scores[i] >= threshold) {
      ++(labels[i] == 1 ? matrix.true_positive : matrix.false_positive);
    } else {
      ++(labels[i] == 1 ? matrix.false_negative : matrix.true_negative);
    }
  }
  return matrix;
}

std::vector<RocPoint> RocCurve(std::span<const double> labels, std::span<const double> scores) {
  Require(labels, scores);
  const std::vector<Step> steps = Steps(labels, scores);
  std::vector<RocPoint> all = {{0, 0, std::numeric_limits<double>::infinity()}};
  for (const Step& step : steps) {
    all.push_back({Share(step.false_positives, steps.back().false_positives),
                   Share(step.true_positives, steps.back().true_positives), step.threshold});
  }
  if (all.size() <= kRocPointsMax) return all;
  std::vector<RocPoint> points;
  for (size_t i = 0; i < kRocPointsMax; ++i) {
    points.push_back(all[i * (all.size() - 1) / (kRocPointsMax - 1)]);
  }
  return points;
}

Json BinaryMetrics::ToJson() const {
  Json json = Json::MakeObject();
  json.Set("example_count", rows);
  if (roc_auc) json.Set("roc_auc", *roc_auc);
  json.Set("log_loss", log_loss);
  json.Set("brier_score", brier);
  json.Set("accuracy_score", confusion.Accuracy());
  json.Set("precision_score", confusion.Precision());
  json.Set("recall_score", confusion.Recall());
  json.Set("f1_score", confusion.F1());
  json.Set("true_negatives", confusion.true_negative);
  json.Set("false_positives", confusion.false_positive);
  json.Set("false_negatives", confusion.false_negative);
  json.Set("true_positives", confusion.true_positive);
  return json;
}

BinaryMetrics EvaluateBinary(std::span<const double> labels, std::span<const double> probabilities,
                             double threshold) {
  BinaryMetrics metrics;
  metrics.rows = static_cast<int64_t>(labels.size());
  metrics.confusion = ConfusionAt(labels, probabilities, threshold);
  metrics.log_loss = LogLoss(labels, probabilities);
  metrics.brier = BrierScore(labels, probabilities);
  const ConfusionMatrix& matrix = metrics.confusion;
  const int64_t positives = matrix.true_positive + matrix.false_negative;
  if (positives > 0 && positives < metrics.rows) metrics.roc_auc = RocAuc(labels, probabilities);
  metrics.positive_rate_actual = Share(positives, metrics.rows);
  metrics.positive_rate_predicted =
      Share(matrix.true_positive + matrix.false_positive, metrics.rows);
  return metrics;
}

}  // namespace millwright::quality
