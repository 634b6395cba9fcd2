#pragma once

#include <array>

#include "statistics/sample.h"

// Tests that see any difference between two distributions.
namespace millwright::statistics {

// kAuto is exact where the test's header says so.
enum class Method { kAuto, kExact, kAsymptotic };

// Kolmogorov–Smirnov: the largest difference between the two distribution functions. kLess and
// kGreater look at the first sample's function being below or above the second's, as ks_2samp does.
// kAuto is exact up to kKsExactMax rows a side, in O(m·n).
inline constexpr size_t kKsExactMax = 10'000;
struct KsResult : TestResult {
  double location = 0;  // the value at which they differ most
  int sign = 1;         // 1 where the first function is above there
};
KsResult KolmogorovSmirnov(Sample a, Sample b, Method method = Method::kAuto,
                           Alternative alternative = Alternative::kTwoSided);

// Kuiper: the largest differences both ways together. p by Stephens and Paltani for a real-valued
// effective size; where a formula has no real value, p is 1.
TestResult Kuiper(Sample a, Sample b);

// Cramér–von Mises by Anderson: the squared differences of ranks. kAuto is exact up to
// kCvmExactMax rows a side, by counting lattice paths. The asymptotic p is summed as SciPy does,
// until a term is below 1e-7: values of p below about 1e-6 say only that it is small. Needs two
// rows a side.
inline constexpr size_t kCvmExactMax = 20;
TestResult CramerVonMises(Sample a, Sample b, Method method = Method::kAuto);

// Anderson–Darling for two samples by Scholz and Stephens (1987), normalised. p is interpolated in
// their table and cut to 0.001 … 0.25. Needs four rows and two distinct values.
enum class TiedRanks { kMiddle, kRight };
struct AndersonDarlingResult : TestResult {
  std::array<double, 7> critical = {};  // at 25, 10, 5, 2.5, 1, 0.5 and 0.1 per cent
};
AndersonDarlingResult AndersonDarling(Sample a, Sample b, TiedRanks ties = TiedRanks::kMiddle);

// Epps and Singleton (1986): the characteristic functions at 0.4 and 0.8 semi-interquartile ranges,
// with Epps' correction below 25 rows a side. Needs five rows a side and a range between the
// quartiles.
TestResult EppsSingleton(Sample a, Sample b);

}  // namespace millwright::statistics
