#pragma once

#include <vector>

#include "metrics/samples.h"

// Metrics of several classes by their probabilities: rows of one number a class, one row after
// another.
namespace millwright::metrics {

struct Probabilities {
  Numbers values;
  size_t classes = 0;

  size_t rows() const { return classes == 0 ? 0 : values.size() / classes; }
  double At(size_t row, size_t c) const { return values[row * classes + c]; }
};

// The area under the ROC curve of each class against all others.
std::vector<double> RocAucOfClasses(Labels labels, const Probabilities& probabilities,
                                    Weights weights = {});
// Their average; micro takes all decisions together. Throws kFailedPrecondition when a class does
// not occur.
double RocAucOneVsRest(Labels labels, const Probabilities& probabilities, Average average,
                       Weights weights = {});
// The mean over all pairs of classes (Hand and Till); weighted by how often the pair occurs. Micro
// throws kInvalidArgument.
double RocAucOneVsOne(Labels labels, const Probabilities& probabilities, Average average);
std::vector<double> AveragePrecisionOfClasses(Labels labels, const Probabilities& probabilities,
                                              Weights weights = {});
double AveragePrecision(Labels labels, const Probabilities& probabilities, Average average,
                        Weights weights = {});
// The mean negative log likelihood; rows are divided by their sums and clipped to 2.22e-16.
double LogLoss(Labels labels, const Probabilities& probabilities, Weights weights = {});
// The mean squared distance from the truth as one 1 among zeros.
double BrierScore(Labels labels, const Probabilities& probabilities, Weights weights = {});
// How often the true class is among the `k` most probable ones; of ties the last classes win.
double TopKAccuracy(Labels labels, const Probabilities& probabilities, size_t k,
                    Weights weights = {});

}  // namespace millwright::metrics
