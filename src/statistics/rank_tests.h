#pragma once

#include "statistics/distribution_tests.h"
#include "statistics/sample.h"

// Tests over the ranks of both samples among all values: they see a shift or a change of spread,
// and do not care how far away the furthest values are.
namespace millwright::statistics {

// The correction of the normal approximation for a statistic that is a whole number.
enum class Continuity { kCorrected, kUncorrected };

// Mann–Whitney's U: of all pairs those in which the first sample's value is larger, ties half.
// kAuto is exact where one side has at most 8 rows and there are no ties. The exact distribution
// knows no ties; with them its p is as if they were broken. Exact is refused where the number of
// arrangements passes 2^126 (some 65 rows a side).
struct MannWhitneyOptions {
  Alternative alternative = Alternative::kTwoSided;
  Method method = Method::kAuto;
  Continuity continuity = Continuity::kCorrected;
};
TestResult MannWhitney(Sample a, Sample b, const MannWhitneyOptions& options = {});

// Kruskal and Wallis' H for two samples, corrected for ties.
TestResult Kruskal(Sample a, Sample b);

// Mood's test of spread: z of the squared distances of ranks from the middle; with ties by Mielke
// (1967). Needs three rows.
TestResult Mood(Sample a, Sample b);

// Ansari and Bradley's test of spread: the sum of the first sample's ranks, counted from both ends.
// Exact below 55 rows a side without ties, else by the normal approximation, corrected for ties.
TestResult AnsariBradley(Sample a, Sample b);

}  // namespace millwright::statistics
