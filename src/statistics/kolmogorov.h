#pragma once

#include <cstdint>

namespace millwright::statistics {

// The chance that a random sample of n strays from its true distribution by x or more, either way:
// the survival function of Kolmogorov's statistic for a finite n. Relative error below 1e-7 for
// values that a test can be decided on.
double KolmogorovSurvival(int64_t n, double x);

// The chance that two samples of one distribution, of sizes m and n, have distribution functions
// that differ by h/lcm(m, n) or more somewhere. Exact, by counting lattice paths in O(m·n).
double TwoSampleSurvival(int64_t m, int64_t n, int64_t h);
// The same for the first sample's function being above the second's by so much.
double OneSidedTwoSampleSurvival(int64_t m, int64_t n, int64_t h);

}  // namespace millwright::statistics
