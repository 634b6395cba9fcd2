#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "statistics/distribution_tests.h"
#include "statistics/kolmogorov.h"

namespace millwright::statistics {
namespace {

// The largest differences as whole multiples of 1/lcm(m, n), which are exact.
struct Differences {
  int64_t above = 0, below = 0;
  double where_above = 0, where_below = 0;
  int64_t steps = 1;  // lcm(m, n)

  double Share(int64_t h) const { return static_cast<double>(h) / static_cast<double>(steps); }
};

Differences Compare(const std::vector<double>& a, const std::vector<double>& b) {
  const auto m = static_cast<int64_t>(a.size()), n = static_cast<int64_t>(b.size());
  const int64_t g = std::gcd(m, n);
  Differences differences;
  differences.steps = m / g * n;
  // Before and after all values the functions are equal.
  int64_t largest = std::numeric_limits<int64_t>::min();
  int64_t smallest = std::numeric_limits<int64_t>::max();
  WalkBoth(a, b, [&](double value, double, size_t in_a, size_t in_b) {
    const int64_t difference =
        static_cast<int64_t>(in_a) * (n / g) - static_cast<int64_t>(in_b) * (m / g);
    if (difference > largest) {
      largest = difference;
      differences.where_above = value;
    }
    if (difference < smallest) {
      smallest = difference;
      differences.where_below = value;
    }
  });
  differences.above = std::max<int64_t>(0, largest);
  differences.below = std::max<int64_t>(0, -smallest);
  return differences;
}

double TwoSidedChance(int64_t m, int64_t n, int64_t h, double statistic, Method method) {
  const double x = static_cast<double>(m), y = static_cast<double>(n);
  const auto effective = static_cast<int64_t>(std::nearbyint(x * y / (x + y)));
  const bool exact =
      method == Method::kExact || effective < 1 ||
      (method == Method::kAuto && static_cast<size_t>(std::max(m, n)) <= kKsExactMax);
  return exact ? std::clamp(TwoSampleSurvival(m, n, h), 0.0, 1.0)
               : KolmogorovSurvival(effective, statistic);
}

// Hodges' approximation (1958), equation 5.3, where an exact one is not wanted.
double OneSidedChance(int64_t m, int64_t n, int64_t h, double statistic, Method method) {
  const bool exact =
      method == Method::kExact ||
      (method == Method::kAuto && static_cast<size_t>(std::max(m, n)) <= kKsExactMax);
  if (exact) return std::clamp(OneSidedTwoSampleSurvival(m, n, h), 0.0, 1.0);
  const double x = static_cast<double>(std::max(m, n)), y = static_cast<double>(std::min(m, n));
  const double z = std::sqrt(x * y / (x + y)) * statistic;
  return std::clamp(std::exp(-2 * z * z - 2 * z * (x + 2 * y) / std::sqrt(x * y * (x + y)) / 3),
                    0.0, 1.0);
}

// Stephens' series for a large effective size.
double KuiperSeries(double statistic, double size) {
  const double z = statistic * std::sqrt(size);
  double first = 0, second = 0;
  // Terms further out are too small for a double.
  for (double m = 1; m < 18.82 / z; ++m) {
    const double square = m * m * z * z, decay = std::exp(-2 * square);
    first += 2 * (4 * square - 1) * decay;
    second += m * m * (4 * square - 3) * decay;
  }
  return first - 8 * statistic / 3 * second;
}

// Stephens' sum (1965) for a large statistic of a small sample of a whole number of rows.
double KuiperTail(double statistic, double size) {
  double sum = 0;
  for (double t = 0; t <= std::floor(size * (1 - statistic)); ++t) {
    const double y = statistic + t / size;
    const double polynomial = y * y * y * size - y * y * t * (3 - 2 / size) +
                              y * t * (t - 1) * (3 - 2 / size) / size -
                              t * (t - 1) * (t - 2) / (size * size);
    const double ways =
        std::exp(std::lgamma(size + 1) - std::lgamma(t + 1) - std::lgamma(size - t + 1));
    sum +=
        std::pow(y, t - 3) * polynomial * ways * std::pow(1 - statistic - t / size, size - t - 1);
  }
  return sum;
}

double KuiperChance(double statistic, double size) {
  if (statistic < 2 / size) {
    return 1 - std::tgamma(size + 1) * std::pow(statistic - 1 / size, size - 1);
  }
  if (statistic < 3 / size) {
    const double k = -(size * statistic - 1) / 2;
    const double r = std::sqrt(k * k - (size * statistic - 2) * (size * statistic - 2) / 2);
    const double a = -k + r, b = -k - r;
    return 1 - std::tgamma(size) *
                   (std::pow(b, size - 1) * (1 - a) - std::pow(a, size - 1) * (1 - b)) /
                   std::pow(size, size - 2) / (b - a);
  }
  const double parity = std::fmod(size, 2);
  const bool tail =
      (statistic > 0.5 && parity == 0) || (statistic > (size - 1) / (2 * size) && parity == 1);
  return tail ? KuiperTail(statistic, size) : KuiperSeries(statistic, size);
}

}  // namespace

KsResult KolmogorovSmirnov(Sample a, Sample b, Method method, Alternative alternative) {
  const std::vector<double> first = Sorted(a), second = Sorted(b);
  const Differences differences = Compare(first, second);
  const bool below = alternative == Alternative::kLess || (alternative == Alternative::kTwoSided &&
                                                           differences.below > differences.above);
  const int64_t h = below ? differences.below : differences.above;
  KsResult result;
  result.statistic = differences.Share(h);
  result.location = below ? differences.where_below : differences.where_above;
  result.sign = below ? -1 : 1;
  const auto m = static_cast<int64_t>(a.size()), n = static_cast<int64_t>(b.size());
  result.p_value = alternative == Alternative::kTwoSided
                       ? TwoSidedChance(m, n, h, result.statistic, method)
                   : below ? OneSidedChance(n, m, h, result.statistic, method)
                           : OneSidedChance(m, n, h, result.statistic, method);
  return result;
}

TestResult Kuiper(Sample a, Sample b) {
  const std::vector<double> first = Sorted(a), second = Sorted(b);
  const Differences differences = Compare(first, second);
  const double m = static_cast<double>(a.size()), n = static_cast<double>(b.size());
  const double statistic = differences.Share(differences.above + differences.below);
  if (statistic == 0) return {0, 1};
  const double chance = KuiperChance(statistic, m * n / (m + n));
  return {statistic, std::isnan(chance) ? 1 : chance};
}

}  // namespace millwright::statistics
