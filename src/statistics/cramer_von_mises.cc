// The exact distribution follows Xiao, Gordon and Yakovlev, "A C++ program for the Cramér–von Mises
// two-sample test" (2007): of all lattice paths from (0, 0) to (m, n) it counts how many give each
// value of a whole multiple of the statistic.
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>

#include "base/error.h"
#include "statistics/distribution_tests.h"
#include "statistics/distributions.h"

namespace millwright::statistics {
namespace {

// How many paths have each value, by rising value.
using Frequencies = std::vector<std::pair<int64_t, double>>;

Frequencies Add(const Frequencies& a, const Frequencies& b, int64_t shift) {
  Frequencies sum;
  sum.reserve(a.size() + b.size());
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    const bool from_a = j == b.size() || (i < a.size() && a[i].first <= b[j].first);
    const auto& [value, paths] = from_a ? a[i++] : b[j++];
    if (!sum.empty() && sum.back().first == value + shift) {
      sum.back().second += paths;
    } else {
      sum.emplace_back(value + shift, paths);
    }
  }
  return sum;
}

double ExactChance(double u, int64_t m, int64_t n) {
  const int64_t lcm = std::lcm(m, n);
  const int64_t a = lcm / m, b = lcm / n;
  const auto product = static_cast<double>(m * n);
  const double scaled = static_cast<double>(lcm * lcm * (m + n)) *
                        (6 * u - product * (4 * product - 1)) / (6 * product * product);
  const double limit = std::floor(scaled);
  std::vector<Frequencies> row(static_cast<size_t>(m) + 1);
  for (int64_t j = 0; j <= n; ++j) {
    Frequencies left;
    for (int64_t i = 0; i <= m; ++i) {
      Frequencies& cell = row[static_cast<size_t>(i)];
      const int64_t difference = a * i - b * j;
      if (i == 0 && j == 0) {
        cell = {{0, 1}};
      } else {
        cell = Add(left, cell, difference * difference);
      }
      left = cell;
    }
  }
  double all = 0, extreme = 0;
  for (const auto& [value, paths] : row.back()) {
    all += paths;
    if (static_cast<double>(value) >= limit) extreme += paths;
  }
  return extreme / all;
}

// The limiting distribution by Anderson and Darling (1952), summed as far as SciPy sums it.
double LimitingDistribution(double x) {
  constexpr double kTermMin = 1e-7;
  double sum = 0;
  for (int k = 0;; ++k) {
    const double scale = std::exp(std::lgamma(k + 0.5) - std::lgamma(k + 1.0)) /
                         (std::pow(std::numbers::pi, 1.5) * std::sqrt(x));
    const double y = 4.0 * k + 1;
    const double q = y * y / (16 * x);
    const double term = scale * std::sqrt(y) * std::exp(-q) * BesselK(0.25, q);
    sum += term;
    if (!(std::abs(term) >= kTermMin)) return sum;
  }
}

double AsymptoticChance(double t, double m, double n) {
  const double all = m + n, product = m * n;
  const double mean = (1 + 1 / all) / 6;
  const double variance = (all + 1) * (4 * product * all - 3 * (m * m + n * n) - 2 * product) /
                          (45 * all * all * 4 * product);
  const double normalised = 1.0 / 6 + (t - mean) / std::sqrt(45 * variance);
  if (normalised < 0.003) return 1;
  return std::max(0.0, 1 - LimitingDistribution(normalised));
}

double SquaredRankDistances(const std::vector<double>& ranks) {
  double sum = 0;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const double distance = ranks[i] - static_cast<double>(i + 1);
    sum += distance * distance;
  }
  return sum;
}

}  // namespace

TestResult CramerVonMises(Sample a, Sample b, Method method) {
  const PooledRanks ranks = Rank(a, b);
  if (a.size() < 2 || b.size() < 2) {
    throw FailedPrecondition("Cramér–von Mises needs two rows a side");
  }
  const double m = static_cast<double>(a.size()), n = static_cast<double>(b.size());
  const double u = m * SquaredRankDistances(ranks.first) + n * SquaredRankDistances(ranks.second);
  const double t = u / (m * n * (m + n)) - (4 * m * n - 1) / (6 * (m + n));
  const bool small = std::max(a.size(), b.size()) <= kCvmExactMax;
  if (method == Method::kExact && !small) {
    throw InvalidArgument("An exact Cramér–von Mises test is limited to {} rows a side",
                          kCvmExactMax);
  }
  const bool exact = method != Method::kAsymptotic && small;
  return {t, exact ? ExactChance(u, static_cast<int64_t>(a.size()), static_cast<int64_t>(b.size()))
                   : AsymptoticChance(t, m, n)};
}

}  // namespace millwright::statistics
