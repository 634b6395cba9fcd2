#include "training/classification_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace millwright::training {
namespace {

constexpr double kProbabilityMin = 1e-7;

void CheckSizes(std::span<const float> labels, std::span<const float> scores) {
  if (labels.empty() || labels.size() != scores.size()) {
    throw InvalidArgument("{} labels do not match {} scores", labels.size(), scores.size());
  }
}

std::vector<uint32_t> ByDescendingScore(std::span<const float> scores) {
  std::vector<uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  return order;
}

struct Corner {
  size_t false_positives = 0;
  size_t true_positives = 0;
};

// The corners of the curve: one after each group of equal scores, from (0,0).
std::vector<Corner> Corners(std::span<const float> labels, std::span<const float> scores) {
  CheckSizes(labels, scores);
  std::vector<Corner> corners(1);
  Corner now;
  const std::vector<uint32_t> order = ByDescendingScore(scores);
  for (size_t i = 0; i < order.size(); ++i) {
    if (labels[order[i]] > 0.5F) {
      ++now.true_positives;
    } else {
      ++now.false_positives;
    }
    const bool ends_group = i + 1 == order.size() || scores[order[i]] != scores[order[i + 1]];
    if (ends_group) corners.push_back(now);
  }
  return corners;
}

}  // namespace

double Auc(std::span<const float> labels, std::span<const float> scores) {
  const std::vector<Corner> corners = Corners(labels, scores);
  const auto negatives = static_cast<double>(corners.back().false_positives);
  const auto positives = static_cast<double>(corners.back().true_positives);
  if (negatives == 0 || positives == 0) return std::numeric_limits<double>::quiet_NaN();
  double area = 0;
  for (size_t i = 1; i < corners.size(); ++i) {
    const Corner& a = corners[i - 1];
    const Corner& b = corners[i];
    area += static_cast<double>(b.false_positives - a.false_positives) *
            static_cast<double>(a.true_positives + b.true_positives) / 2;
  }
  return area / (negatives * positives);
}

double LogLoss(std::span<const float> labels, std::span<const float> scores) {
  CheckSizes(labels, scores);
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double p = std::clamp<double>(scores[i], kProbabilityMin, 1 - kProbabilityMin);
    sum -= labels[i] > 0.5F ? std::log(p) : std::log1p(-p);
  }
  return sum / static_cast<double>(labels.size());
}

RocCurve Roc(std::span<const float> labels, std::span<const float> scores, size_t points_max) {
  const std::vector<Corner> corners = Corners(labels, scores);
  const auto negatives = static_cast<double>(corners.back().false_positives);
  const auto positives = static_cast<double>(corners.back().true_positives);
  RocCurve curve;
  if (negatives == 0 || positives == 0) return curve;
  const size_t points = std::min(corners.size(), std::max<size_t>(2, points_max));
  for (size_t i = 0; i < points; ++i) {
    const Corner& corner = corners[i * (corners.size() - 1) / (points - 1)];
    curve.false_positive_rates.push_back(static_cast<double>(corner.false_positives) / negatives);
    curve.true_positive_rates.push_back(static_cast<double>(corner.true_positives) / positives);
  }
  return curve;
}

}  // namespace millwright::training
