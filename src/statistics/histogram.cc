#include "statistics/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "base/error.h"
#include "metrics/quantile.h"

namespace millwright::statistics {
namespace {

constexpr size_t kDistinctForWidths = 20;
// A rule may ask for any number of bins where one value is far from all others.
constexpr double kBinsMax = 10'000'000;

double SturgesWidth(const std::vector<double>& sorted) {
  return (sorted.back() - sorted.front()) / (std::log2(static_cast<double>(sorted.size())) + 1);
}

double DoaneWidth(const std::vector<double>& sorted) {
  const auto n = static_cast<double>(sorted.size());
  if (n <= 2) return 0;
  const double deviation = StandardDeviation(sorted);
  if (deviation == 0) return 0;
  const double mean = Mean(sorted);
  double cubes = 0;
  for (double value : sorted) {
    const double scaled = (value - mean) / deviation;
    cubes += scaled * scaled * scaled;
  }
  const double skewness = std::abs(cubes / n);
  const double error = std::sqrt(6 * (n - 2) / ((n + 1) * (n + 3)));
  return (sorted.back() - sorted.front()) / (1 + std::log2(n) + std::log2(1 + skewness / error));
}

double FreedmanWidth(const std::vector<double>& sorted) {
  const double range =
      metrics::QuantileOfSorted(sorted, 0.75) - metrics::QuantileOfSorted(sorted, 0.25);
  return 2 * range / std::cbrt(static_cast<double>(sorted.size()));
}

double ScottWidth(const std::vector<double>& sorted) {
  const auto n = static_cast<double>(sorted.size());
  return std::cbrt(24 * std::sqrt(std::numbers::pi) / n) * StandardDeviation(sorted);
}

double Width(const std::vector<double>& sorted, BinRule rule) {
  switch (rule) {
    case BinRule::kSturges:
      return SturgesWidth(sorted);
    case BinRule::kDoane:
      return DoaneWidth(sorted);
    case BinRule::kFreedman:
      return FreedmanWidth(sorted);
    case BinRule::kScott:
      return ScottWidth(sorted);
    case BinRule::kAuto:
      break;
  }
  const double freedman = FreedmanWidth(sorted), sturges = SturgesWidth(sorted);
  return freedman > 0 ? std::min(freedman, sturges) : sturges;
}

std::vector<double> EdgesOfSorted(const std::vector<double>& sorted, BinRule rule, ValueType type) {
  double min = sorted.front(), max = sorted.back();
  double bins = 1;
  double width = min == max ? 0 : Width(sorted, rule);
  if (width > 0) {
    if (type == ValueType::kInteger) width = std::max(width, 1.0);
    bins = std::ceil((max - min) / width);
  }
  if (!(bins <= kBinsMax)) throw FailedPrecondition("Too many bins: {}", bins);
  if (min == max) {
    min -= 0.5;
    max += 0.5;
  }
  std::vector<double> edges;
  const double step = (max - min) / bins;
  for (double i = 0; i < bins; ++i) edges.push_back(i * step + min);
  edges.push_back(max);
  return edges;
}

std::vector<int64_t> CountValues(const std::vector<double>& sorted,
                                 const std::vector<double>& values) {
  std::vector<int64_t> counts;
  for (double value : values) {
    const auto range = std::equal_range(sorted.begin(), sorted.end(), value);
    counts.push_back(range.second - range.first);
  }
  return counts;
}

std::vector<double> Merge(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> both;
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

std::vector<double> Distinct(std::vector<double> sorted) {
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return sorted;
}

BinnedSamples CountBoth(const std::vector<double>& a, const std::vector<double>& b,
                        std::vector<double> edges) {
  BinnedSamples binned;
  binned.reference = CountInEdges(a, edges);
  binned.current = CountInEdges(b, edges);
  binned.edges = std::move(edges);
  return binned;
}

}  // namespace

std::vector<double> HistogramEdges(Sample sample, BinRule rule, ValueType type) {
  return EdgesOfSorted(Sorted(sample), rule, type);
}

std::vector<int64_t> CountInEdges(Sample sample, const std::vector<double>& edges) {
  std::vector<int64_t> counts(edges.size() - 1);
  for (double value : sample) {
    if (!(value >= edges.front() && value <= edges.back())) continue;
    const auto above = std::upper_bound(edges.begin(), edges.end(), value);
    const auto bin = static_cast<size_t>(std::distance(edges.begin(), above)) - 1;
    ++counts[std::min(bin, counts.size() - 1)];
  }
  return counts;
}

BinnedSamples BinByValue(Sample reference, Sample current) {
  const std::vector<double> a = Sorted(reference), b = Sorted(current);
  BinnedSamples binned;
  binned.values = Distinct(Merge(a, b));
  binned.reference = CountValues(a, binned.values);
  binned.current = CountValues(b, binned.values);
  return binned;
}

BinnedSamples BinSamples(Sample reference, Sample current, ValueType type) {
  const std::vector<double> a = Sorted(reference), b = Sorted(current);
  if (Distinct(a).size() <= kDistinctForWidths) return BinByValue(reference, current);
  return CountBoth(a, b, EdgesOfSorted(Merge(a, b), BinRule::kSturges, type));
}

BinnedSamples BinDistinct(Sample reference, Sample current) {
  const std::vector<double> a = Sorted(reference), b = Sorted(current);
  return CountBoth(a, b, EdgesOfSorted(Distinct(Merge(a, b)), BinRule::kSturges, ValueType::kReal));
}

BinnedSamples BinByReference(Sample reference, Sample current, ValueType type) {
  const std::vector<double> a = Sorted(reference), b = Sorted(current);
  BinnedSamples binned = CountBoth(a, b, EdgesOfSorted(a, BinRule::kDoane, type));
  binned.reference.push_back(0);
  binned.current.push_back(static_cast<int64_t>(b.size()) - Total(binned.current));
  return binned;
}

BinnedSamples BinByDeciles(Sample reference, Sample current) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<double> a = Sorted(reference), b = Sorted(current);
  std::vector<double> edges;
  for (int i = 0; i <= 10; ++i) edges.push_back(metrics::QuantileOfSorted(a, i * 0.1));
  edges = Distinct(std::move(edges));
  if (edges.size() == 1) edges.push_back(edges.front());
  edges.front() = -kInfinity;
  edges.back() = kInfinity;
  return CountBoth(a, b, std::move(edges));
}

}  // namespace millwright::statistics
