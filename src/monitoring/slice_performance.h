#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "monitoring/prediction_reader.h"

// How right a model was, on the whole and by what it was asked: where it is worst, what its errors
// cost, and how differently it treats groups. Of a classifier of two classes errors are counted, of
// a regression they are measured.
namespace millwright::monitoring {

// What each answer is worth; a cost is positive, a gain negative.
struct CostMatrix {
  double true_positive = 0;
  double false_positive = 1;
  double true_negative = 0;
  double false_negative = 1;
  // Of numbers: each unit that the answer was too high or too low.
  double over = 1;
  double under = 1;
};

struct SliceOptions {
  std::vector<std::string> inputs;  // to cut by; all of them when empty
  bool skips_absent = false;        // of the inputs those that no prediction has, not refused
  CostMatrix costs;
  int64_t rows_min = 50;               // with a known outcome, of a slice that is judged
  double false_discovery_rate = 0.05;  // of slices that are called worse
};
inline constexpr size_t kSlicedInputsMax = 100;
inline constexpr size_t kSliceBins = 5;  // of a number, of about as many rows each
// Of others these of the most frequent values, with more of them where they have rows enough to be
// judged; the rest is one slice, "other".
inline constexpr size_t kSliceValuesMin = 20, kSliceValuesMax = 500;

// Predictions whose outcome is known, counted. A rate without rows is absent.
struct ClassFigures {
  int64_t true_positive = 0, false_positive = 0, true_negative = 0, false_negative = 0;

  int64_t rows() const { return true_positive + false_positive + true_negative + false_negative; }
  std::optional<double> error_rate() const;
  std::optional<double> selection_rate() const;  // that were said to be positive
  std::optional<double> true_positive_rate() const;
  std::optional<double> false_positive_rate() const;
  std::optional<double> precision() const;
  double Cost(const CostMatrix& costs) const;
};

// The same of numbers: sums over the rows, of which each figure is made. An error is the answer
// less what happened.
struct LossFigures {
  int64_t rows = 0;
  double over = 0, under = 0;  // of errors above and below 0, both as positive sums
  double squared = 0;
  double predicted = 0, actual = 0;

  std::optional<double> mae() const;
  std::optional<double> rmse() const;
  std::optional<double> bias() const;  // above 0: the answers are too high
  std::optional<double> mean_predicted() const;
  std::optional<double> mean_actual() const;
  double Cost(const CostMatrix& costs) const { return costs.over * over + costs.under * under; }
};

struct SliceFigures {
  std::string input;
  std::string value;  // "AA", "120 to 340", "missing", "other"
  ClassFigures figures;
  LossFigures losses;  // of a regression, instead
  // That the slice has more errors (two shares), or larger ones (Welch's test of their means), than
  // the rest only by chance, one-sided, and the same with all judged slices in mind (Benjamini and
  // Hochberg).
  std::optional<double> p, adjusted_p;
  bool is_worse = false;
};

// How far groups of one input lie apart: the largest less the smallest over groups of enough rows.
struct Disparity {
  std::string input;
  int64_t groups = 0;
  std::optional<double> selection_rate, true_positive_rate, false_positive_rate;
  std::optional<double> mae, bias;  // of a regression
};

struct SlicePerformance {
  ModelTask task = ModelTask::kBinary;
  ClassFigures all;
  LossFigures losses;  // of a regression, instead
  double cost = 0;
  std::vector<SliceFigures> slices;  // those that are worse first, then by their error rate or MAE
  std::vector<Disparity> disparities;

  int64_t rows() const { return task == ModelTask::kRegression ? losses.rows : all.rows(); }
};

// Which of a model's mistakes: of a classifier false positives, of a regression answers that were
// too high by more than `beyond`; and the same the other way around.
struct MistakeOptions {
  bool positives = true, negatives = true;
  double beyond = 0;  // of numbers
};
// A condition over the columns of the view `predictions`. `task` is what FindTask says.
std::string MistakesSql(const LabelRule& rule, ModelTask task, const MistakeOptions& options);

// Cuts the rows of a table with the columns of the view `predictions` by each input alone. Throws
// kInvalidArgument for an input or a probability that is not there.
SlicePerformance MeasureSlices(analytics::Session& session, const std::string& table,
                               const LabelRule& rule, const SliceOptions& options);

}  // namespace millwright::monitoring
