#include "drift/sampling_error.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>

#include "metrics/binary.h"
#include "metrics/quantile.h"
#include "statistics/sample.h"

namespace millwright::drift {
namespace {

constexpr int kDraws = 50;
constexpr uint64_t kDrawSeed = 42;

// The variance of 0s and 1s of which so many are 1.
RowVariance OfShare(double ones, double relevant, double rows) {
  if (relevant <= 0 || rows <= 0) return {0, 0};
  const double share = ones / relevant;
  return {share * (1 - share), relevant / rows};
}

// Over the rarer class, each of which is compared with all of the others.
RowVariance OfArea(const std::vector<double>& truth, const std::vector<double>& scores) {
  std::vector<double> positives, negatives;
  for (size_t i = 0; i < truth.size(); ++i) {
    (truth[i] > 0 ? positives : negatives).push_back(scores[i]);
  }
  if (positives.empty() || negatives.empty()) return {0, 0};
  if (positives.size() > negatives.size()) {
    positives.swap(negatives);
    for (double& score : positives) score = -score;
    for (double& score : negatives) score = -score;
  }
  std::sort(negatives.begin(), negatives.end());
  const auto others = static_cast<double>(negatives.size());
  for (double& score : positives) {
    const auto [first, last] = std::equal_range(negatives.begin(), negatives.end(), score);
    score = (static_cast<double>(first - negatives.begin()) +
             static_cast<double>(last - negatives.begin())) /
            2 / others;
  }
  RowVariance variance = VarianceOfMean(positives);
  variance.share = static_cast<double>(positives.size()) / static_cast<double>(truth.size());
  return variance;
}

}  // namespace

std::optional<double> RowVariance::ErrorOfMean(int64_t rows) const {
  if (share <= 0 || rows <= 0 || !std::isfinite(variance)) return std::nullopt;
  return std::sqrt(variance / (static_cast<double>(rows) * share));
}

std::optional<double> RowVariance::ErrorOfSum(int64_t rows) const {
  const auto error = ErrorOfMean(rows);
  if (!error) return std::nullopt;
  return *error * static_cast<double>(rows);
}

RowVariance VarianceOfMean(const std::vector<double>& values) {
  return {statistics::SquaresAroundMean(values) / static_cast<double>(values.size()), 1};
}

std::optional<double> ErrorOfRoot(const RowVariance& variance, double mean, int64_t rows) {
  const auto error = variance.ErrorOfMean(rows);
  if (!error || mean <= 0) return std::nullopt;
  return *error / (2 * std::sqrt(mean));
}

ClassifierVariances::ClassifierVariances(const std::vector<double>& truth,
                                         const std::vector<double>& scores,
                                         const std::vector<double>& predicted) {
  double tp = 0, tn = 0, fp = 0, fn = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    (truth[i] > 0 ? (predicted[i] > 0 ? tp : fn) : (predicted[i] > 0 ? fp : tn)) += 1;
  }
  const auto rows = static_cast<double>(truth.size());
  precision = OfShare(tp, tp + fp, rows);
  recall = OfShare(tp, tp + fn, rows);
  specificity = OfShare(tn, tn + fp, rows);
  accuracy = OfShare(tp + tn, rows, rows);
  true_positive = OfShare(tp, rows, rows);
  true_negative = OfShare(tn, rows, rows);
  false_positive = OfShare(fp, rows, rows);
  false_negative = OfShare(fn, rows, rows);
  const double relevant = tp + fp + fn;
  f1 = OfShare(tp, relevant, rows);
  if (relevant > 0) f1_factor = relevant / ((fp + fn) / 2 + tp);
  roc_auc = OfArea(truth, scores);
}

RowVariance AveragePrecisionVariance(const std::vector<double>& truth,
                                     const std::vector<double>& scores) {
  const size_t drawn = std::min(truth.size() / 2, kDrawnRowsMax);
  if (drawn == 0 || !metrics::HasBothClasses(truth)) return {0, 0};
  std::mt19937_64 random(kDrawSeed);
  std::uniform_int_distribution<size_t> row(0, truth.size() - 1);
  std::vector<double> seen, drawn_truth(drawn), drawn_scores(drawn);
  for (int i = 0; i < kDraws; ++i) {
    for (size_t k = 0; k < drawn; ++k) {
      const size_t at = row(random);
      drawn_truth[k] = truth[at];
      drawn_scores[k] = scores[at];
    }
    if (!metrics::HasBothClasses(drawn_truth)) continue;
    seen.push_back(metrics::AveragePrecision(drawn_truth, drawn_scores));
  }
  if (seen.empty()) return {0, 0};
  RowVariance variance = VarianceOfMean(seen);
  variance.variance *= static_cast<double>(drawn);
  return variance;
}

std::optional<double> ErrorOverClasses(const std::vector<RowVariance>& classes, int64_t rows) {
  double sum = 0;
  for (const RowVariance& one : classes) {
    const auto error = one.ErrorOfMean(rows);
    if (!error) return std::nullopt;
    sum += *error * *error;
  }
  if (classes.empty()) return std::nullopt;
  return std::sqrt(sum) / static_cast<double>(classes.size());
}

SpreadMoments SpreadMomentsOf(const std::vector<double>& reference) {
  const auto count = static_cast<double>(reference.size());
  if (count < 2) return {};
  SpreadMoments moments{statistics::SquaresAroundMean(reference) / (count - 1), 0};
  const double mean = statistics::Mean(reference);
  for (double value : reference) {
    const double square = (value - mean) * (value - mean);
    moments.fourth += square * square / count;
  }
  return moments;
}

std::optional<double> ErrorOfDeviation(const SpreadMoments& moments, int64_t rows) {
  const auto n = static_cast<double>(rows);
  if (n < 2 || moments.variance <= 0) return std::nullopt;
  const double rest = moments.fourth - (n - 3) * moments.variance * moments.variance / (n - 1);
  if (!(rest >= 0)) return std::nullopt;
  return std::sqrt(rest / n) / (2 * std::sqrt(moments.variance));
}

std::optional<double> ErrorOfMedian(const std::vector<double>& reference, int64_t rows) {
  const auto count = static_cast<double>(reference.size());
  if (count < 2 || rows < 1) return std::nullopt;
  const double deviation = std::sqrt(statistics::SquaresAroundMean(reference) / (count - 1));
  if (deviation <= 0) return std::nullopt;
  std::vector<double> sorted = reference;
  std::sort(sorted.begin(), sorted.end());
  const double median = metrics::QuantileOfSorted(sorted, 0.5);
  const double width = deviation * std::pow(count, -0.2);
  double density = 0;
  for (double value : reference) density += std::exp(-std::pow((median - value) / width, 2) / 2);
  density /= count * width * std::sqrt(2 * std::numbers::pi);
  if (density <= 0) return std::nullopt;
  return 1 / (2 * density * std::sqrt(static_cast<double>(rows)));
}

}  // namespace millwright::drift
