#include "metrics/confusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"

namespace millwright::metrics {
namespace {

double Ratio(double part, double whole) {
  return whole == 0 ? 0 : part / whole;
}

bool Occurs(const ConfusionMatrix& matrix, size_t c) {
  return matrix.OfTruth(c) > 0 || matrix.OfPrediction(c) > 0;
}

double AverageOf(const ConfusionMatrix& matrix, Average average,
                 const std::function<double(const ClassCounts&)>& figure) {
  if (average == Average::kMicro) {
    ClassCounts all;
    for (size_t c = 0; c < matrix.classes(); ++c) {
      const ClassCounts counts = CountsOf(matrix, c);
      all.true_positive += counts.true_positive;
      all.false_positive += counts.false_positive;
      all.false_negative += counts.false_negative;
      all.true_negative += counts.true_negative;
    }
    return figure(all);
  }
  double sum = 0;
  double weight = 0;
  for (size_t c = 0; c < matrix.classes(); ++c) {
    if (!Occurs(matrix, c)) continue;
    const ClassCounts counts = CountsOf(matrix, c);
    const double share = average == Average::kMacro ? 1 : counts.Support();
    sum += share * figure(counts);
    weight += share;
  }
  return Ratio(sum, weight);
}

double KappaWeight(KappaWeights weights, size_t a, size_t b) {
  if (weights == KappaWeights::kNone) return a == b ? 0 : 1;
  const double distance = std::abs(static_cast<double>(a) - static_cast<double>(b));
  return weights == KappaWeights::kLinear ? distance : distance * distance;
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(Labels truth, Labels predicted, size_t classes, Weights weights)
    : classes_(classes), cells_(classes * classes), of_truth_(classes), of_prediction_(classes) {
  if (truth.size() != predicted.size()) {
    throw InvalidArgument("{} labels and {} predictions", truth.size(), predicted.size());
  }
  RequireLabels(truth, classes, weights);
  RequireLabels(predicted, classes, {});
  for (size_t i = 0; i < truth.size(); ++i) {
    const auto row = static_cast<size_t>(truth[i]);
    const auto column = static_cast<size_t>(predicted[i]);
    const double weight = WeightOf(weights, i);
    cells_[row * classes_ + column] += weight;
    of_truth_[row] += weight;
    of_prediction_[column] += weight;
    total_ += weight;
  }
}

double ConfusionMatrix::Diagonal() const {
  double sum = 0;
  for (size_t c = 0; c < classes_; ++c) sum += At(c, c);
  return sum;
}

std::vector<std::vector<double>> ConfusionMatrix::Normalized(Normalization by) const {
  std::vector<std::vector<double>> shares(classes_, std::vector<double>(classes_));
  for (size_t t = 0; t < classes_; ++t) {
    for (size_t p = 0; p < classes_; ++p) {
      const double whole = by == Normalization::kTruth        ? OfTruth(t)
                           : by == Normalization::kPrediction ? OfPrediction(p)
                                                              : Total();
      shares[t][p] = Ratio(At(t, p), whole);
    }
  }
  return shares;
}

double ClassCounts::Precision() const {
  return Ratio(true_positive, true_positive + false_positive);
}

double ClassCounts::Recall() const {
  return Ratio(true_positive, true_positive + false_negative);
}

double ClassCounts::FBeta(double beta) const {
  const double square = beta * beta;
  return Ratio((1 + square) * true_positive,
               (1 + square) * true_positive + false_positive + square * false_negative);
}

double ClassCounts::Jaccard() const {
  return Ratio(true_positive, true_positive + false_positive + false_negative);
}

ClassCounts CountsOf(const ConfusionMatrix& matrix, size_t c) {
  ClassCounts counts;
  counts.true_positive = matrix.At(c, c);
  counts.false_positive = matrix.OfPrediction(c) - counts.true_positive;
  counts.false_negative = matrix.OfTruth(c) - counts.true_positive;
  counts.true_negative =
      matrix.Total() - counts.true_positive - counts.false_positive - counts.false_negative;
  return counts;
}

ClassCounts CountsAt(Numbers labels, Numbers scores, double threshold, Weights weights) {
  RequireNumbers(labels, scores, weights);
  ClassCounts counts;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != 0 && labels[i] != 1) {
      throw InvalidArgument("A label must be 0 or 1: {}", labels[i]);
    }
    double& count = scores[i] >= threshold
                        ? (labels[i] == 1 ? counts.true_positive : counts.false_positive)
                        : (labels[i] == 1 ? counts.false_negative : counts.true_negative);
    count += WeightOf(weights, i);
  }
  return counts;
}

double Averaged(const ConfusionMatrix& matrix, Average average, ClassFigure figure) {
  return AverageOf(matrix, average, figure);
}

double AveragedFBeta(const ConfusionMatrix& matrix, Average average, double beta) {
  return AverageOf(matrix, average,
                   [beta](const ClassCounts& counts) { return counts.FBeta(beta); });
}

double Accuracy(const ConfusionMatrix& matrix) {
  return Ratio(matrix.Diagonal(), matrix.Total());
}

double BalancedAccuracy(const ConfusionMatrix& matrix, bool adjusted) {
  double sum = 0;
  double classes = 0;
  for (size_t c = 0; c < matrix.classes(); ++c) {
    if (matrix.OfTruth(c) == 0) continue;
    sum += matrix.At(c, c) / matrix.OfTruth(c);
    ++classes;
  }
  const double score = sum / classes;
  if (!adjusted) return score;
  const double chance = 1 / classes;
  return (score - chance) / (1 - chance);
}

double MatthewsCorrelation(const ConfusionMatrix& matrix) {
  const double total = matrix.Total();
  double both = 0;
  double truth = 0;
  double predicted = 0;
  for (size_t c = 0; c < matrix.classes(); ++c) {
    const double t = matrix.OfTruth(c);
    const double p = matrix.OfPrediction(c);
    both += t * p;
    truth += t * t;
    predicted += p * p;
  }
  const double spread = (total * total - predicted) * (total * total - truth);
  return spread == 0 ? 0 : (matrix.Diagonal() * total - both) / std::sqrt(spread);
}

double CohenKappa(const ConfusionMatrix& matrix, KappaWeights weights) {
  double observed = 0;
  double expected = 0;
  for (size_t t = 0; t < matrix.classes(); ++t) {
    for (size_t p = 0; p < matrix.classes(); ++p) {
      const double weight = KappaWeight(weights, t, p);
      observed += weight * matrix.At(t, p);
      expected += weight * matrix.OfTruth(t) * matrix.OfPrediction(p) / matrix.Total();
    }
  }
  return 1 - observed / expected;
}

ClassificationReport ReportOf(const ConfusionMatrix& matrix,
                              const std::vector<std::string>& names) {
  ClassificationReport report;
  for (size_t c = 0; c < matrix.classes(); ++c) {
    const ClassCounts counts = CountsOf(matrix, c);
    report.classes.push_back(
        {names.at(c), counts.Precision(), counts.Recall(), counts.F1(), counts.Support()});
  }
  report.accuracy = Accuracy(matrix);
  const auto averages = [&](const char* name, Average average) -> ClassificationReport::Row {
    return {name, Averaged(matrix, average, [](const ClassCounts& c) { return c.Precision(); }),
            Averaged(matrix, average, [](const ClassCounts& c) { return c.Recall(); }),
            Averaged(matrix, average, [](const ClassCounts& c) { return c.F1(); }), matrix.Total()};
  };
  report.macro = averages("macro avg", Average::kMacro);
  report.weighted = averages("weighted avg", Average::kWeighted);
  return report;
}

std::string ClassificationReport::ToText(int digits) const {
  size_t width = std::max<size_t>(weighted.name.size(), static_cast<size_t>(digits));
  for (const Row& row : classes) width = std::max(width, row.name.size());
  const auto support = [](double value) {
    return value == std::floor(value) ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
  };
  std::string text = fmt::format("{:>{}}  {:>9} {:>9} {:>9} {:>9}\n\n", "", width, "precision",
                                 "recall", "f1-score", "support");
  const auto add = [&](const Row& row) {
    text +=
        fmt::format("{:>{}}  {:>9.{}f} {:>9.{}f} {:>9.{}f} {:>9}\n", row.name, width, row.precision,
                    digits, row.recall, digits, row.f1, digits, support(row.support));
  };
  for (const Row& row : classes) add(row);
  text += fmt::format("\n{:>{}}  {:>9} {:>9} {:>9.{}f} {:>9}\n", "accuracy", width, "", "",
                      accuracy, digits, support(macro.support));
  add(macro);
  add(weighted);
  return text;
}

}  // namespace millwright::metrics
