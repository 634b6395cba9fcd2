#include "quality/moments.h"

#include <cmath>
#include <limits>

#include "quality/distribution.h"

namespace millwright::quality {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
// What rounding leaves of the spread of a constant, as a share of its size.
constexpr double kRoundingShare = 1e-14;

bool IsConstant(const Moments& moments) {
  const double spread = std::sqrt(moments.m2 / static_cast<double>(moments.count));
  return spread <= kRoundingShare * std::abs(moments.mean);
}

}  // namespace

// Pébay's formulas for one-pass and pairwise updates of central moments.
void Moments::Add(const Moments& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  const auto a = static_cast<double>(count), b = static_cast<double>(other.count);
  const double n = a + b;
  const double delta = other.mean - mean;
  const double step = delta / n;
  m4 += other.m4 + delta * step * step * step * a * b * (a * a - a * b + b * b) +
        6 * step * step * (a * a * other.m2 + b * b * m2) + 4 * step * (a * other.m3 - b * m3);
  m3 += other.m3 + delta * step * step * a * b * (a - b) + 3 * step * (a * other.m2 - b * m2);
  m2 += other.m2 + delta * step * a * b;
  mean += step * b;
  sum += other.sum;
  count += other.count;
}

double Moments::Variance() const {
  return count < 2 ? kNone : m2 / static_cast<double>(count - 1);
}

double Moments::PopulationStddev() const {
  return count == 0 ? kNone : std::sqrt(m2 / static_cast<double>(count));
}

double Moments::Skewness() const {
  if (count < 3) return kNone;
  if (IsConstant(*this)) return 0;
  const auto n = static_cast<double>(count);
  return n * std::sqrt(n - 1) / (n - 2) * m3 / std::pow(m2, 1.5);
}

double Moments::Kurtosis() const {
  if (count < 4) return kNone;
  if (IsConstant(*this)) return 0;
  const auto n = static_cast<double>(count);
  const double fourth = n * (n + 1) * (n - 1) * m4 / ((n - 2) * (n - 3) * m2 * m2);
  return fourth - 3 * (n - 1) * (n - 1) / ((n - 2) * (n - 3));
}

Moments MomentsOf(const Distribution& distribution) {
  Moments moments;
  moments.count = distribution.total;
  if (moments.count == 0) return moments;
  long double sum = 0;
  for (size_t i = 0; i < distribution.size(); ++i)
    sum += static_cast<long double>(distribution.Number(i)) * distribution.counts[i];
  const long double mean = sum / moments.count;
  long double m2 = 0, m3 = 0, m4 = 0;
  for (size_t i = 0; i < distribution.size(); ++i) {
    const long double d = distribution.Number(i) - mean;
    const long double square = d * d * distribution.counts[i];
    m2 += square;
    m3 += square * d;
    m4 += square * d * d;
  }
  moments.mean = static_cast<double>(mean);
  moments.sum = static_cast<double>(sum);
  moments.m2 = static_cast<double>(m2);
  moments.m3 = static_cast<double>(m3);
  moments.m4 = static_cast<double>(m4);
  return moments;
}

}  // namespace millwright::quality
