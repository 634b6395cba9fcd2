#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"
#include "metrics/binary.h"
#include "metrics/confusion.h"

namespace millwright::metrics {

enum class Task { kBinary, kMulticlass, kRegression, kRanking };
std::string_view TaskName(Task task);
// Throws kInvalidArgument for another name.
Task ParseTask(std::string_view name);

// What to judge: columns of a table that hold the truth and what was predicted.
struct EvaluationSpec {
  std::string table_sql;  // what stands after FROM
  std::string truth;
  // Classes or numbers; the score of a ranking. Not needed beside probabilities.
  std::string prediction;
  // One column of the positive class, or one a class; such a one is named as its class, or as its
  // class after a prefix that all have in common (p_cat, p_dog).
  std::vector<std::string> probabilities;
  std::string positive;      // class of a single probability; the last one in order if empty
  std::optional<Task> task;  // found out from the columns if not given
  double threshold = 0.5;    // of the positive class
  Average average = Average::kWeighted;  // of several classes
  std::string weight;                    // a column; all ones without it
  std::string query;                     // a column: which rows are ranked together
  size_t top = 10;                       // items of a ranking
  // Columns by whose values the rows are judged apart; numbers of many values are cut into ranges.
  std::vector<std::string> slices;
  int64_t slice_rows_min = 30;  // smaller ones are left out
};

inline constexpr size_t kClassesMax = 1000;
inline constexpr size_t kReportedClassesMax = 100;
inline constexpr size_t kSlicesMax = 500;  // of all columns together, the largest
inline constexpr size_t kCurvePointsMax = 200;
inline constexpr size_t kCalibrationBins = 10;
inline constexpr size_t kSliceRanges = 5;
inline constexpr size_t kScatterRowsMax = 1000;  // drawn of a regression

// Named as MLflow's evaluator names it where it has the figure, else as scikit-learn does.
struct Figure {
  std::string name;
  double value = 0;
};

struct Slice {
  std::string column;
  std::string value;
  int64_t rows = 0;
  std::vector<Figure> figures;
};

struct ScatterPoint {
  double truth = 0;
  double predicted = 0;
};

struct Evaluation {
  Task task = Task::kBinary;
  int64_t rows = 0;
  int64_t rows_left_out = 0;  // without a truth or a prediction
  std::vector<Figure> figures;
  // The figure that tells most of this task, and whether more of it is better.
  std::string main_figure;
  bool more_is_better = true;

  // Of classes. The matrix and the report are there for up to kReportedClassesMax of them.
  std::vector<std::string> classes;
  std::optional<ConfusionMatrix> confusion;
  std::optional<ClassificationReport> report;
  // Of two classes with a probability.
  std::string positive;
  std::vector<RocPoint> roc;
  std::vector<PrecisionRecallPoint> precision_recall;
  std::vector<CalibrationPoint> calibration;
  // Of numbers, evenly taken.
  std::vector<ScatterPoint> scatter;

  std::vector<Slice> slices;  // the worst by the main figure first

  std::optional<double> Find(std::string_view figure) const;
  Json ToJson() const;
};

// Reads the columns and judges. Rows in which the truth or the prediction is missing are counted
// and left out. Throws kInvalidArgument for columns that are not there or hold something else, and
// when no rows are left.
Evaluation Evaluate(analytics::Session& session, const EvaluationSpec& spec);

}  // namespace millwright::metrics
