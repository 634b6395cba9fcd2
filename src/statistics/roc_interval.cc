#include "statistics/roc_interval.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace millwright::statistics {
namespace {

// For each value of a sorted sample the share of the other one that is below it, ties half.
std::vector<double> Placements(const std::vector<double>& values,
                               const std::vector<double>& others) {
  std::vector<double> placements;
  placements.reserve(values.size());
  size_t below = 0, up_to = 0;
  for (double value : values) {
    while (below < others.size() && others[below] < value) ++below;
    up_to = std::max(up_to, below);
    while (up_to < others.size() && others[up_to] <= value) ++up_to;
    placements.push_back(static_cast<double>(below + up_to) / 2 /
                         static_cast<double>(others.size()));
  }
  return placements;
}

double VarianceOfMean(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  return SquaresAroundMean(values) / (n - 1) / n;
}

}  // namespace

RocArea RocAreaWithError(Sample positive, Sample negative) {
  if (positive.size() < 2 || negative.size() < 2) {
    throw FailedPrecondition("The error of a ROC area needs two rows a side");
  }
  const std::vector<double> a = Sorted(positive), b = Sorted(negative);
  const std::vector<double> of_positive = Placements(a, b), of_negative = Placements(b, a);
  return {Mean(of_positive), std::sqrt(VarianceOfMean(of_positive) + VarianceOfMean(of_negative))};
}

}  // namespace millwright::statistics
