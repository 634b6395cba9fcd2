#include "metrics/samples.h"

#include <cmath>

#include "base/error.h"

namespace millwright::metrics {
namespace {

void RequireWeights(size_t samples, Weights weights) {
  if (samples == 0) throw InvalidArgument("There are no samples");
  if (!weights.empty() && weights.size() != samples) {
    throw InvalidArgument("{} samples and {} weights", samples, weights.size());
  }
  double sum = 0;
  for (const double weight : weights) {
    if (!std::isfinite(weight) || weight < 0) {
      throw InvalidArgument("A weight must be finite and not negative: {}", weight);
    }
    sum += weight;
  }
  if (!weights.empty() && sum <= 0) throw InvalidArgument("All weights are 0");
}

void RequireFinite(Numbers numbers) {
  for (const double number : numbers) {
    if (!std::isfinite(number)) throw InvalidArgument("A number must be finite: {}", number);
  }
}

}  // namespace

void RequireNumbers(Numbers a, Numbers b, Weights weights) {
  if (a.size() != b.size()) throw InvalidArgument("{} numbers and {}", a.size(), b.size());
  RequireWeights(a.size(), weights);
  RequireFinite(a);
  RequireFinite(b);
}

void RequireLabels(Labels labels, size_t classes, Weights weights) {
  RequireWeights(labels.size(), weights);
  for (const int32_t label : labels) {
    if (label < 0 || static_cast<size_t>(label) >= classes) {
      throw InvalidArgument("A label must be of one of {} classes: {}", classes, label);
    }
  }
}

}  // namespace millwright::metrics
