#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quality/distribution.h"
#include "quality/moments.h"
#include "quality/profile.h"

namespace millwright::quality {

// A histogram of numpy's "auto" rule that would need more bins is left out.
inline constexpr size_t kAutoBinsMax = 500;

// Statistics of a column's finite numbers, or of its times in microseconds since 1970. Definitions
// are those of pandas and numpy: stddev and variance divide by count - 1, kurtosis and skewness are
// corrected for bias, quantiles are interpolated.
struct NumberFigures {
  int64_t zeros = 0, negatives = 0;
  int64_t infinite = 0;  // present, but in none of the other figures
  std::optional<double> mean, stddev, variance, sum, min, max, range;
  std::optional<double> variation;  // stddev / mean
  std::optional<double> kurtosis, skewness, median;
  std::optional<double> median_deviation;  // the median of |value - median|
  std::optional<double> quartile_range;
  std::vector<std::pair<double, double>> quantiles;
  Json mode;                                   // the most frequent value, the smallest of several
  bool is_rising = false, is_falling = false;  // in row order, equal neighbours allowed
  std::optional<Histogram> bins_auto, bins_10, bins_50;
  int64_t outliers_by_stddev = 0;     // further than 3 standard deviations from the mean
  int64_t outliers_by_quartiles = 0;  // further than 1.5 quartile ranges from the quartiles
};

// All but `infinite` and the flags of order.
NumberFigures FiguresOf(const Distribution& distribution, const Moments& moments);

// The most frequent values, by falling count, then rising value.
std::vector<TopValue> TopOf(const Distribution& distribution, size_t values_max);

}  // namespace millwright::quality
