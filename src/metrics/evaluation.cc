#include "metrics/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "metrics/correlation.h"
#include "metrics/evaluation_rows.h"
#include "metrics/ranking.h"
#include "metrics/regression.h"

namespace millwright::metrics {
namespace {

struct TaskWords {
  Task task;
  std::string_view name;
  std::string_view main_figure;
  bool more_is_better;
};
constexpr TaskWords kTasks[] = {{Task::kBinary, "binary", "roc_auc", true},
                                {Task::kMulticlass, "multiclass", "f1_score", true},
                                {Task::kRegression, "regression", "root_mean_squared_error", false},
                                {Task::kRanking, "ranking", "ndcg", true}};

const TaskWords& WordsOf(Task task) {
  return *std::find_if(std::begin(kTasks), std::end(kTasks),
                       [task](const TaskWords& words) { return words.task == task; });
}

class Figures {
 public:
  void Add(std::string name, double value) { list_.push_back({std::move(name), value}); }
  // A figure that these rows do not define is left out.
  template <typename F>
  void AddIfDefined(std::string name, F&& compute) {
    try {
      const double value = compute();
      if (std::isfinite(value)) Add(std::move(name), value);
    } catch (const Error& error) {
      if (error.code() != Code::kFailedPrecondition) throw;
    }
  }
  std::vector<Figure> Take() { return std::move(list_); }

 private:
  std::vector<Figure> list_;
};

std::vector<double> PositiveLabels(const EvaluationRows& rows) {
  std::vector<double> labels;
  labels.reserve(rows.truth.size());
  for (const int32_t truth : rows.truth) {
    labels.push_back(static_cast<size_t>(truth) == rows.positive ? 1 : 0);
  }
  return labels;
}

bool AreProbabilities(Numbers scores) {
  return std::all_of(scores.begin(), scores.end(), [](double p) { return p >= 0 && p <= 1; });
}

void AddBinary(const EvaluationRows& rows, Figures* figures) {
  const ConfusionMatrix matrix(rows.truth, rows.predicted, 2, rows.weights);
  const ClassCounts counts = CountsOf(matrix, rows.positive);
  // MLflow counts rows whatever their weights.
  const ClassCounts unweighted =
      CountsOf(ConfusionMatrix(rows.truth, rows.predicted, 2), rows.positive);
  figures->Add("true_negatives", unweighted.true_negative);
  figures->Add("false_positives", unweighted.false_positive);
  figures->Add("false_negatives", unweighted.false_negative);
  figures->Add("true_positives", unweighted.true_positive);
  figures->Add("accuracy_score", Accuracy(matrix));
  figures->Add("precision_score", counts.Precision());
  figures->Add("recall_score", counts.Recall());
  figures->Add("f1_score", counts.F1());
  figures->Add("balanced_accuracy_score", BalancedAccuracy(matrix));
  figures->Add("matthews_corrcoef", MatthewsCorrelation(matrix));
  if (rows.probabilities.empty()) return;
  const std::vector<double> labels = PositiveLabels(rows);
  const auto& scores = rows.probabilities;
  figures->AddIfDefined("roc_auc", [&] { return RocAuc(labels, scores, rows.weights); });
  figures->AddIfDefined("precision_recall_auc", [&] {
    if (!HasBothClasses(labels)) throw FailedPrecondition("There is one class");
    return AveragePrecision(labels, scores, rows.weights);
  });
  figures->AddIfDefined("ks_separation",
                        [&] { return KsSeparation(labels, scores, rows.weights); });
  if (!AreProbabilities(scores)) return;
  figures->Add("log_loss", LogLoss(labels, scores, rows.weights));
  figures->Add("brier_score_loss", BrierScore(labels, scores, rows.weights));
  figures->Add("expected_calibration_error",
               ExpectedCalibrationError(labels, scores, kCalibrationBins, rows.weights));
}

void AddMulticlass(const EvaluationRows& rows, Average average, Figures* figures) {
  const ConfusionMatrix matrix(rows.truth, rows.predicted, rows.classes.size(), rows.weights);
  const auto of = [&](ClassFigure figure) { return Averaged(matrix, average, figure); };
  figures->Add("accuracy_score", Accuracy(matrix));
  figures->Add("precision_score", of([](const ClassCounts& c) { return c.Precision(); }));
  figures->Add("recall_score", of([](const ClassCounts& c) { return c.Recall(); }));
  figures->Add("f1_score", of([](const ClassCounts& c) { return c.F1(); }));
  figures->Add("balanced_accuracy_score", BalancedAccuracy(matrix));
  figures->Add("matthews_corrcoef", MatthewsCorrelation(matrix));
  figures->AddIfDefined("cohen_kappa_score", [&] { return CohenKappa(matrix); });
  if (rows.probabilities.empty()) return;
  const Probabilities probabilities{rows.probabilities, rows.classes.size()};
  if (average != Average::kMicro) {
    figures->AddIfDefined("roc_auc", [&] {
      return RocAucOneVsRest(rows.truth, probabilities, average, rows.weights);
    });
  }
  figures->Add("log_loss", LogLoss(rows.truth, probabilities, rows.weights));
  figures->Add("brier_score_loss", BrierScore(rows.truth, probabilities, rows.weights));
  if (rows.classes.size() > 5) {
    figures->Add("top_3_accuracy", TopKAccuracy(rows.truth, probabilities, 3, rows.weights));
  }
}

void AddRegression(const EvaluationRows& rows, Figures* figures) {
  const auto& y = rows.truth_number;
  const auto& p = rows.predicted_number;
  const auto& w = rows.weights;
  figures->Add("mean_absolute_error", MeanAbsoluteError(y, p, w));
  figures->Add("mean_squared_error", MeanSquaredError(y, p, w));
  figures->Add("root_mean_squared_error", RootMeanSquaredError(y, p, w));
  figures->Add("median_absolute_error", MedianAbsoluteError(y, p, w));
  figures->Add("mean_absolute_percentage_error", MeanAbsolutePercentageError(y, p, w));
  figures->Add("max_error", MaxError(y, p));
  figures->Add("mean_error", MeanError(y, p, w));
  figures->AddIfDefined("r2_score", [&] { return R2(y, p, w); });
  figures->AddIfDefined("explained_variance_score", [&] { return ExplainedVariance(y, p, w); });
  double sum = 0;
  for (size_t i = 0; i < y.size(); ++i) sum += WeightOf(w, i) * y[i];
  figures->Add("sum_on_target", sum);
  figures->Add("mean_on_target", sum / static_cast<double>(y.size()));
  figures->AddIfDefined("pearson_correlation", [&] { return PearsonCorrelation(y, p); });
  figures->AddIfDefined("spearman_correlation", [&] { return SpearmanCorrelation(y, p); });
}

void AddRanking(const EvaluationRows& rows, size_t top, Figures* figures) {
  std::vector<uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return rows.query[a] < rows.query[b]; });
  double queries = 0;
  double ndcg = 0;
  double ndcg_at_top = 0;
  TopItems sum;
  double hits = 0;
  for (size_t begin = 0; begin < order.size();) {
    std::vector<double> relevances;
    std::vector<double> scores;
    size_t end = begin;
    for (; end < order.size() && rows.query[order[end]] == rows.query[order[begin]]; ++end) {
      relevances.push_back(rows.truth_number[order[end]]);
      scores.push_back(rows.predicted_number[order[end]]);
    }
    begin = end;
    ++queries;
    ndcg += NormalizedDiscountedGain(relevances, scores);
    ndcg_at_top += NormalizedDiscountedGain(relevances, scores, top);
    const TopItems items = TopOf(relevances, scores, top);
    sum.precision += items.precision;
    sum.recall += items.recall;
    sum.reciprocal_rank += items.reciprocal_rank;
    sum.average_precision += items.average_precision;
    hits += items.hit ? 1 : 0;
  }
  const auto at = [top](const char* name) { return fmt::format("{}_at_{}", name, top); };
  figures->Add("query_count", queries);
  figures->Add("ndcg", ndcg / queries);
  figures->Add(at("ndcg"), ndcg_at_top / queries);
  figures->Add(at("precision"), sum.precision / queries);
  figures->Add(at("recall"), sum.recall / queries);
  figures->Add(at("hit_rate"), hits / queries);
  figures->Add("mean_reciprocal_rank", sum.reciprocal_rank / queries);
  figures->Add("mean_average_precision", sum.average_precision / queries);
}

std::vector<Figure> FiguresOf(const EvaluationRows& rows, const EvaluationSpec& spec) {
  Figures figures;
  figures.Add("example_count", static_cast<double>(rows.size()));
  switch (rows.task) {
    case Task::kBinary:
      AddBinary(rows, &figures);
      break;
    case Task::kMulticlass:
      AddMulticlass(rows, spec.average, &figures);
      break;
    case Task::kRegression:
      AddRegression(rows, &figures);
      break;
    case Task::kRanking:
      AddRanking(rows, spec.top, &figures);
      break;
  }
  return figures.Take();
}

std::optional<double> FindIn(const std::vector<Figure>& figures, std::string_view name) {
  for (const Figure& figure : figures) {
    if (figure.name == name) return figure.value;
  }
  return std::nullopt;
}

void AddCurves(const EvaluationRows& rows, Evaluation* evaluation) {
  if (rows.task != Task::kBinary || rows.probabilities.empty()) return;
  const std::vector<double> labels = PositiveLabels(rows);
  if (!HasBothClasses(labels)) return;
  evaluation->roc = Thinned(RocCurve(labels, rows.probabilities, rows.weights), kCurvePointsMax);
  evaluation->precision_recall =
      Thinned(PrecisionRecallCurve(labels, rows.probabilities, rows.weights), kCurvePointsMax);
  if (!AreProbabilities(rows.probabilities)) return;
  evaluation->calibration = CalibrationCurve(labels, rows.probabilities, kCalibrationBins);
}

void AddScatter(const EvaluationRows& rows, Evaluation* evaluation) {
  if (rows.task != Task::kRegression) return;
  const size_t count = std::min(rows.size(), kScatterRowsMax);
  for (size_t i = 0; i < count; ++i) {
    const size_t row = i * rows.size() / count;
    evaluation->scatter.push_back({rows.truth_number[row], rows.predicted_number[row]});
  }
}

void AddSlices(const EvaluationRows& rows, const EvaluationSpec& spec, Evaluation* evaluation) {
  for (const auto& column : rows.slices) {
    // One more for the rows that lack the column.
    std::vector<std::vector<uint32_t>> of_value(column.values.size() + 1);
    for (uint32_t row = 0; row < column.of_row.size(); ++row) {
      const int32_t value = column.of_row[row];
      of_value[value < 0 ? column.values.size() : static_cast<size_t>(value)].push_back(row);
    }
    for (size_t i = 0; i < of_value.size(); ++i) {
      const auto count = static_cast<int64_t>(of_value[i].size());
      if (count < std::max<int64_t>(spec.slice_rows_min, 1)) continue;
      evaluation->slices.push_back({column.name,
                                    i < column.values.size() ? column.values[i] : "(missing)",
                                    count, FiguresOf(rows.Subset(of_value[i]), spec)});
    }
  }
  auto& slices = evaluation->slices;
  if (slices.size() > kSlicesMax) {
    std::stable_sort(slices.begin(), slices.end(),
                     [](const Slice& a, const Slice& b) { return a.rows > b.rows; });
    slices.resize(kSlicesMax);
  }
  // What a slice does not define says nothing of it and comes last.
  const double sign = evaluation->more_is_better ? 1 : -1;
  const auto badness = [&](const Slice& slice) {
    const auto value = FindIn(slice.figures, evaluation->main_figure);
    return value ? sign * *value : std::numeric_limits<double>::infinity();
  };
  std::stable_sort(slices.begin(), slices.end(),
                   [&](const Slice& a, const Slice& b) { return badness(a) < badness(b); });
}

Json FiguresJson(const std::vector<Figure>& figures) {
  Json json = Json::MakeObject();
  for (const Figure& figure : figures) {
    // Counts are whole.
    const bool is_whole = figure.value == std::floor(figure.value) && std::abs(figure.value) < 1e15;
    if (is_whole && (figure.name.ends_with("_count") || figure.name.ends_with("positives") ||
                     figure.name.ends_with("negatives"))) {
      json.Set(figure.name, static_cast<int64_t>(figure.value));
    } else {
      json.Set(figure.name, figure.value);
    }
  }
  return json;
}

// A list of one field of a curve's points.
template <typename Point>
Json FieldOf(const std::vector<Point>& points, double Point::*field) {
  Json list = Json::MakeArray();
  for (const Point& point : points) {
    list.Append(std::isfinite(point.*field) ? Json(point.*field) : Json());
  }
  return list;
}

Json ReportJson(const ClassificationReport& report) {
  Json list = Json::MakeArray();
  const auto add = [&](const ClassificationReport::Row& row) {
    list.Append(Json::Of({{"class", row.name},
                          {"precision", row.precision},
                          {"recall", row.recall},
                          {"f1", row.f1},
                          {"support", row.support}}));
  };
  for (const auto& row : report.classes) add(row);
  add(report.macro);
  add(report.weighted);
  return list;
}

}  // namespace

std::string_view TaskName(Task task) {
  return WordsOf(task).name;
}

Task ParseTask(std::string_view name) {
  for (const TaskWords& words : kTasks) {
    if (words.name == name) return words.task;
  }
  throw InvalidArgument("There is no task {}. There are binary, multiclass, regression and ranking",
                        name);
}

std::optional<double> Evaluation::Find(std::string_view figure) const {
  return FindIn(figures, figure);
}

Json Evaluation::ToJson() const {
  Json json = Json::Of({{"task", std::string(TaskName(task))},
                        {"rows", rows},
                        {"rows_left_out", rows_left_out},
                        {"metrics", FiguresJson(figures)},
                        {"main_metric", main_figure},
                        {"more_is_better", more_is_better}});
  if (!classes.empty()) {
    Json names = Json::MakeArray();
    for (const auto& name : classes) names.Append(name);
    json.Set("classes", names);
  }
  if (confusion) {
    Json matrix = Json::MakeArray();
    for (size_t t = 0; t < confusion->classes(); ++t) {
      Json row = Json::MakeArray();
      for (size_t p = 0; p < confusion->classes(); ++p) row.Append(confusion->At(t, p));
      matrix.Append(row);
    }
    json.Set("confusion_matrix", matrix);
  }
  if (report) json.Set("per_class", ReportJson(*report));
  if (!positive.empty()) json.Set("positive_class", positive);
  if (!roc.empty()) {
    json.Set("roc_curve", Json::Of({{"fpr", FieldOf(roc, &RocPoint::false_positive_rate)},
                                    {"tpr", FieldOf(roc, &RocPoint::true_positive_rate)},
                                    {"thresholds", FieldOf(roc, &RocPoint::threshold)}}));
    using Point = PrecisionRecallPoint;
    json.Set("precision_recall_curve",
             Json::Of({{"precision", FieldOf(precision_recall, &Point::precision)},
                       {"recall", FieldOf(precision_recall, &Point::recall)},
                       {"thresholds", FieldOf(precision_recall, &Point::threshold)}}));
  }
  if (!calibration.empty()) {
    json.Set(
        "calibration_curve",
        Json::Of({{"mean_probability", FieldOf(calibration, &CalibrationPoint::mean_probability)},
                  {"positive_share", FieldOf(calibration, &CalibrationPoint::positive_share)},
                  {"samples", FieldOf(calibration, &CalibrationPoint::samples)}}));
  }
  if (!slices.empty()) {
    Json list = Json::MakeArray();
    for (const Slice& slice : slices) {
      list.Append(Json::Of({{"column", slice.column},
                            {"value", slice.value},
                            {"rows", slice.rows},
                            {"metrics", FiguresJson(slice.figures)}}));
    }
    json.Set("slices", list);
  }
  return json;
}

Evaluation Evaluate(analytics::Session& session, const EvaluationSpec& spec) {
  const EvaluationRows rows = ReadRows(session, spec);
  const TaskWords& words = WordsOf(rows.task);
  Evaluation evaluation{.task = rows.task,
                        .rows = static_cast<int64_t>(rows.size()),
                        .rows_left_out = rows.left_out,
                        .figures = FiguresOf(rows, spec),
                        .main_figure = std::string(words.main_figure),
                        .more_is_better = words.more_is_better,
                        .classes = rows.classes};
  // Without probabilities there is no area to compare by.
  if (!evaluation.Find(words.main_figure)) evaluation.main_figure = "f1_score";
  if (rows.task == Task::kBinary) evaluation.positive = rows.classes[rows.positive];
  if (!rows.classes.empty() && rows.classes.size() <= kReportedClassesMax) {
    evaluation.confusion.emplace(rows.truth, rows.predicted, rows.classes.size(), rows.weights);
    evaluation.report = ReportOf(*evaluation.confusion, rows.classes);
  }
  AddCurves(rows, &evaluation);
  AddScatter(rows, &evaluation);
  AddSlices(rows, spec, &evaluation);
  return evaluation;
}

}  // namespace millwright::metrics
