#include "metrics/regression.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "metrics/quantile.h"

namespace millwright::metrics {
namespace {

template <typename F>
double MeanOf(Numbers truth, Numbers predicted, Weights weights, F&& loss) {
  RequireNumbers(truth, predicted, weights);
  return WeightedMean(truth.size(), weights,
                      [&](size_t i) { return loss(truth[i], predicted[i]); });
}

double MeanOf(Numbers numbers, Weights weights) {
  return WeightedMean(numbers.size(), weights, [&](size_t i) { return numbers[i]; });
}

// What is explained of a spread; scikit-learn's rule for a spread of 0.
double Explained(double left, double spread) {
  if (spread == 0) return left == 0 ? 1 : 0;
  return 1 - left / spread;
}

void RequireTweedie(Numbers truth, Numbers predicted, double power) {
  if (power > 0 && power < 1) throw InvalidArgument("There is no distribution of power {}", power);
  const auto below = [](Numbers numbers, double least, bool strict) {
    return std::any_of(numbers.begin(), numbers.end(),
                       [&](double n) { return strict ? n <= least : n < least; });
  };
  if (power != 0 && below(predicted, 0, true)) {
    throw InvalidArgument("A deviance of power {} needs predictions above 0", power);
  }
  if (power >= 1 && below(truth, 0, power >= 2)) {
    throw InvalidArgument("A deviance of power {} needs numbers {} 0", power,
                          power >= 2 ? "above" : "of at least");
  }
}

double UnitDeviance(double y, double p, double power) {
  if (power == 0) return (y - p) * (y - p);
  if (power == 1) return 2 * ((y == 0 ? 0 : y * std::log(y / p)) - y + p);
  if (power == 2) return 2 * (std::log(p / y) + y / p - 1);
  const double base = power < 0 ? std::max(y, 0.0) : y;
  return 2 * (std::pow(base, 2 - power) / ((1 - power) * (2 - power)) -
              y * std::pow(p, 1 - power) / (1 - power) + std::pow(p, 2 - power) / (2 - power));
}

}  // namespace

double MeanSquaredError(Numbers truth, Numbers predicted, Weights weights) {
  return MeanOf(truth, predicted, weights, [](double y, double p) { return (p - y) * (p - y); });
}

double RootMeanSquaredError(Numbers truth, Numbers predicted, Weights weights) {
  return std::sqrt(MeanSquaredError(truth, predicted, weights));
}

double MeanAbsoluteError(Numbers truth, Numbers predicted, Weights weights) {
  return MeanOf(truth, predicted, weights, [](double y, double p) { return std::abs(p - y); });
}

double MeanAbsolutePercentageError(Numbers truth, Numbers predicted, Weights weights) {
  return MeanOf(truth, predicted, weights, [](double y, double p) {
    return std::abs(p - y) / std::max(std::abs(y), std::numeric_limits<double>::epsilon());
  });
}

double SymmetricPercentageError(Numbers truth, Numbers predicted, Weights weights) {
  return MeanOf(truth, predicted, weights, [](double y, double p) {
    const double size = std::abs(y) + std::abs(p);
    return size == 0 ? 0 : 2 * std::abs(p - y) / size;
  });
}

double MedianAbsoluteError(Numbers truth, Numbers predicted, Weights weights) {
  RequireNumbers(truth, predicted, weights);
  std::vector<double> errors;
  errors.reserve(truth.size());
  for (size_t i = 0; i < truth.size(); ++i) errors.push_back(std::abs(predicted[i] - truth[i]));
  return WeightedQuantile(errors, 0.5, weights);
}

double MaxError(Numbers truth, Numbers predicted) {
  RequireNumbers(truth, predicted, {});
  double most = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    most = std::max(most, std::abs(predicted[i] - truth[i]));
  }
  return most;
}

double MeanError(Numbers truth, Numbers predicted, Weights weights) {
  return MeanOf(truth, predicted, weights, [](double y, double p) { return p - y; });
}

double MeanSquaredLogError(Numbers truth, Numbers predicted, Weights weights) {
  for (const Numbers numbers : {truth, predicted}) {
    for (const double number : numbers) {
      if (number <= -1) throw InvalidArgument("A log error needs numbers above -1, not {}", number);
    }
  }
  return MeanOf(truth, predicted, weights, [](double y, double p) {
    const double error = std::log1p(y) - std::log1p(p);
    return error * error;
  });
}

double R2(Numbers truth, Numbers predicted, Weights weights) {
  RequireNumbers(truth, predicted, weights);
  if (truth.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const double mean = MeanOf(truth, weights);
  return Explained(MeanSquaredError(truth, predicted, weights),
                   WeightedMean(truth.size(), weights,
                                [&](size_t i) { return (truth[i] - mean) * (truth[i] - mean); }));
}

double ExplainedVariance(Numbers truth, Numbers predicted, Weights weights) {
  const double bias = MeanError(truth, predicted, weights);
  const double mean = MeanOf(truth, weights);
  const double left = MeanOf(truth, predicted, weights,
                             [&](double y, double p) { return (p - y - bias) * (p - y - bias); });
  return Explained(left, WeightedMean(truth.size(), weights, [&](size_t i) {
                     return (truth[i] - mean) * (truth[i] - mean);
                   }));
}

double D2AbsoluteError(Numbers truth, Numbers predicted, Weights weights) {
  return D2Pinball(truth, predicted, 0.5, weights);
}

double D2Pinball(Numbers truth, Numbers predicted, double quantile, Weights weights) {
  const double loss = PinballLoss(truth, predicted, quantile, weights);
  if (truth.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> constant(truth.size(), WeightedQuantile(truth, quantile, weights));
  return Explained(loss, PinballLoss(truth, constant, quantile, weights));
}

double D2Tweedie(Numbers truth, Numbers predicted, double power, Weights weights) {
  const double deviance = TweedieDeviance(truth, predicted, power, weights);
  if (truth.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> constant(truth.size(), MeanOf(truth, weights));
  return Explained(deviance, TweedieDeviance(truth, constant, power, weights));
}

double PinballLoss(Numbers truth, Numbers predicted, double quantile, Weights weights) {
  if (!(quantile >= 0 && quantile <= 1)) {
    throw InvalidArgument("A quantile must be from 0 to 1: {}", quantile);
  }
  return MeanOf(truth, predicted, weights, [quantile](double y, double p) {
    return y >= p ? quantile * (y - p) : (1 - quantile) * (p - y);
  });
}

double TweedieDeviance(Numbers truth, Numbers predicted, double power, Weights weights) {
  RequireNumbers(truth, predicted, weights);
  RequireTweedie(truth, predicted, power);
  return MeanOf(truth, predicted, weights,
                [power](double y, double p) { return UnitDeviance(y, p, power); });
}

}  // namespace millwright::metrics
