#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// Two-sample statistics: has what is measured changed? Everything here is a pure function of what
// it is given, safe from any thread. The definitions are those of SciPy, numpy, Evidently and
// NannyML, so that figures can be compared with those tools'; where they differ from the textbook,
// the header says so.
//
// A sample is finite numbers in any order. Counts are of the same values or bins on both sides.
// What is malformed throws kInvalidArgument: an empty sample, a number that is not finite, other
// bins on the other side. What is well formed but leaves a test undefined (a single row a side, no
// spread) throws kFailedPrecondition, which callers show as "not applicable".
namespace millwright::statistics {

using Sample = std::span<const double>;
using Counts = std::span<const int64_t>;

// What a test says: p is the chance of so large a statistic when both samples are of one source.
struct TestResult {
  double statistic = 0;
  double p_value = 1;
};

// Which difference is looked for: any, or the first sample's values being smaller, or larger.
enum class Alternative { kTwoSided, kLess, kGreater };

// The sample in rising order.
std::vector<double> Sorted(Sample sample);
// The mean, exact for values that are far from 0 and close to one another.
double Mean(Sample sample);
// The sum of squared distances from the mean.
double SquaresAroundMean(Sample sample);
// The standard deviation over n (numpy's default, ddof 0).
double StandardDeviation(Sample sample);

int64_t Total(Counts counts);
// Each count as a share of all. Throws when there are none.
std::vector<double> Shares(Counts counts);
void RequireSameBins(Counts a, Counts b);

// Calls each(value, next value, rows of a up to value, rows of b up to value) at every distinct
// value of two sorted samples; the last value has itself as next.
template <typename F>
void WalkBoth(const std::vector<double>& a, const std::vector<double>& b, F&& each) {
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const double value = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    while (i < a.size() && a[i] == value) ++i;
    while (j < b.size() && b[j] == value) ++j;
    double next = value;
    if (i < a.size()) next = a[i];
    if (j < b.size()) next = i < a.size() && a[i] < b[j] ? a[i] : b[j];
    each(value, next, i, j);
  }
}

// Ranks of both samples among all values, ties sharing the mean of theirs. Rank sums of the second
// sample follow from those of the first.
struct PooledRanks {
  std::vector<double> first;   // in rising order of the sample
  std::vector<double> second;  // likewise
  std::vector<int64_t> ties;   // rows of each distinct value, by rising value
  bool has_ties() const { return ties.size() < first.size() + second.size(); }
};
PooledRanks Rank(Sample a, Sample b);

}  // namespace millwright::statistics
