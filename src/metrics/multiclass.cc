#include "metrics/multiclass.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "metrics/binary.h"

namespace millwright::metrics {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

using BinaryMetric = double (*)(Numbers labels, Numbers scores, Weights weights);

double RocAucOf(Numbers labels, Numbers scores, Weights weights) {
  return RocAuc(labels, scores, weights);
}

void Require(Labels labels, const Probabilities& probabilities, Weights weights) {
  if (probabilities.classes < 2) throw InvalidArgument("There must be at least two classes");
  if (probabilities.values.size() != labels.size() * probabilities.classes) {
    throw InvalidArgument("{} labels and {} probabilities of {} classes", labels.size(),
                          probabilities.values.size(), probabilities.classes);
  }
  RequireLabels(labels, probabilities.classes, weights);
  for (const double p : probabilities.values) {
    if (!std::isfinite(p)) throw InvalidArgument("A number must be finite: {}", p);
  }
}

// One class against the rest, as labels and scores.
struct OneAgainstRest {
  std::vector<double> labels;
  std::vector<double> scores;
};

OneAgainstRest Against(Labels labels, const Probabilities& probabilities, size_t c) {
  OneAgainstRest one;
  one.labels.reserve(labels.size());
  one.scores.reserve(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    one.labels.push_back(static_cast<size_t>(labels[i]) == c ? 1 : 0);
    one.scores.push_back(probabilities.At(i, c));
  }
  return one;
}

std::vector<double> OfClasses(Labels labels, const Probabilities& probabilities, Weights weights,
                              BinaryMetric metric) {
  Require(labels, probabilities, weights);
  std::vector<double> figures;
  for (size_t c = 0; c < probabilities.classes; ++c) {
    const OneAgainstRest one = Against(labels, probabilities, c);
    figures.push_back(metric(one.labels, one.scores, weights));
  }
  return figures;
}

double WeightOfClass(Labels labels, size_t c, Weights weights) {
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (static_cast<size_t>(labels[i]) == c) sum += WeightOf(weights, i);
  }
  return sum;
}

double AllTogether(Labels labels, const Probabilities& probabilities, Weights weights,
                   BinaryMetric metric) {
  std::vector<double> truth;
  std::vector<double> spread;
  for (size_t i = 0; i < labels.size(); ++i) {
    for (size_t c = 0; c < probabilities.classes; ++c) {
      truth.push_back(static_cast<size_t>(labels[i]) == c ? 1 : 0);
      if (!weights.empty()) spread.push_back(weights[i]);
    }
  }
  return metric(truth, probabilities.values, spread);
}

double AveragedOver(Labels labels, const Probabilities& probabilities, Average average,
                    Weights weights, BinaryMetric metric) {
  Require(labels, probabilities, weights);
  if (average == Average::kMicro) return AllTogether(labels, probabilities, weights, metric);
  double sum = 0;
  double weight = 0;
  for (size_t c = 0; c < probabilities.classes; ++c) {
    const double share = average == Average::kMacro ? 1 : WeightOfClass(labels, c, weights);
    const OneAgainstRest one = Against(labels, probabilities, c);
    sum += share * metric(one.labels, one.scores, weights);
    weight += share;
  }
  return sum / weight;
}

// How well a pair of classes is told apart, by the scores of either.
struct Pair {
  double auc = 0;
  double samples = 0;
};

Pair PairOf(Labels labels, const Probabilities& probabilities, size_t a, size_t b) {
  std::vector<double> is_a, is_b, score_a, score_b;
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<size_t>(labels[i]);
    if (label != a && label != b) continue;
    is_a.push_back(label == a ? 1 : 0);
    is_b.push_back(label == b ? 1 : 0);
    score_a.push_back(probabilities.At(i, a));
    score_b.push_back(probabilities.At(i, b));
  }
  if (is_a.empty()) throw FailedPrecondition("ROC AUC needs labels of each class");
  return {(RocAuc(is_a, score_a) + RocAuc(is_b, score_b)) / 2, static_cast<double>(is_a.size())};
}

}  // namespace

std::vector<double> RocAucOfClasses(Labels labels, const Probabilities& probabilities,
                                    Weights weights) {
  return OfClasses(labels, probabilities, weights, RocAucOf);
}

std::vector<double> AveragePrecisionOfClasses(Labels labels, const Probabilities& probabilities,
                                              Weights weights) {
  return OfClasses(labels, probabilities, weights, AveragePrecision);
}

double RocAucOneVsRest(Labels labels, const Probabilities& probabilities, Average average,
                       Weights weights) {
  return AveragedOver(labels, probabilities, average, weights, RocAucOf);
}

double RocAucOneVsOne(Labels labels, const Probabilities& probabilities, Average average) {
  Require(labels, probabilities, {});
  if (average == Average::kMicro) {
    throw InvalidArgument("One against one has no average of all decisions");
  }
  double sum = 0;
  double weight = 0;
  for (size_t a = 0; a < probabilities.classes; ++a) {
    for (size_t b = a + 1; b < probabilities.classes; ++b) {
      const Pair pair = PairOf(labels, probabilities, a, b);
      const double share = average == Average::kMacro ? 1 : pair.samples;
      sum += share * pair.auc;
      weight += share;
    }
  }
  return sum / weight;
}

double AveragePrecision(Labels labels, const Probabilities& probabilities, Average average,
                        Weights weights) {
  return AveragedOver(labels, probabilities, average, weights, AveragePrecision);
}

double LogLoss(Labels labels, const Probabilities& probabilities, Weights weights) {
  Require(labels, probabilities, weights);
  return WeightedMean(labels.size(), weights, [&](size_t i) {
    double sum = 0;
    for (size_t c = 0; c < probabilities.classes; ++c) {
      sum += std::clamp(probabilities.At(i, c), kEpsilon, 1 - kEpsilon);
    }
    const double own = probabilities.At(i, static_cast<size_t>(labels[i]));
    return -std::log(std::clamp(own, kEpsilon, 1 - kEpsilon) / sum);
  });
}

double BrierScore(Labels labels, const Probabilities& probabilities, Weights weights) {
  Require(labels, probabilities, weights);
  return WeightedMean(labels.size(), weights, [&](size_t i) {
    double distance = 0;
    for (size_t c = 0; c < probabilities.classes; ++c) {
      const double truth = static_cast<size_t>(labels[i]) == c ? 1 : 0;
      distance += (truth - probabilities.At(i, c)) * (truth - probabilities.At(i, c));
    }
    return distance;
  });
}

double TopKAccuracy(Labels labels, const Probabilities& probabilities, size_t k, Weights weights) {
  Require(labels, probabilities, weights);
  return WeightedMean(labels.size(), weights, [&](size_t i) {
    const auto own = static_cast<size_t>(labels[i]);
    size_t ahead = 0;
    for (size_t c = 0; c < probabilities.classes; ++c) {
      const double p = probabilities.At(i, c);
      ahead += p > probabilities.At(i, own) || (p == probabilities.At(i, own) && c > own);
    }
    return ahead < k ? 1.0 : 0.0;
  });
}

}  // namespace millwright::metrics
