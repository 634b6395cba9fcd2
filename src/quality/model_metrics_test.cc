#include "quality/model_metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "analytics/session.h"
#include "base/error.h"
#include "base/file.h"

namespace millwright::quality {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/metrics/";

struct Case {
  std::vector<double> labels, probabilities;
};

Case Telco() {
  analytics::Session session;
  const analytics::Table table = session.Query("SELECT y_true, proba FROM read_csv('" + kData +
                                               "binary_telco_churn.csv.gz', header = true)");
  Case telco;
  for (size_t row = 0; row < table.row_count(); ++row) {
    telco.labels.push_back(table.Double(row, 0));
    telco.probabilities.push_back(table.Double(row, 1));
  }
  return telco;
}

Case Inline(const Json& input) {
  Case edge;
  for (const Json& label : input.At("y_true").AsArray()) edge.labels.push_back(label.AsDouble());
  for (const Json& p : input.At("proba").AsArray()) edge.probabilities.push_back(p.AsDouble());
  return edge;
}

std::optional<double> Value(const Case& data, const std::string& metric, double threshold) {
  const ConfusionMatrix matrix = ConfusionAt(data.labels, data.probabilities, threshold);
  if (metric == "accuracy") return matrix.Accuracy();
  if (metric == "precision") return matrix.Precision();
  if (metric == "recall") return matrix.Recall();
  if (metric == "f1") return matrix.F1();
  if (metric == "roc_auc") return RocAuc(data.labels, data.probabilities);
  if (metric.starts_with("log_loss")) return LogLoss(data.labels, data.probabilities);
  if (metric == "brier") return BrierScore(data.labels, data.probabilities);
  return std::nullopt;
}

TEST(ModelMetrics, AgreeWithScikitLearn) {
  const Case telco = Telco();
  int compared = 0;
  const Json golden = ParseJson(ReadFile(kData + "sklearn_binary.json"));
  for (const Json& row : golden.AsArray()) {
    const std::string metric = row.GetString("metric");
    const bool edge = row.GetString("task") == "edge";
    const Case data = edge ? Inline(row.At("input")) : telco;
    if (metric == "roc_auc" && row.Has("error")) {
      EXPECT_THROW(RocAuc(data.labels, data.probabilities), Error);
      continue;
    }
    const std::string average = edge ? "binary" : row.At("params").GetString("average", "binary");
    const Json* params = row.Find("params");
    if (metric == "at_threshold") {
      const Json& value = row.At("value");
      const ConfusionMatrix m =
          ConfusionAt(data.labels, data.probabilities, params->GetDouble("threshold"));
      EXPECT_EQ(value.At("tn_fp_fn_tp").Dump(), Json(Json::Array{m.true_negative, m.false_positive,
                                                                 m.false_negative, m.true_positive})
                                                    .Dump());
      EXPECT_NEAR(value.GetDouble("f1"), m.F1(), 1e-12);
      ++compared;
      continue;
    }
    if (row.Has("error") || average != "binary" || !row.At("value").is_number()) continue;
    const std::optional<double> actual = Value(data, metric, 0.5);
    if (!actual) continue;
    const double expected = row.At("value").AsDouble();
    EXPECT_NEAR(expected, *actual, 1e-9 * std::max(1e-7, std::abs(expected))) << row.Dump();
    ++compared;
  }
  EXPECT_GE(compared, 40);
}

TEST(ModelMetrics, ThinsTheRocCurveAndKeepsItsEnds) {
  const Case telco = Telco();
  const auto points = RocCurve(telco.labels, telco.probabilities);
  ASSERT_EQ(points.size(), kRocPointsMax);
  EXPECT_EQ(points.front().true_positive_rate, 0);
  EXPECT_EQ(points.back().false_positive_rate, 1);
  EXPECT_EQ(points.back().true_positive_rate, 1);
}

TEST(ModelMetrics, RefuseWhatIsNoLabelOrNoScore) {
  const std::vector<double> labels = {0, 1}, nan = {0, NAN}, one = {1};
  EXPECT_THROW(RocAuc(nan, labels), Error);
  EXPECT_THROW(LogLoss(labels, nan), Error);
  EXPECT_THROW(RocAuc(labels, one), Error);
  EXPECT_THROW(RocAuc({}, {}), Error);
  EXPECT_FALSE(EvaluateBinary(one, one).roc_auc);
}

}  // namespace
}  // namespace millwright::quality
