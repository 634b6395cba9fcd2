// Kolmogorov's distribution for a finite sample follows Simard and L'Ecuyer, "Computing the
// two-sided Kolmogorov–Smirnov distribution" (2011): twice the one-sided tail where both tails
// cannot be exceeded together to any visible degree, the matrix power of Marsaglia, Tsang and Wang
// for small statistics, and the expansion of Pelz and Good between them.
#include "statistics/kolmogorov.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

namespace millwright::statistics {
namespace {

// Smirnov's one-sided tail, a sum of positive terms, taken in logarithms.
double OneSidedSurvival(int64_t n, double x) {
  const auto size = static_cast<double>(n);
  const double log_factorial = std::lgamma(size + 1);
  double sum = 0;
  for (int64_t j = 0; j <= static_cast<int64_t>(std::floor(size * (1 - x))); ++j) {
    const auto i = static_cast<double>(j);
    const double rest = 1 - x - i / size;
    double term = log_factorial - std::lgamma(i + 1) - std::lgamma(size - i + 1) + std::log(x) +
                  (i - 1) * std::log(x + i / size);
    if (n > j) {
      if (rest <= 0) continue;
      term += (size - i) * std::log(rest);
    }
    sum += std::exp(term);
  }
  return sum;
}

using Matrix = std::vector<double>;  // square, row-major

Matrix Multiply(const Matrix& a, const Matrix& b, size_t size) {
  Matrix product(size * size, 0.0);
  for (size_t i = 0; i < size; ++i) {
    for (size_t k = 0; k < size; ++k) {
      const double factor = a[i * size + k];
      if (factor == 0) continue;
      for (size_t j = 0; j < size; ++j) product[i * size + j] += factor * b[k * size + j];
    }
  }
  return product;
}

// Keeps entries near 1 and counts the powers of two that were taken out.
void Rescale(Matrix& matrix, size_t size, int64_t& exponent) {
  int shift = 0;
  std::frexp(matrix[(size / 2) * size + size / 2], &shift);
  if (std::abs(shift) < 200) return;
  for (double& value : matrix) value = std::ldexp(value, -shift);
  exponent += shift;
}

// The transition matrix of Durbin's recursion for k = ceil(n·x), h = k − n·x.
Matrix TransitionMatrix(size_t k, double h) {
  const size_t size = 2 * k - 1;
  Matrix matrix(size * size, 0.0);
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j < std::min(i + 2, size); ++j) matrix[i * size + j] = 1;
  }
  for (size_t i = 0; i < size; ++i) {
    matrix[i * size] -= std::pow(h, static_cast<double>(i + 1));
    matrix[(size - 1) * size + i] -= std::pow(h, static_cast<double>(size - i));
  }
  if (2 * h > 1) matrix[(size - 1) * size] += std::pow(2 * h - 1, static_cast<double>(size));
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j < std::min(i + 2, size); ++j) {
      matrix[i * size + j] /= std::tgamma(static_cast<double>(i + 2 - j));
    }
  }
  return matrix;
}

double MatrixDistribution(int64_t n, double x) {
  const double t = static_cast<double>(n) * x;
  const auto k = static_cast<size_t>(std::ceil(t));
  const size_t size = 2 * k - 1;
  Matrix base = TransitionMatrix(k, static_cast<double>(k) - t);
  Matrix power(size * size, 0.0);
  for (size_t i = 0; i < size; ++i) power[i * size + i] = 1;
  int64_t base_exponent = 0, power_exponent = 0;
  for (int64_t rest = n; rest > 0; rest /= 2) {
    if (rest % 2 == 1) {
      power = Multiply(power, base, size);
      power_exponent += base_exponent;
      Rescale(power, size, power_exponent);
    }
    base = Multiply(base, base, size);
    base_exponent *= 2;
    Rescale(base, size, base_exponent);
  }
  double result = power[(k - 1) * size + k - 1];
  int64_t exponent = power_exponent;
  for (int64_t i = 1; i <= n; ++i) {
    result *= static_cast<double>(i) / static_cast<double>(n);
    int shift = 0;
    result = std::frexp(result, &shift);
    exponent += shift;
  }
  return std::ldexp(result, static_cast<int>(std::clamp<int64_t>(exponent, -5000, 5000)));
}

// K0(z) + K1(z)/√n + K2(z)/n + K3(z)/n^1.5 in the form whose sums converge for small z.
double PelzGoodDistribution(int64_t n, double x) {
  constexpr double pi2 = std::numbers::pi * std::numbers::pi;
  constexpr double pi4 = pi2 * pi2, pi6 = pi4 * pi2;
  const double root = std::sqrt(static_cast<double>(n));
  const double z = root * x;
  const double z2 = z * z, z3 = z2 * z, z4 = z2 * z2, z6 = z4 * z2, z8 = z4 * z4;
  double k0 = 0, k1 = 0, k2 = 0, k3 = 0, k2_even = 0, k3_even = 0;
  const int terms = static_cast<int>(std::ceil(16 * z / std::numbers::pi)) + 1;
  for (int i = terms; i >= 1; --i) {
    const double m = 2 * i - 1, m2 = m * m, m4 = m2 * m2, m6 = m4 * m2;
    const double odd = std::exp(-m2 * pi2 / (8 * z2));
    k0 += odd;
    k1 += odd * (pi2 * m2 / 4 - z2);
    k2 += odd * (6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * pi2 * m2 / 4 + (1 - 2 * z2) * pi4 * m4 / 16);
    k3 += odd * (-30 * z6 - 90 * z8 + (135 * z4 - 96 * z6) * pi2 * m2 / 4 +
                 (212 * z4 - 60 * z2) * pi4 * m4 / 16 + (5 - 30 * z2) * pi6 * m6 / 64);
    const double j2 = static_cast<double>(i) * i;
    const double even = std::exp(-j2 * pi2 / (2 * z2));
    k2_even += j2 * even;
    k3_even += (3 * z2 - pi2 * j2) * j2 * even;
  }
  const double root2pi = std::sqrt(2 * std::numbers::pi);
  k0 *= root2pi / z;
  k1 *= root2pi / (6 * z4);
  k2 = k2 * root2pi / (72 * z6 * z) - k2_even * pi2 * root2pi / (36 * z3);
  k3 = k3 * root2pi / (6480 * z8 * z2) + k3_even * pi2 * root2pi / (216 * z6);
  return k0 + k1 / root + k2 / (root * root) + k3 / (root * root * root);
}

// Of the random paths from (0, 0) to (i, j) the share that has touched the outside: a mean of the
// two shares one step before, weighted by where a path comes from. All terms are positive, so small
// chances keep their digits.
template <typename F>
double TouchingPaths(int64_t m, int64_t n, F&& outside) {
  const int64_t g = std::gcd(m, n);
  const int64_t step_m = n / g, step_n = m / g;
  std::vector<double> column(static_cast<size_t>(n) + 1);
  for (int64_t i = 0; i <= m; ++i) {
    for (int64_t j = 0; j <= n; ++j) {
      double& cell = column[static_cast<size_t>(j)];
      if (outside(i * step_m - j * step_n)) {
        cell = 1;
      } else if (i == 0) {
        cell = j == 0 ? 0 : column[static_cast<size_t>(j) - 1];
      } else if (j > 0) {
        const double before = column[static_cast<size_t>(j) - 1];
        cell += (before - cell) * static_cast<double>(j) / static_cast<double>(i + j);
      }
    }
  }
  return column.back();
}

}  // namespace

double KolmogorovSurvival(int64_t n, double x) {
  if (x >= 1) return 0;
  const auto size = static_cast<double>(n);
  const double t = size * x;
  if (t <= 0.5) return 1;
  if (t >= size - 1) return std::min(1.0, 2 * std::pow(1 - x, size));
  const double nx2 = t * x;
  if (nx2 >= 370 && n > 140) return 0;
  const double both_tails_from = n <= 140 ? 4 : 2.2;
  if (x >= 0.5 || nx2 > both_tails_from) return std::min(1.0, 2 * OneSidedSurvival(n, x));
  const bool small = n <= 140 || (n <= 100'000 && size * std::pow(x, 1.5) <= 1.4);
  const double below = small ? MatrixDistribution(n, x) : PelzGoodDistribution(n, x);
  return std::clamp(1 - below, 0.0, 1.0);
}

double TwoSampleSurvival(int64_t m, int64_t n, int64_t h) {
  return h <= 0 ? 1 : TouchingPaths(m, n, [h](int64_t d) { return std::abs(d) >= h; });
}

double OneSidedTwoSampleSurvival(int64_t m, int64_t n, int64_t h) {
  return h <= 0 ? 1 : TouchingPaths(m, n, [h](int64_t d) { return d >= h; });
}

}  // namespace millwright::statistics
