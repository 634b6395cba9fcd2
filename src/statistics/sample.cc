#include "statistics/sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace millwright::statistics {

std::vector<double> Sorted(Sample sample) {
  if (sample.empty()) throw InvalidArgument("A sample is empty");
  for (double value : sample) {
    if (!std::isfinite(value)) throw InvalidArgument("A sample must be finite: {}", value);
  }
  std::vector<double> sorted(sample.begin(), sample.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// Distances from the first value keep the digits that a sum of large values would lose.
double Mean(Sample sample) {
  if (sample.empty()) throw InvalidArgument("A sample is empty");
  const double first = sample.front();
  double sum = 0;
  for (double value : sample) sum += value - first;
  return first + sum / static_cast<double>(sample.size());
}

double SquaresAroundMean(Sample sample) {
  const double first = sample.front();
  double mean = 0;
  for (double value : sample) mean += value - first;
  mean /= static_cast<double>(sample.size());
  double sum = 0;
  for (double value : sample) sum += (value - first - mean) * (value - first - mean);
  return sum;
}

double StandardDeviation(Sample sample) {
  if (sample.empty()) throw InvalidArgument("A sample is empty");
  return std::sqrt(SquaresAroundMean(sample) / static_cast<double>(sample.size()));
}

int64_t Total(Counts counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

std::vector<double> Shares(Counts counts) {
  const auto total = static_cast<double>(Total(counts));
  if (total <= 0) throw InvalidArgument("A sample is empty");
  std::vector<double> shares;
  shares.reserve(counts.size());
  for (int64_t count : counts) shares.push_back(static_cast<double>(count) / total);
  return shares;
}

void RequireSameBins(Counts a, Counts b) {
  if (a.size() != b.size()) throw InvalidArgument("{} and {} bins", a.size(), b.size());
}

PooledRanks Rank(Sample a, Sample b) {
  const std::vector<double> first = Sorted(a), second = Sorted(b);
  PooledRanks ranks;
  size_t before_a = 0, before_b = 0;
  WalkBoth(first, second, [&](double, double, size_t in_a, size_t in_b) {
    const size_t before = before_a + before_b, upto = in_a + in_b;
    const double rank = static_cast<double>(before + 1 + upto) / 2;
    ranks.first.resize(in_a, rank);
    ranks.second.resize(in_b, rank);
    ranks.ties.push_back(static_cast<int64_t>(upto - before));
    before_a = in_a;
    before_b = in_b;
  });
  return ranks;
}

}  // namespace millwright::statistics
