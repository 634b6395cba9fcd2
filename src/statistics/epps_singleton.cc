#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "metrics/quantile.h"
#include "statistics/distribution_tests.h"
#include "statistics/distributions.h"
#include "statistics/symmetric_matrix.h"

namespace millwright::statistics {
namespace {

constexpr size_t kRowsMin = 5;
constexpr size_t kCorrectedBelow = 25;
constexpr std::array<double, 2> kPoints = {0.4, 0.8};
constexpr size_t kSize = 2 * kPoints.size();
using Vector = std::array<double, kSize>;

// The empirical characteristic function: its mean and the (biased) covariance of its parts.
struct Characteristic {
  Vector mean = {};
  std::vector<double> covariance = std::vector<double>(kSize * kSize, 0.0);
};

Vector PartsAt(double value, double scale) {
  Vector parts;
  for (size_t i = 0; i < kPoints.size(); ++i) {
    const double angle = kPoints[i] / scale * value;
    parts[i] = std::cos(angle);
    parts[i + kPoints.size()] = std::sin(angle);
  }
  return parts;
}

Characteristic CharacteristicOf(Sample sample, double scale) {
  Characteristic result;
  const auto rows = static_cast<double>(sample.size());
  for (double value : sample) {
    const Vector parts = PartsAt(value, scale);
    for (size_t i = 0; i < kSize; ++i) result.mean[i] += parts[i] / rows;
  }
  for (double value : sample) {
    const Vector parts = PartsAt(value, scale);
    for (size_t i = 0; i < kSize; ++i) {
      for (size_t j = 0; j < kSize; ++j) {
        result.covariance[i * kSize + j] +=
            (parts[i] - result.mean[i]) * (parts[j] - result.mean[j]) / rows;
      }
    }
  }
  return result;
}

}  // namespace

// The inverse of a covariance that may be singular is taken in its eigenvectors; directions without
// spread count neither for the statistic nor for its degrees of freedom.
TestResult EppsSingleton(Sample a, Sample b) {
  std::vector<double> all = Sorted(a);
  const std::vector<double> other = Sorted(b);
  if (a.size() < kRowsMin || b.size() < kRowsMin) {
    throw FailedPrecondition("Epps–Singleton needs {} rows a side", kRowsMin);
  }
  all.insert(all.end(), other.begin(), other.end());
  std::sort(all.begin(), all.end());
  const double scale =
      (metrics::QuantileOfSorted(all, 0.75) - metrics::QuantileOfSorted(all, 0.25)) / 2;
  if (scale == 0) throw FailedPrecondition("Epps–Singleton needs a range between the quartiles");
  const Characteristic first = CharacteristicOf(a, scale), second = CharacteristicOf(b, scale);
  const double m = static_cast<double>(a.size()), n = static_cast<double>(b.size());
  std::vector<double> covariance(kSize * kSize);
  for (size_t i = 0; i < covariance.size(); ++i) {
    covariance[i] = (m + n) / m * first.covariance[i] + (m + n) / n * second.covariance[i];
  }
  const Eigensystem system = SymmetricEigensystem(covariance, kSize);
  const double smallest = 1e-15 * system.values.front();
  double statistic = 0, degrees = 0;
  for (size_t k = 0; k < kSize; ++k) {
    if (!(system.values[k] > smallest)) continue;
    double along = 0;
    for (size_t i = 0; i < kSize; ++i) {
      along += system.vectors[k][i] * (first.mean[i] - second.mean[i]);
    }
    statistic += (m + n) * along * along / system.values[k];
    degrees += 1;
  }
  if (std::max(a.size(), b.size()) < kCorrectedBelow) {
    statistic /= 1 + std::pow(m + n, -0.45) + 10.1 * (std::pow(m, -1.7) + std::pow(n, -1.7));
  }
  if (degrees == 0) throw FailedPrecondition("Epps–Singleton needs a spread in both samples");
  return {statistic, ChiSquareTail(statistic, degrees)};
}

}  // namespace millwright::statistics
