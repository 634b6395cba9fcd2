// Every metric of tests/data/metrics/sklearn_metrics.json, as scikit-learn computed it.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "analytics/session.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "metrics/binary.h"
#include "metrics/clustering.h"
#include "metrics/confusion.h"
#include "metrics/correlation.h"
#include "metrics/multiclass.h"
#include "metrics/ranking.h"
#include "metrics/regression.h"

namespace millwright::metrics {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/metrics/";

using Column = std::vector<double>;
using Columns = std::map<std::string, Column>;

Columns ReadColumns(const std::string& file) {
  analytics::Session session;
  const auto table = session.Query("SELECT * FROM read_csv('" + kData + file + "', header = true)");
  Columns columns;
  for (size_t c = 0; c < table.columns().size(); ++c) {
    const auto type = table.columns()[c].type;
    if (type != analytics::ColumnType::kInteger && type != analytics::ColumnType::kDouble) continue;
    Column& column = columns[table.columns()[c].name];
    for (size_t row = 0; row < table.row_count(); ++row) column.push_back(table.Double(row, c));
  }
  return columns;
}

std::vector<int32_t> LabelsOf(const Column& column) {
  return std::vector<int32_t>(column.begin(), column.end());
}

Column NumbersOf(const Json& list) {
  Column numbers;
  for (const Json& number : list.AsArray()) numbers.push_back(number.AsDouble());
  return numbers;
}

Json ListOf(const std::vector<double>& numbers) {
  Json list = Json::MakeArray();
  for (const double number : numbers) list.Append(number);
  return list;
}

Json MatrixOf(const std::vector<std::vector<double>>& rows) {
  Json matrix = Json::MakeArray();
  for (const auto& row : rows) matrix.Append(ListOf(row));
  return matrix;
}

// Compares what scikit-learn gave with what we give, number by number.
void ExpectSame(const Json& expected, const Json& actual, double tolerance,
                const std::string& where) {
  if (expected.is_object()) {
    for (const auto& [key, value] : expected.AsObject()) {
      ASSERT_TRUE(actual.Has(key)) << where << "." << key;
      ExpectSame(value, actual.At(key), tolerance, where + "." + key);
    }
  } else if (expected.is_array()) {
    ASSERT_TRUE(actual.is_array()) << where;
    ASSERT_EQ(expected.AsArray().size(), actual.AsArray().size()) << where;
    for (size_t i = 0; i < expected.AsArray().size(); ++i) {
      ExpectSame(expected.AsArray()[i], actual.AsArray()[i], tolerance,
                 where + "[" + std::to_string(i) + "]");
    }
  } else if (expected.is_string()) {
    if (expected.AsString() == "NaN") {
      EXPECT_TRUE(std::isnan(actual.AsDouble())) << where;
    } else if (expected.AsString() == "Infinity") {
      EXPECT_TRUE(std::isinf(actual.AsDouble())) << where;
    } else {
      EXPECT_EQ(expected.AsString(), actual.AsString()) << where;
    }
  } else {
    ASSERT_FALSE(actual.is_array()) << where;
    const double want = expected.AsDouble();
    EXPECT_NEAR(want, actual.AsDouble(), tolerance * std::max(std::abs(want), 1e-6)) << where;
  }
}

// The points that the file holds of a curve.
template <typename Point>
Json Sampled(const Json& value, const std::vector<Point>& points, const char* count,
             const std::map<std::string, double Point::*>& fields) {
  Json out = Json::Of({{count, static_cast<int64_t>(points.size())}});
  out.Set("sampled_index", value.At("sampled_index"));
  for (const auto& [name, field] : fields) {
    if (!value.Has(name)) continue;
    Json list = Json::MakeArray();
    for (const Json& index : value.At("sampled_index").AsArray()) {
      list.Append(points.at(static_cast<size_t>(index.AsInt())).*field);
    }
    out.Set(name, list);
  }
  return out;
}

struct Row {
  const Json& json;
  const Json& params;
  std::string metric;
  Weights weights;

  double Param(const char* name) const { return params.At(name).AsDouble(); }
  Average AverageOf() const {
    const std::string name = params.GetString("average");
    return name == "macro"      ? Average::kMacro
           : name == "weighted" ? Average::kWeighted
                                : Average::kMicro;
  }
};

Json FiguresOf(const Row& row, const ConfusionMatrix& matrix,
               const std::function<double(const ClassCounts&)>& figure, double beta) {
  // None of them is the class 1 alone, which scikit-learn calls binary; null is each class.
  const bool is_each = row.params.Has("average") && row.params.At("average").is_null();
  const std::string average = is_each                     ? ""
                              : row.params.Has("average") ? row.params.GetString("average")
                                                          : "binary";
  if (average == "binary") return figure(CountsOf(matrix, 1));
  if (average.empty()) {
    std::vector<double> figures;
    for (size_t c = 0; c < matrix.classes(); ++c) figures.push_back(figure(CountsOf(matrix, c)));
    return ListOf(figures);
  }
  if (row.metric == "precision") {
    return Averaged(matrix, row.AverageOf(), [](const ClassCounts& c) { return c.Precision(); });
  }
  if (row.metric == "recall") {
    return Averaged(matrix, row.AverageOf(), [](const ClassCounts& c) { return c.Recall(); });
  }
  if (row.metric == "jaccard") {
    return Averaged(matrix, row.AverageOf(), [](const ClassCounts& c) { return c.Jaccard(); });
  }
  return AveragedFBeta(matrix, row.AverageOf(), beta);
}

Json ReportJson(const ClassificationReport& report) {
  Json json = Json::Of({{"accuracy", report.accuracy}});
  const auto add = [&](const ClassificationReport::Row& row) {
    json.Set(row.name, Json::Of({{"precision", row.precision},
                                 {"recall", row.recall},
                                 {"f1-score", row.f1},
                                 {"support", row.support}}));
  };
  for (const auto& row : report.classes) add(row);
  add(report.macro);
  add(report.weighted);
  return json;
}

std::optional<Json> OfMatrix(const Row& row, const ConfusionMatrix& matrix) {
  const std::string& metric = row.metric;
  if (metric == "accuracy") return Accuracy(matrix);
  if (metric == "zero_one_loss" || metric == "hamming_loss") return 1 - Accuracy(matrix);
  if (metric == "mcc") return MatthewsCorrelation(matrix);
  if (metric == "balanced_accuracy") return BalancedAccuracy(matrix);
  if (metric == "balanced_accuracy_adjusted") return BalancedAccuracy(matrix, true);
  if (metric == "cohen_kappa") {
    const std::string weights = row.params.Has("weights") && row.params.At("weights").is_string()
                                    ? row.params.GetString("weights")
                                    : "";
    return CohenKappa(matrix, weights == "linear"      ? KappaWeights::kLinear
                              : weights == "quadratic" ? KappaWeights::kQuadratic
                                                       : KappaWeights::kNone);
  }
  if (metric == "precision") {
    return FiguresOf(
        row, matrix, [](const ClassCounts& c) { return c.Precision(); }, 1);
  }
  if (metric == "recall") {
    return FiguresOf(
        row, matrix, [](const ClassCounts& c) { return c.Recall(); }, 1);
  }
  if (metric == "jaccard") {
    return FiguresOf(
        row, matrix, [](const ClassCounts& c) { return c.Jaccard(); }, 1);
  }
  if (metric == "f1" || metric == "fbeta") {
    const double beta = metric == "f1" ? 1 : row.Param("beta");
    return FiguresOf(
        row, matrix, [beta](const ClassCounts& c) { return c.FBeta(beta); }, beta);
  }
  if (metric == "confusion_matrix") {
    using Normalization = ConfusionMatrix::Normalization;
    const std::string by = row.params.Has("normalize") && row.params.At("normalize").is_string()
                               ? row.params.GetString("normalize")
                               : "";
    if (!by.empty()) {
      return MatrixOf(matrix.Normalized(by == "true"   ? Normalization::kTruth
                                        : by == "pred" ? Normalization::kPrediction
                                                       : Normalization::kAll));
    }
    std::vector<std::vector<double>> cells(matrix.classes());
    for (size_t t = 0; t < matrix.classes(); ++t) {
      for (size_t p = 0; p < matrix.classes(); ++p) cells[t].push_back(matrix.At(t, p));
    }
    return MatrixOf(cells);
  }
  if (metric == "multilabel_confusion_matrix") {
    Json all = Json::MakeArray();
    for (size_t c = 0; c < matrix.classes(); ++c) {
      const ClassCounts counts = CountsOf(matrix, c);
      all.Append(MatrixOf({{counts.true_negative, counts.false_positive},
                           {counts.false_negative, counts.true_positive}}));
    }
    return all;
  }
  if (metric == "classification_report" || metric == "classification_report_text") {
    std::vector<std::string> names;
    for (size_t c = 0; c < matrix.classes(); ++c) names.push_back(std::to_string(c));
    const ClassificationReport report = ReportOf(matrix, names);
    if (metric == "classification_report_text") return Json(report.ToText(4));
    return ReportJson(report);
  }
  return std::nullopt;
}

std::optional<Json> OfScores(const Row& row, Numbers labels, Numbers scores) {
  const std::string& metric = row.metric;
  const Weights weights = row.weights;
  if (metric == "roc_auc") return RocAuc(labels, scores, weights);
  if (metric == "gini") return 2 * RocAuc(labels, scores, weights) - 1;
  if (metric == "roc_auc_max_fpr") return RocAuc(labels, scores, weights, row.Param("max_fpr"));
  if (metric == "average_precision") return AveragePrecision(labels, scores, weights);
  if (metric == "pr_auc_trapezoid") return PrecisionRecallAuc(labels, scores, weights);
  if (metric.starts_with("log_loss")) return LogLoss(labels, scores, weights);
  if (metric == "brier") return BrierScore(labels, scores, weights);
  if (metric == "ks_separation") return KsSeparation(labels, scores, weights);
  if (metric == "ece") {
    return ExpectedCalibrationError(labels, scores, static_cast<size_t>(row.Param("n_bins")));
  }
  if (metric == "calibration_curve") {
    std::vector<double> truth, predicted;
    for (const auto& point :
         CalibrationCurve(labels, scores, static_cast<size_t>(row.Param("n_bins")),
                          row.params.GetString("strategy") == "quantile" ? Binning::kQuantile
                                                                         : Binning::kUniform)) {
      truth.push_back(point.positive_share);
      predicted.push_back(point.mean_probability);
    }
    return Json::Of({{"prob_true", ListOf(truth)}, {"prob_pred", ListOf(predicted)}});
  }
  if (metric == "roc_curve") {
    return Sampled<RocPoint>(row.json.At("value"), RocCurve(labels, scores, weights), "n_points",
                             {{"fpr", &RocPoint::false_positive_rate},
                              {"tpr", &RocPoint::true_positive_rate},
                              {"thresholds", &RocPoint::threshold}});
  }
  if (metric == "precision_recall_curve") {
    return Sampled<PrecisionRecallPoint>(
        row.json.At("value"), PrecisionRecallCurve(labels, scores, weights), "n_thresholds",
        {{"precision", &PrecisionRecallPoint::precision},
         {"recall", &PrecisionRecallPoint::recall},
         {"thresholds", &PrecisionRecallPoint::threshold}});
  }
  if (metric == "det_curve") {
    return Sampled<DetPoint>(row.json.At("value"), DetCurve(labels, scores, weights),
                             "n_thresholds",
                             {{"fpr", &DetPoint::false_positive_rate},
                              {"fnr", &DetPoint::false_negative_rate},
                              {"thresholds", &DetPoint::threshold}});
  }
  if (metric == "at_threshold") {
    std::vector<int32_t> predicted;
    for (const double score : scores) predicted.push_back(score >= row.Param("threshold") ? 1 : 0);
    const Column column(labels.begin(), labels.end());
    const ClassCounts counts = CountsOf(ConfusionMatrix(LabelsOf(column), predicted, 2), 1);
    return Json::Of({{"tn_fp_fn_tp", ListOf({counts.true_negative, counts.false_positive,
                                             counts.false_negative, counts.true_positive})},
                     {"precision", counts.Precision()},
                     {"recall", counts.Recall()},
                     {"f1", counts.F1()}});
  }
  return std::nullopt;
}

std::optional<Json> OfProbabilities(const Row& row, Labels labels,
                                    const Probabilities& probabilities) {
  const std::string& metric = row.metric;
  if (metric == "roc_auc") {
    return row.params.GetString("multi_class") == "ovo"
               ? RocAucOneVsOne(labels, probabilities, row.AverageOf())
               : RocAucOneVsRest(labels, probabilities, row.AverageOf(), row.weights);
  }
  if (metric == "roc_auc_per_class") {
    return ListOf(RocAucOfClasses(labels, probabilities, row.weights));
  }
  if (metric == "average_precision") {
    if (row.params.At("average").is_null()) {
      return ListOf(AveragePrecisionOfClasses(labels, probabilities, row.weights));
    }
    return AveragePrecision(labels, probabilities, row.AverageOf(), row.weights);
  }
  if (metric == "top_k_accuracy") {
    return TopKAccuracy(labels, probabilities, static_cast<size_t>(row.Param("k")), row.weights);
  }
  if (metric == "multiclass_brier") return BrierScore(labels, probabilities, row.weights);
  if (metric == "log_loss") return LogLoss(labels, probabilities, row.weights);
  return std::nullopt;
}

Json ErrorStatistics(Numbers truth, Numbers predicted) {
  const auto n = static_cast<double>(truth.size());
  const double mean = MeanError(truth, predicted);
  const double mean_absolute = MeanAbsoluteError(truth, predicted);
  const double square = MeanSquaredError(truth, predicted);
  return Json::Of(
      {{"mean_error", mean},
       {"error_std_ddof1", std::sqrt((square - mean * mean) * n / (n - 1))},
       {"abs_error_std_ddof1", std::sqrt((square - mean_absolute * mean_absolute) * n / (n - 1))},
       {"abs_error_max", MaxError(truth, predicted)},
       {"smape", SymmetricPercentageError(truth, predicted)},
       {"pearson", PearsonCorrelation(truth, predicted)},
       {"spearman", SpearmanCorrelation(truth, predicted)},
       {"kendall", KendallCorrelation(truth, predicted)}});
}

std::optional<Json> OfNumbers(const Row& row, const Column& truth, const Column& predicted) {
  const std::string& metric = row.metric;
  const Weights w = row.weights;
  Column positive_truth, positive;
  for (size_t i = 0; i < truth.size(); ++i) {
    positive_truth.push_back(std::max(truth[i], 0.0));
    positive.push_back(std::max(predicted[i], 0.01));
  }
  if (metric == "mean_squared_error") return MeanSquaredError(truth, predicted, w);
  if (metric == "root_mean_squared_error" || metric == "rmse") {
    return RootMeanSquaredError(truth, predicted, w);
  }
  if (metric == "mean_absolute_error") return MeanAbsoluteError(truth, predicted, w);
  if (metric == "mean_absolute_percentage_error" || metric == "mape") {
    return MeanAbsolutePercentageError(truth, predicted, w);
  }
  if (metric == "median_absolute_error") return MedianAbsoluteError(truth, predicted, w);
  if (metric == "r2_score" || metric == "r2") return R2(truth, predicted, w);
  if (metric.starts_with("explained_variance")) return ExplainedVariance(truth, predicted, w);
  if (metric == "d2_absolute_error_score") return D2AbsoluteError(truth, predicted, w);
  if (metric == "d2_tweedie_score") return D2Tweedie(truth, predicted, 0, w);
  if (metric == "mean_pinball_loss") return PinballLoss(truth, predicted, row.Param("alpha"), w);
  if (metric == "d2_pinball_score") return D2Pinball(truth, predicted, row.Param("alpha"), w);
  if (metric == "mean_squared_log_error") return MeanSquaredLogError(positive_truth, positive, w);
  if (metric == "root_mean_squared_log_error") {
    return std::sqrt(MeanSquaredLogError(positive_truth, positive, w));
  }
  if (metric.ends_with("_deviance") || metric.starts_with("mean_tweedie_deviance")) {
    return TweedieDeviance(positive_truth, positive, row.Param("power"), w);
  }
  if (metric == "max_error") return MaxError(truth, predicted);
  if (metric == "error_stats") return ErrorStatistics(truth, predicted);
  return std::nullopt;
}

std::optional<Json> OfQuery(const Row& row, const Columns& columns) {
  Column relevances, relevant, scores;
  for (size_t i = 0; i < columns.at("query").size(); ++i) {
    if (columns.at("query")[i] != row.Param("query")) continue;
    relevances.push_back(columns.at("relevance")[i]);
    relevant.push_back(columns.at("relevance")[i] >= 3 ? 1 : 0);
    scores.push_back(columns.at("score")[i]);
  }
  std::optional<size_t> k;
  if (row.params.Has("k") && !row.params.At("k").is_null()) k = static_cast<size_t>(row.Param("k"));
  if (row.metric == "ndcg") return NormalizedDiscountedGain(relevances, scores, k);
  if (row.metric == "dcg") return DiscountedGain(relevances, scores, k);
  if (row.metric == "lrap") return LabelRankingAveragePrecision(relevant, scores);
  if (row.metric == "coverage_error") return CoverageError(relevant, scores);
  if (row.metric == "label_ranking_loss") return RankingLoss(relevant, scores);
  if (row.metric == "own_at_k") {
    const TopItems top = TopOf(relevant, scores, 5);
    return Json::Of({{"precision@5", top.precision},
                     {"recall@5", top.recall},
                     {"mrr", top.reciprocal_rank},
                     {"ap", top.average_precision},
                     {"hit@5", top.hit ? 1 : 0}});
  }
  return std::nullopt;
}

std::optional<Json> OfClusters(const Row& row, const Columns& columns) {
  const auto classes = LabelsOf(columns.at("label_true"));
  const auto clusters = LabelsOf(columns.at("cluster"));
  Column values;
  for (size_t i = 0; i < classes.size(); ++i) {
    for (int d = 0; d < 13; ++d) values.push_back(columns.at("f" + std::to_string(d))[i]);
  }
  const Points points{values, 13};
  const std::string& metric = row.metric;
  if (metric == "adjusted_rand_score") return AdjustedRand(classes, clusters);
  if (metric == "adjusted_mutual_info_score") return AdjustedMutualInformation(classes, clusters);
  if (metric == "normalized_mutual_info_score" || metric == "v_measure_score") {
    return NormalizedMutualInformation(classes, clusters);
  }
  if (metric == "homogeneity_score") return Homogeneity(classes, clusters);
  if (metric == "completeness_score") return Completeness(classes, clusters);
  if (metric == "fowlkes_mallows_score") return FowlkesMallows(classes, clusters);
  if (metric == "silhouette_score") return Silhouette(points, clusters);
  if (metric == "calinski_harabasz_score") return CalinskiHarabasz(points, clusters);
  if (metric == "davies_bouldin_score") return DaviesBouldin(points, clusters);
  if (metric == "contingency_matrix") {
    std::vector<std::vector<double>> cells;
    for (const auto& counts : Contingency(classes, clusters)) {
      cells.emplace_back(counts.begin(), counts.end());
    }
    return MatrixOf(cells);
  }
  return std::nullopt;
}

struct Inputs {
  Columns columns;
  size_t classes = 0;
  Column probabilities;  // of several classes, rows made to sum to 1
};

Inputs InputsOf(const std::string& file) {
  Inputs inputs{ReadColumns(file.substr(file.find('/') + 1)), 0, {}};
  if (inputs.columns.contains("p9")) {
    inputs.classes = 10;
    for (size_t i = 0; i < inputs.columns.at("p0").size(); ++i) {
      double sum = 0;
      for (size_t c = 0; c < 10; ++c) sum += inputs.columns.at("p" + std::to_string(c))[i];
      for (size_t c = 0; c < 10; ++c) {
        inputs.probabilities.push_back(inputs.columns.at("p" + std::to_string(c))[i] / sum);
      }
    }
  }
  return inputs;
}

std::optional<Json> Compute(const Row& row, const std::string& task, const Inputs& inputs) {
  const Columns& columns = inputs.columns;
  if (task == "ranking") return OfQuery(row, columns);
  if (task == "clustering") return OfClusters(row, columns);
  const Column& truth = columns.at("y_true");
  const Column& predicted = columns.at("y_pred");
  if (task == "regression") return OfNumbers(row, truth, predicted);
  if (columns.contains("proba")) {
    if (auto of_scores = OfScores(row, truth, columns.at("proba"))) return of_scores;
  }
  if (inputs.classes > 0) {
    if (auto figure = OfProbabilities(row, LabelsOf(truth), {inputs.probabilities, 10})) {
      return figure;
    }
  }
  if (task == "edge" && !columns.contains("proba")) return OfNumbers(row, truth, predicted);
  return OfMatrix(row, ConfusionMatrix(LabelsOf(truth), LabelsOf(predicted),
                                       std::max<size_t>(inputs.classes, 2), row.weights));
}

TEST(ScikitLearn, AgreesInEveryMetric) {
  std::map<std::string, Inputs> files;
  const Json golden = ParseJson(ReadFile(kData + "sklearn_metrics.json"));
  size_t compared = 0;
  for (const Json& json : golden.AsArray()) {
    const std::string task = json.GetString("task");
    Inputs inline_inputs;
    const Inputs* inputs = &inline_inputs;
    SCOPED_TRACE(json.GetString("call"));
    std::string where = task + " " + json.GetString("metric") + " " + json.At("params").Dump();
    if (json.At("input").is_object()) {
      for (const auto& [name, value] : json.At("input").AsObject()) {
        if (name != "name") inline_inputs.columns[name] = NumbersOf(value);
      }
      where += " " + json.At("input").GetString("name");
    } else {
      const std::string file = json.GetString("input");
      if (!files.contains(file)) files[file] = InputsOf(file);
      inputs = &files[file];
    }
    Row row{json, json.At("params"), json.GetString("metric"), {}};
    if (row.params.GetString("sample_weight") == "weight") {
      row.weights = inputs->columns.at("weight");
    }
    // scikit-learn asks for both labels where ours are always 0 and 1.
    const bool is_named = row.metric == "log_loss" && json.Has("error");
    if (json.Has("error") && !is_named) {
      EXPECT_THROW(Compute(row, task, *inputs), Error) << where;
    } else if (!is_named) {
      const bool is_loose = row.metric.ends_with("deviance") || row.metric == "silhouette_score" ||
                            row.metric == "adjusted_mutual_info_score";
      const std::optional<Json> actual = Compute(row, task, *inputs);
      ASSERT_TRUE(actual.has_value()) << "nothing computes " << where;
      ExpectSame(json.At("value"), *actual, is_loose ? 1e-8 : 1e-9, where);
    }
    ++compared;
  }
  EXPECT_EQ(compared, 372U);
}

}  // namespace
}  // namespace millwright::metrics
