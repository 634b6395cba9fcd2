#pragma once

#include "metrics/samples.h"

namespace millwright::metrics {

// The quantile of numbers that are sorted and not empty, between two of them where it falls between
// two (numpy's "linear"). `share` is from 0 to 1.
double QuantileOfSorted(Numbers sorted, double share);

// The least of the numbers at which the weights of it and all smaller ones reach `share` of all.
// Without weights the same as QuantileOfSorted.
double WeightedQuantile(Numbers numbers, double share, Weights weights);

}  // namespace millwright::metrics
