#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

// Metrics of models, in scikit-learn's definitions (1.4) and names. Everything here is a pure
// function of what it is given, safe from any thread.
//
// Samples are parallel spans. Labels of classes are numbers from 0 to the number of classes, less
// one. Weights are of samples, finite and not negative; no weights stand for all ones. What is
// malformed throws kInvalidArgument: spans of different lengths, no samples, labels that are none,
// numbers that are not finite. A metric that the samples do not define (an area without a positive
// sample) throws kFailedPrecondition, unless its header says what it is then.
namespace millwright::metrics {

using Numbers = std::span<const double>;
using Weights = std::span<const double>;
using Labels = std::span<const int32_t>;

// How the figures of classes become one: their mean, their mean by the weight of each class's
// samples, or the figure of all decisions taken together.
enum class Average { kMacro, kWeighted, kMicro };

inline double WeightOf(Weights weights, size_t i) {
  return weights.empty() ? 1 : weights[i];
}

// The mean of `value(i)` of each sample; there must be some that weigh anything.
template <typename F>
double WeightedMean(size_t samples, Weights weights, F&& value) {
  double sum = 0;
  double weight = 0;
  for (size_t i = 0; i < samples; ++i) {
    sum += WeightOf(weights, i) * value(i);
    weight += WeightOf(weights, i);
  }
  return sum / weight;
}

// Each throws kInvalidArgument.
void RequireNumbers(Numbers a, Numbers b, Weights weights);
void RequireLabels(Labels labels, size_t classes, Weights weights);

}  // namespace millwright::metrics
