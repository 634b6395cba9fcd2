#include "metrics/binary.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "metrics/quantile.h"
#include "metrics/ranked_scores.h"

namespace millwright::metrics {
namespace {

void RequireProbabilities(Numbers labels, Numbers probabilities, Weights weights) {
  RequireNumbers(labels, probabilities, weights);
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != 0 && labels[i] != 1) {
      throw InvalidArgument("A label must be 0 or 1: {}", labels[i]);
    }
    if (probabilities[i] < 0 || probabilities[i] > 1) {
      throw InvalidArgument("A probability must be from 0 to 1: {}", probabilities[i]);
    }
  }
}

void RequireBothClasses(const std::vector<ScoreStep>& steps) {
  if (steps.back().true_positives == 0 || steps.back().false_positives == 0) {
    throw FailedPrecondition("This metric needs labels of both classes");
  }
}

// A point between two others of one line tells nothing.
std::vector<ScoreStep> WithoutIntermediate(const std::vector<ScoreStep>& steps) {
  if (steps.size() <= 2) return steps;
  std::vector<ScoreStep> kept = {steps.front()};
  for (size_t i = 1; i + 1 < steps.size(); ++i) {
    const auto bends = [&](double ScoreStep::*sum) {
      const double before = steps[i].*sum - steps[i - 1].*sum;
      const double after = steps[i + 1].*sum - steps[i].*sum;
      return after - before != 0;
    };
    if (bends(&ScoreStep::false_positives) || bends(&ScoreStep::true_positives)) {
      kept.push_back(steps[i]);
    }
  }
  kept.push_back(steps.back());
  return kept;
}

double Precision(const ScoreStep& step) {
  const double all = step.true_positives + step.false_positives;
  return all == 0 ? 0 : step.true_positives / all;
}

}  // namespace

bool HasBothClasses(Numbers labels) {
  const auto is = [](double wanted) { return [wanted](double label) { return label == wanted; }; };
  return std::any_of(labels.begin(), labels.end(), is(0)) &&
         std::any_of(labels.begin(), labels.end(), is(1));
}

double RocAuc(Numbers labels, Numbers scores, Weights weights, double false_positive_rate_max) {
  if (!(false_positive_rate_max > 0 && false_positive_rate_max <= 1)) {
    throw InvalidArgument("A rate must be above 0 and at most 1: {}", false_positive_rate_max);
  }
  const std::vector<ScoreStep> steps = ScoreSteps(labels, scores, weights);
  RequireBothClasses(steps);
  const ScoreStep& all = steps.back();
  double area = 0;
  double last_x = 0;
  double last_y = 0;
  for (const ScoreStep& step : steps) {
    double x = step.false_positives / all.false_positives;
    double y = step.true_positives / all.true_positives;
    const bool is_beyond = x > false_positive_rate_max;
    if (is_beyond) {
      y = last_y + (y - last_y) * (false_positive_rate_max - last_x) / (x - last_x);
      x = false_positive_rate_max;
    }
    area += (x - last_x) * (y + last_y) / 2;
    last_x = x;
    last_y = y;
    if (is_beyond) break;
  }
  if (false_positive_rate_max == 1) return area;
  const double least = false_positive_rate_max * false_positive_rate_max / 2;
  return (1 + (area - least) / (false_positive_rate_max - least)) / 2;
}

double AveragePrecision(Numbers labels, Numbers scores, Weights weights) {
  const std::vector<ScoreStep> steps = ScoreSteps(labels, scores, weights);
  const double positives = steps.back().true_positives;
  if (positives == 0) return 0;
  double sum = 0;
  double recall = 0;
  for (const ScoreStep& step : steps) {
    const double next = step.true_positives / positives;
    sum += (next - recall) * Precision(step);
    recall = next;
  }
  return sum;
}

double PrecisionRecallAuc(Numbers labels, Numbers scores, Weights weights) {
  const std::vector<ScoreStep> steps = ScoreSteps(labels, scores, weights);
  const double positives = steps.back().true_positives;
  if (positives == 0) throw FailedPrecondition("This metric needs a positive label");
  double area = 0;
  double recall = 0;
  double precision = 1;
  for (const ScoreStep& step : steps) {
    const double next = step.true_positives / positives;
    area += (next - recall) * (Precision(step) + precision) / 2;
    recall = next;
    precision = Precision(step);
  }
  return area;
}

double LogLoss(Numbers labels, Numbers probabilities, Weights weights) {
  RequireProbabilities(labels, probabilities, weights);
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  return WeightedMean(labels.size(), weights, [&](size_t i) {
    const double p = std::clamp(probabilities[i], kEpsilon, 1 - kEpsilon);
    return labels[i] == 1 ? -std::log(p) : -std::log(1 - p);
  });
}

double BrierScore(Numbers labels, Numbers probabilities, Weights weights) {
  RequireProbabilities(labels, probabilities, weights);
  return WeightedMean(labels.size(), weights, [&](size_t i) {
    return (probabilities[i] - labels[i]) * (probabilities[i] - labels[i]);
  });
}

double KsSeparation(Numbers labels, Numbers scores, Weights weights) {
  const std::vector<ScoreStep> steps = ScoreSteps(labels, scores, weights);
  RequireBothClasses(steps);
  double distance = 0;
  for (const ScoreStep& step : steps) {
    distance = std::max(distance, std::abs(step.true_positives / steps.back().true_positives -
                                           step.false_positives / steps.back().false_positives));
  }
  return distance;
}

double ExpectedCalibrationError(Numbers labels, Numbers probabilities, size_t bins,
                                Weights weights) {
  RequireProbabilities(labels, probabilities, weights);
  if (bins == 0) throw InvalidArgument("There must be at least one bin");
  struct Bin {
    double labels = 0;
    double probabilities = 0;
  };
  std::vector<Bin> sums(bins);
  double total = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double weight = WeightOf(weights, i);
    Bin& bin =
        sums[std::min(bins - 1, static_cast<size_t>(probabilities[i] * static_cast<double>(bins)))];
    bin.labels += weight * labels[i];
    bin.probabilities += weight * probabilities[i];
    total += weight;
  }
  double error = 0;
  for (const Bin& bin : sums) error += std::abs(bin.labels - bin.probabilities);
  return error / total;
}

std::vector<RocPoint> RocCurve(Numbers labels, Numbers scores, Weights weights) {
  const std::vector<ScoreStep> steps = WithoutIntermediate(ScoreSteps(labels, scores, weights));
  std::vector<RocPoint> points = {{0, 0, std::numeric_limits<double>::infinity()}};
  for (const ScoreStep& step : steps) {
    points.push_back({step.false_positives / steps.back().false_positives,
                      step.true_positives / steps.back().true_positives, step.threshold});
  }
  return points;
}

std::vector<PrecisionRecallPoint> PrecisionRecallCurve(Numbers labels, Numbers scores,
                                                       Weights weights) {
  const std::vector<ScoreStep> steps = ScoreSteps(labels, scores, weights);
  const double positives = steps.back().true_positives;
  std::vector<PrecisionRecallPoint> points;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    points.push_back(
        {Precision(*step), positives == 0 ? 1 : step->true_positives / positives, step->threshold});
  }
  return points;
}

std::vector<DetPoint> DetCurve(Numbers labels, Numbers scores, Weights weights) {
  const std::vector<ScoreStep> steps = ScoreSteps(labels, scores, weights);
  RequireBothClasses(steps);
  const ScoreStep& all = steps.back();
  // Where no false positive is left to lose, or no positive to find, the curve stands still.
  size_t first = 0;
  while (first + 1 < steps.size() &&
         steps[first + 1].false_positives == steps.front().false_positives) {
    ++first;
  }
  size_t last = first;
  while (last + 1 < steps.size() && steps[last].true_positives != all.true_positives) ++last;
  std::vector<DetPoint> points;
  for (size_t i = last + 1; i-- > first;) {
    points.push_back({steps[i].false_positives / all.false_positives,
                      (all.true_positives - steps[i].true_positives) / all.true_positives,
                      steps[i].threshold});
  }
  return points;
}

std::vector<CalibrationPoint> CalibrationCurve(Numbers labels, Numbers probabilities, size_t bins,
                                               Binning binning) {
  RequireProbabilities(labels, probabilities, {});
  if (bins == 0) throw InvalidArgument("There must be at least one bin");
  std::vector<double> edges;  // between bins
  std::vector<double> sorted(probabilities.begin(), probabilities.end());
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 1; i < bins; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(bins);
    edges.push_back(binning == Binning::kUniform ? share : QuantileOfSorted(sorted, share));
  }
  std::vector<CalibrationPoint> sums(bins);
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto edge = std::lower_bound(edges.begin(), edges.end(), probabilities[i]);
    CalibrationPoint& bin = sums[static_cast<size_t>(edge - edges.begin())];
    bin.mean_probability += probabilities[i];
    bin.positive_share += labels[i];
    ++bin.samples;
  }
  std::vector<CalibrationPoint> points;
  for (const CalibrationPoint& sum : sums) {
    if (sum.samples == 0) continue;
    points.push_back(
        {sum.mean_probability / sum.samples, sum.positive_share / sum.samples, sum.samples});
  }
  return points;
}

}  // namespace millwright::metrics
