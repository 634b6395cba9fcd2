#pragma once

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <vector>

namespace millwright::tracking {

// A point of a metric's history. Infinities and NaN are kept as they are.
struct MetricPoint {
  int64_t timestamp_ms = 0;
  int64_t step = 0;
  double value = 0;
};

// The value as it is compared: NaN counts as 0, as in MLflow's store.
inline double RankOf(double value) {
  return std::isnan(value) ? 0.0 : value;
}

// The order of a history: by time, step and value; NaN comes after 0. Two points that neither comes
// before are the same point.
inline std::weak_ordering operator<=>(const MetricPoint& a, const MetricPoint& b) {
  if (const auto order = a.timestamp_ms <=> b.timestamp_ms; order != 0) return order;
  if (const auto order = a.step <=> b.step; order != 0) return order;
  const double left = RankOf(a.value);
  const double right = RankOf(b.value);
  if (left != right) return left < right ? std::weak_ordering::less : std::weak_ordering::greater;
  return std::isnan(a.value) <=> std::isnan(b.value);
}
inline bool operator==(const MetricPoint& a, const MetricPoint& b) {
  return (a <=> b) == 0;
}

// The one form of values that are the same: -0.0 becomes 0.0 and every NaN the same NaN.
inline double Canonical(double value) {
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value + 0.0;
}

// The value as MLflow stores and answers it: infinities become the largest finite numbers.
inline double ClampedToFinite(double value) {
  constexpr double kMax = std::numeric_limits<double>::max();
  return std::isnan(value) ? value : std::clamp(value, -kMax, kMax);
}

// Sorts and keeps equal ones once. Cheap for what is sorted already, as most histories are.
template <typename T>
void SortOnce(std::vector<T>* items) {
  if (!std::is_sorted(items->begin(), items->end())) std::sort(items->begin(), items->end());
  items->erase(std::unique(items->begin(), items->end()), items->end());
}

}  // namespace millwright::tracking
