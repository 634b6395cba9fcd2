#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "statistics/distribution_tests.h"

namespace millwright::statistics {
namespace {

constexpr size_t kLevels = 7;
constexpr std::array<double, kLevels> kSignificance = {0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001};
// Table 2 of Scholz and Stephens: critical values are b0 + b1/√(k−1) + b2/(k−1) for k samples.
constexpr std::array<double, kLevels> kB0 = {0.675, 1.281, 1.645, 1.96, 2.326, 2.573, 3.085};
constexpr std::array<double, kLevels> kB1 = {-0.245, 0.25, 0.678, 1.149, 1.822, 2.364, 3.615};
constexpr std::array<double, kLevels> kB2 = {-0.105, -0.305, -0.362, -0.391,
                                             -0.396, -0.345, -0.154};

// Equations 6 and 7: the weighted squared differences at every distinct value.
double Statistic(const std::vector<double>& a, const std::vector<double>& b, TiedRanks ties) {
  const double m = static_cast<double>(a.size()), n = static_cast<double>(b.size());
  const double all = m + n;
  double sum_a = 0, sum_b = 0;
  double before_a = 0, before_b = 0;
  WalkBoth(a, b, [&](double, double, size_t in_a, size_t in_b) {
    const double upto_a = static_cast<double>(in_a), upto_b = static_cast<double>(in_b);
    const double tied = upto_a + upto_b - before_a - before_b;
    double below = upto_a + upto_b, below_a = upto_a, below_b = upto_b, spread = 0;
    if (ties == TiedRanks::kMiddle) {
      below = before_a + before_b + tied / 2;
      below_a = (before_a + upto_a) / 2;
      below_b = (before_b + upto_b) / 2;
      spread = all * tied / 4;
    }
    const double denominator = below * (all - below) - spread;
    if (denominator > 0) {
      const double weight = tied / all / denominator;
      sum_a += weight * (all * below_a - below * m) * (all * below_a - below * m);
      sum_b += weight * (all * below_b - below * n) * (all * below_b - below * n);
    }
    before_a = upto_a;
    before_b = upto_b;
  });
  const double statistic = sum_a / m + sum_b / n;
  return ties == TiedRanks::kMiddle ? statistic * (all - 1) / all : statistic;
}

// The variance of the statistic for two samples: equation 4.
double Variance(double m, double n) {
  const double all = m + n;
  double harmonic = 0, nested = 0;  // h and g
  for (double i = all - 1; i >= 2; --i) {
    harmonic += 1 / i;
    nested += harmonic / (all - i + 1);
  }
  harmonic += 1;
  const double g = nested, h = harmonic, inverse = 1 / m + 1 / n;
  constexpr double k = 2;
  const double a = (4 * g - 6) * (k - 1) + (10 - 6 * g) * inverse;
  const double b =
      (2 * g - 4) * k * k + 8 * h * k + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6;
  const double c =
      (6 * h + 2 * g - 2) * k * k + (4 * h - 4 * g + 6) * k + (2 * h - 6) * inverse + 4 * h;
  const double d = (2 * h + 6) * k * k - 4 * h * k;
  return (((a * all + b) * all + c) * all + d) / ((all - 1) * (all - 2) * (all - 3));
}

// The parabola of least squares through the logarithms of the table, at x.
double InterpolatedChance(const std::array<double, kLevels>& critical, double x) {
  std::array<long double, 5> powers = {};
  std::array<long double, 3> right = {};
  for (size_t i = 0; i < kLevels; ++i) {
    long double power = 1;
    for (size_t j = 0; j < powers.size(); ++j) {
      powers[j] += power;
      if (j < right.size())
        right[j] += power * std::log(static_cast<long double>(kSignificance[i]));
      power *= critical[i];
    }
  }
  const auto determinant = [](const std::array<std::array<long double, 3>, 3>& r) {
    return r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) -
           r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
           r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
  };
  std::array<std::array<long double, 3>, 3> normal;
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) normal[i][j] = powers[i + j];
  }
  long double value = 0, power = 1;
  for (size_t j = 0; j < 3; ++j) {
    auto replaced = normal;
    for (size_t i = 0; i < 3; ++i) replaced[i][j] = right[i];
    value += determinant(replaced) / determinant(normal) * power;
    power *= x;
  }
  return static_cast<double>(std::exp(value));
}

}  // namespace

AndersonDarlingResult AndersonDarling(Sample a, Sample b, TiedRanks ties) {
  const std::vector<double> first = Sorted(a), second = Sorted(b);
  if (a.size() + b.size() < 4) throw FailedPrecondition("Anderson–Darling needs four rows");
  if (std::min(first.front(), second.front()) == std::max(first.back(), second.back())) {
    throw FailedPrecondition("Anderson–Darling needs two distinct values");
  }
  const double m = static_cast<double>(a.size()), n = static_cast<double>(b.size());
  AndersonDarlingResult result;
  result.statistic = (Statistic(first, second, ties) - 1) / std::sqrt(Variance(m, n));
  for (size_t i = 0; i < kLevels; ++i) result.critical[i] = kB0[i] + kB1[i] + kB2[i];
  if (result.statistic < result.critical.front()) {
    result.p_value = kSignificance.front();
  } else if (result.statistic > result.critical.back()) {
    result.p_value = kSignificance.back();
  } else {
    result.p_value = InterpolatedChance(result.critical, result.statistic);
  }
  return result;
}

}  // namespace millwright::statistics
