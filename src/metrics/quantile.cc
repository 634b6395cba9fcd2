#include "metrics/quantile.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace millwright::metrics {

double QuantileOfSorted(Numbers sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(place));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - static_cast<double>(below));
}

double WeightedQuantile(Numbers numbers, double share, Weights weights) {
  if (weights.empty()) {
    std::vector<double> sorted(numbers.begin(), numbers.end());
    std::sort(sorted.begin(), sorted.end());
    return QuantileOfSorted(sorted, share);
  }
  std::vector<uint32_t> order(numbers.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return numbers[a] < numbers[b]; });
  const double wanted = share * std::accumulate(weights.begin(), weights.end(), 0.0);
  double reached = 0;
  for (const uint32_t i : order) {
    reached += weights[i];
    if (reached >= wanted && reached > 0) return numbers[i];
  }
  return numbers[order.back()];
}

}  // namespace millwright::metrics
