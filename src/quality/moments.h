#pragma once

#include <cstdint>

namespace millwright::quality {

struct Distribution;

// Sums of powers of how far values are from their mean: those of two parts give those of the whole.
struct Moments {
  int64_t count = 0;
  double mean = 0;
  double sum = 0;
  double m2 = 0, m3 = 0, m4 = 0;

  void Add(const Moments& other);

  // Of a sample (divided by count - 1); NaN where there are too few values.
  double Variance() const;
  // Of all values (divided by count).
  double PopulationStddev() const;
  // Corrected for bias; 0 for a constant, NaN for fewer than 3 (4) values. Kurtosis is in excess of
  // the normal distribution's.
  double Skewness() const;
  double Kurtosis() const;
};

Moments MomentsOf(const Distribution& distribution);

}  // namespace millwright::quality
