#pragma once

#include <string_view>
#include <vector>

#include "statistics/sample.h"

// Bins of equal width by numpy's rules (numpy 2), and the bins that drift is measured over.
namespace millwright::statistics {

// kAuto is the narrower of kFreedman and kSturges, Sturges' where there is no spread between the
// quartiles.
enum class BinRule { kSturges, kDoane, kFreedman, kScott, kAuto };

// Tells whether values are of an integer type, whose bins numpy makes at least 1 wide.
enum class ValueType { kReal, kInteger };

// Edges from the least to the greatest value, one more than bins; constant values are in one bin
// that is 1 wide.
std::vector<double> HistogramEdges(Sample sample, BinRule rule, ValueType type);
// Counts by numpy.histogram: a bin holds its lower edge, the last one both. Values outside are left
// out.
std::vector<int64_t> CountInEdges(Sample sample, const std::vector<double>& edges);

// Counts of both samples in the same bins.
struct BinnedSamples {
  std::vector<double> edges;   // empty where bins are values
  std::vector<double> values;  // empty where bins are not
  std::vector<int64_t> reference;
  std::vector<int64_t> current;
};
// A bin a distinct value of either sample.
BinnedSamples BinByValue(Sample reference, Sample current);
// Evidently's bins: Sturges' widths over both samples where the reference has more than 20 distinct
// values, else one bin a value.
BinnedSamples BinSamples(Sample reference, Sample current, ValueType type);
// Evidently's bins for Hellinger's distance: Sturges' widths over the distinct values of both,
// which it holds as real numbers whatever they are.
BinnedSamples BinDistinct(Sample reference, Sample current);
// NannyML's bins: Doane's widths over the reference, and one bin more for all that lies outside.
// Its edges are the reference's.
BinnedSamples BinByReference(Sample reference, Sample current, ValueType type);
// The classic bins: the reference's deciles, the outer ones open. Equal deciles are one edge.
BinnedSamples BinByDeciles(Sample reference, Sample current);

}  // namespace millwright::statistics
