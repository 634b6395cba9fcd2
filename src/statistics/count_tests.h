#pragma once

#include "statistics/sample.h"

// Tests over counts of the same values in a reference and in current rows.
namespace millwright::statistics {

// How many rows of the reference's size and of the current size have each value; both must have
// rows. "Fit" tests hold the current counts against the reference's shares, as if those were known
// for certain, which calls many small differences drift; "contingency" tests take both sides as
// samples.

// Pearson's statistic of the current counts against the reference's shares. A value that the
// reference lacks gives an infinite statistic and p = 0; a single common value p = 1 (SciPy: not a
// number).
TestResult ChiSquareFit(Counts reference, Counts current);
// The G statistic likewise: 2·Σ observed·ln(observed/expected).
TestResult GFit(Counts reference, Counts current);

// Yates' correction moves every count of a table of 2 × 2 by up to a half towards what is expected.
enum class Yates { kCorrected, kUncorrected };
// Both sides as the two rows of a table. A value that nobody has throws; a single value gives 0 and
// p = 1.
TestResult ChiSquareContingency(Counts reference, Counts current, Yates yates);
TestResult GContingency(Counts reference, Counts current);

// The same of shares and of how many rows each side's shares are worth, for references that are
// mixtures. Bins in which fewer than `expected_min` current rows are expected are taken together,
// or with the smallest other bin, as the approximation does not hold for them.
struct WeighedShares {
  std::vector<double> shares;  // adding up to 1
  double rows = 0;
};
TestResult ChiSquareOfShares(const WeighedShares& reference, const WeighedShares& current,
                             double expected_min);

// The difference of two shares by the normal approximation with the pooled share. The counts are of
// two values, or of one and all others. Two sides with the same single value give p = 1.
TestResult ProportionsZ(int64_t reference_hits, int64_t reference_rows, int64_t current_hits,
                        int64_t current_rows);

// Fisher's exact test of a table of 2 × 2, two-sided: the chance of all tables that are no likelier
// than this one. The statistic is the odds ratio; it is not a number, and p is 1, where a row or a
// column is empty.
struct TwoByTwo {
  int64_t reference_first = 0, reference_second = 0, current_first = 0, current_second = 0;
};
TestResult FisherExact(const TwoByTwo& table);

// Total variation judged by drawing both sides again from all rows, `permutations` times, with a
// generator that starts from `seed`: p is the share of draws that are at least as far apart.
TestResult PermutedTotalVariation(Counts reference, Counts current, int permutations,
                                  uint64_t seed);

}  // namespace millwright::statistics
