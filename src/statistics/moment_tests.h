#pragma once

#include "statistics/sample.h"

// Tests of means and variances.
namespace millwright::statistics {

struct TTestResult : TestResult {
  double degrees = 0;  // of freedom
};
// Student's t of the difference of means with one variance for both. Undefined without spread in
// equal samples and for fewer than three rows; without spread in different ones it is infinite.
TTestResult StudentT(Sample a, Sample b);
// Welch's t, each sample with its own variance. Needs two rows a side.
TTestResult WelchT(Sample a, Sample b);

// Levene's test of spread around the medians (Brown and Forsythe).
TestResult Levene(Sample a, Sample b);
// Bartlett's test of variances, for normal samples. One sample without spread gives infinity.
TestResult Bartlett(Sample a, Sample b);

}  // namespace millwright::statistics
