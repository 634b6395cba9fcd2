#include "metrics/ranked_scores.h"

#include <algorithm>
#include <cstdint>

#include "base/error.h"

namespace millwright::metrics {

std::vector<ScoreStep> ScoreSteps(Numbers labels, Numbers scores, Weights weights) {
  RequireNumbers(labels, scores, weights);
  struct Sample {
    double score;
    double positive;
    double negative;
  };
  std::vector<Sample> samples;
  samples.reserve(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != 0 && labels[i] != 1) {
      throw InvalidArgument("A label must be 0 or 1: {}", labels[i]);
    }
    const double weight = WeightOf(weights, i);
    if (weight > 0) samples.push_back({scores[i], weight * labels[i], weight * (1 - labels[i])});
  }
  std::stable_sort(samples.begin(), samples.end(),
                   [](const Sample& a, const Sample& b) { return a.score > b.score; });
  std::vector<ScoreStep> steps;
  ScoreStep sum;
  for (size_t i = 0; i < samples.size(); ++i) {
    sum.true_positives += samples[i].positive;
    sum.false_positives += samples[i].negative;
    if (i + 1 < samples.size() && samples[i + 1].score == samples[i].score) continue;
    sum.threshold = samples[i].score;
    steps.push_back(sum);
  }
  return steps;
}

}  // namespace millwright::metrics
