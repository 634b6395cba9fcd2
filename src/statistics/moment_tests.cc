#include "statistics/moment_tests.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "metrics/quantile.h"
#include "statistics/distributions.h"

namespace millwright::statistics {
namespace {

struct Moments {
  double rows = 0;
  double mean = 0;
  double squares = 0;  // around the mean

  double variance() const { return squares / (rows - 1); }
};

Moments MomentsOf(Sample sample) {
  const std::vector<double> sorted = Sorted(sample);
  return {static_cast<double>(sorted.size()), Mean(sorted), SquaresAroundMean(sorted)};
}

TTestResult JudgeDifference(double difference, double error, double degrees) {
  if (error == 0 && difference == 0) throw FailedPrecondition("A t-test needs a spread");
  TTestResult result;
  result.statistic = difference / error;
  result.degrees = degrees;
  result.p_value = StudentTails(result.statistic, degrees);
  return result;
}

}  // namespace

TTestResult StudentT(Sample a, Sample b) {
  const Moments x = MomentsOf(a), y = MomentsOf(b);
  const double degrees = x.rows + y.rows - 2;
  if (degrees < 1) throw FailedPrecondition("A t-test needs three rows");
  const double pooled = (x.squares + y.squares) / degrees;
  const double error = std::sqrt(pooled * (1 / x.rows + 1 / y.rows));
  return JudgeDifference(x.mean - y.mean, error, degrees);
}

TTestResult WelchT(Sample a, Sample b) {
  const Moments x = MomentsOf(a), y = MomentsOf(b);
  if (std::min(x.rows, y.rows) < 2)
    throw FailedPrecondition("Welch's t-test needs two rows a side");
  const double u = x.variance() / x.rows, v = y.variance() / y.rows;
  const double below = u * u / (x.rows - 1) + v * v / (y.rows - 1);
  const double degrees = below > 0 ? (u + v) * (u + v) / below : 1;
  return JudgeDifference(x.mean - y.mean, std::sqrt(u + v), degrees);
}

TestResult Levene(Sample a, Sample b) {
  const auto distances = [](Sample sample) {
    std::vector<double> values = Sorted(sample);
    const double median = metrics::QuantileOfSorted(values, 0.5);
    for (double& value : values) value = std::abs(value - median);
    return values;
  };
  const Moments x = MomentsOf(distances(a)), y = MomentsOf(distances(b));
  const double rows = x.rows + y.rows;
  if (rows < 3) throw FailedPrecondition("Levene's test needs three rows");
  const double mean = (x.rows * x.mean + y.rows * y.mean) / rows;
  const double between =
      x.rows * (x.mean - mean) * (x.mean - mean) + y.rows * (y.mean - mean) * (y.mean - mean);
  const double within = x.squares + y.squares;
  if (within == 0 && between == 0) throw FailedPrecondition("Levene's test needs a spread");
  const double f = (rows - 2) * between / within;
  return {f, FisherTail(f, 1, rows - 2)};
}

TestResult Bartlett(Sample a, Sample b) {
  const Moments x = MomentsOf(a), y = MomentsOf(b);
  if (std::min(x.rows, y.rows) < 2)
    throw FailedPrecondition("Bartlett's test needs two rows a side");
  if (x.squares == 0 && y.squares == 0) throw FailedPrecondition("Bartlett's test needs a spread");
  const double degrees = x.rows + y.rows - 2;
  const double pooled = (x.squares + y.squares) / degrees;
  const double numerator = degrees * std::log(pooled) - (x.rows - 1) * std::log(x.variance()) -
                           (y.rows - 1) * std::log(y.variance());
  const double denominator = 1 + (1 / (x.rows - 1) + 1 / (y.rows - 1) - 1 / degrees) / 3;
  const double statistic = std::max(0.0, numerator / denominator);
  return {statistic, ChiSquareTail(statistic, 1)};
}

}  // namespace millwright::statistics
