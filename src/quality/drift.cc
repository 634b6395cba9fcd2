#include "quality/drift.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "base/error.h"
#include "quality/kolmogorov.h"

namespace millwright::quality {
namespace {

constexpr size_t kDistinctForWidths = 20;

std::vector<double> Shares(std::span<const int64_t> counts) {
  const auto total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  if (total <= 0) throw InvalidArgument("A sample is empty");
  std::vector<double> shares;
  for (int64_t count : counts) shares.push_back(static_cast<double>(count) / total);
  return shares;
}

void RequireSameBins(std::span<const int64_t> a, std::span<const int64_t> b) {
  if (a.size() != b.size()) throw InvalidArgument("{} and {} bins", a.size(), b.size());
}

void FillZeros(std::vector<double>& shares) {
  double smallest = 1;
  for (double share : shares) {
    if (share > 0) smallest = std::min(smallest, share);
  }
  const double filling = smallest <= 1e-4 ? smallest / 1e6 : 1e-4;
  for (double& share : shares) {
    if (share == 0) share = filling;
  }
}

double KullbackLeibler(const std::vector<double>& p, const std::vector<double>& q) {
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    if (p[i] > 0) sum += p[i] * std::log(p[i] / q[i]);
  }
  return sum;
}

std::vector<double> Sorted(std::span<const double> sample) {
  if (sample.empty()) throw InvalidArgument("A sample is empty");
  std::vector<double> sorted(sample.begin(), sample.end());
  for (double value : sorted) {
    if (!std::isfinite(value)) throw InvalidArgument("A sample must be finite: {}", value);
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// Calls each(value, next value, share of a up to value, share of b up to value) at every distinct
// value of both sorted samples; the last one has itself as next.
template <typename F>
void WalkBoth(const std::vector<double>& a, const std::vector<double>& b, F&& each) {
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const double value = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    while (i < a.size() && a[i] == value) ++i;
    while (j < b.size() && b[j] == value) ++j;
    double next = value;
    if (i < a.size()) next = a[i];
    if (j < b.size()) next = i < a.size() ? std::min(next, b[j]) : b[j];
    each(value, next, i, j);
  }
}

// The mean is taken from the first value on, so that large values keep their digits.
double StandardDeviation(std::span<const double> sample) {
  const double first = sample.front();
  double mean = 0;
  for (double value : sample) mean += value - first;
  mean /= static_cast<double>(sample.size());
  double sum = 0;
  for (double value : sample) sum += (value - first - mean) * (value - first - mean);
  return std::sqrt(sum / static_cast<double>(sample.size()));
}

std::vector<double> SturgesEdges(double min, double max, size_t rows, bool integers) {
  size_t bins = 1;
  if (min == max) {
    min -= 0.5;
    max += 0.5;
  } else {
    double width = (max - min) / (std::log2(static_cast<double>(rows)) + 1);
    if (integers && width < 1) width = 1;
    bins = static_cast<size_t>(std::ceil((max - min) / width));
  }
  std::vector<double> edges;
  const double step = (max - min) / static_cast<double>(bins);
  for (size_t i = 0; i < bins; ++i) edges.push_back(static_cast<double>(i) * step + min);
  edges.push_back(max);
  return edges;
}

// Bins hold their lower edge, the last one both.
std::vector<int64_t> CountInEdges(const std::vector<double>& sorted,
                                  const std::vector<double>& edges) {
  std::vector<int64_t> counts(edges.size() - 1);
  for (double value : sorted) {
    const auto above = std::upper_bound(edges.begin(), edges.end(), value);
    const auto bin = static_cast<size_t>(std::distance(edges.begin(), above)) - 1;
    ++counts[std::min(bin, counts.size() - 1)];
  }
  return counts;
}

}  // namespace

double Psi(std::span<const int64_t> reference, std::span<const int64_t> current) {
  RequireSameBins(reference, current);
  std::vector<double> p = Shares(reference), q = Shares(current);
  FillZeros(p);
  FillZeros(q);
  double psi = 0;
  for (size_t i = 0; i < p.size(); ++i) psi += (p[i] - q[i]) * std::log(p[i] / q[i]);
  return psi;
}

double JensenShannonDistance(std::span<const int64_t> reference, std::span<const int64_t> current) {
  RequireSameBins(reference, current);
  const std::vector<double> p = Shares(reference), q = Shares(current);
  std::vector<double> middle;
  for (size_t i = 0; i < p.size(); ++i) middle.push_back((p[i] + q[i]) / 2);
  const double divergence = (KullbackLeibler(p, middle) + KullbackLeibler(q, middle)) / 2;
  return std::sqrt(std::max(0.0, divergence));
}

TestResult ChiSquare(std::span<const int64_t> reference, std::span<const int64_t> current) {
  RequireSameBins(reference, current);
  const auto total = [](std::span<const int64_t> counts) {
    return static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  };
  const double scale = total(current) / total(reference);
  if (!std::isfinite(scale) || scale == 0) throw InvalidArgument("A sample is empty");
  double statistic = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double expected = static_cast<double>(reference[i]) * scale;
    const double difference = static_cast<double>(current[i]) - expected;
    if (expected == 0 && difference == 0) continue;
    if (expected == 0) return {std::numeric_limits<double>::infinity(), 0};
    statistic += difference * difference / expected;
  }
  const auto degrees = static_cast<double>(reference.size()) - 1;
  if (degrees < 1) return {statistic, 1};
  return {statistic, ChiSquareSurvival(statistic, degrees)};
}

double WassersteinNormed(std::span<const double> reference, std::span<const double> current) {
  const std::vector<double> a = Sorted(reference), b = Sorted(current);
  double area = 0;
  WalkBoth(a, b, [&](double value, double next, size_t in_a, size_t in_b) {
    const double difference = static_cast<double>(in_a) / static_cast<double>(a.size()) -
                              static_cast<double>(in_b) / static_cast<double>(b.size());
    area += std::abs(difference) * (next - value);
  });
  return area / std::max(StandardDeviation(reference), 0.001);
}

TestResult KolmogorovSmirnov(std::span<const double> reference, std::span<const double> current,
                             KsMethod method) {
  const std::vector<double> a = Sorted(reference), b = Sorted(current);
  const auto m = static_cast<int64_t>(a.size()), n = static_cast<int64_t>(b.size());
  const int64_t g = std::gcd(m, n);
  int64_t h = 0;
  WalkBoth(a, b, [&](double, double, size_t in_a, size_t in_b) {
    const int64_t difference =
        static_cast<int64_t>(in_a) * (n / g) - static_cast<int64_t>(in_b) * (m / g);
    h = std::max(h, std::abs(difference));
  });
  TestResult result;
  result.statistic = static_cast<double>(h) / (static_cast<double>(m / g) * static_cast<double>(n));
  const double x = static_cast<double>(m), y = static_cast<double>(n);
  const auto effective = static_cast<int64_t>(std::nearbyint(x * y / (x + y)));
  const bool exact = method == KsMethod::kExact || effective < 1 ||
                     (method == KsMethod::kAuto && std::max(a.size(), b.size()) <= kKsExactMax);
  result.p_value = exact ? std::clamp(TwoSampleSurvival(m, n, h), 0.0, 1.0)
                         : KolmogorovSurvival(effective, result.statistic);
  return result;
}

BinnedSamples BinSamples(std::span<const double> reference, std::span<const double> current,
                         bool integers) {
  const std::vector<double> a = Sorted(reference), b = Sorted(current);
  std::set<double> values(a.begin(), a.end());
  BinnedSamples binned;
  if (values.size() > kDistinctForWidths) {
    binned.edges = SturgesEdges(std::min(a.front(), b.front()), std::max(a.back(), b.back()),
                                a.size() + b.size(), integers);
    binned.reference = CountInEdges(a, binned.edges);
    binned.current = CountInEdges(b, binned.edges);
    return binned;
  }
  values.insert(b.begin(), b.end());
  const auto count = [](const std::vector<double>& sorted, double value) {
    const auto range = std::equal_range(sorted.begin(), sorted.end(), value);
    return static_cast<int64_t>(range.second - range.first);
  };
  for (double value : values) {
    binned.reference.push_back(count(a, value));
    binned.current.push_back(count(b, value));
  }
  return binned;
}

}  // namespace millwright::quality
