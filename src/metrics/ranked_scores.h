#pragma once

#include <vector>

#include "metrics/samples.h"

namespace millwright::metrics {

// What a threshold lets through: the weights of positive and of negative samples with a score of at
// least `threshold`.
struct ScoreStep {
  double threshold = 0;
  double false_positives = 0;
  double true_positives = 0;
};

// A step for each score that occurs, from the highest down; the last one lets everything through.
// Labels are 0 or 1. Samples of no weight are left out.
std::vector<ScoreStep> ScoreSteps(Numbers labels, Numbers scores, Weights weights);

}  // namespace millwright::metrics
