#include "metrics/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/file.h"

namespace millwright::metrics {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/metrics/";

std::string TableSql(const std::string& file) {
  return "read_csv('" + kData + file + "', header = true)";
}

Evaluation Judge(const EvaluationSpec& spec) {
  analytics::Session session;
  return Evaluate(session, spec);
}

EvaluationSpec SpecOf(const Json& golden) {
  const std::string file = golden.GetString("input").substr(std::string("inputs/").size());
  EvaluationSpec spec{.table_sql = TableSql(file), .truth = "y_true", .prediction = "y_pred"};
  const Json& config = golden.At("evaluator_config");
  if (!config.At("sample_weights").is_null()) spec.weight = "weight";
  const std::string average = config.GetString("average", "weighted");
  spec.average = average == "macro"   ? Average::kMacro
                 : average == "micro" ? Average::kMicro
                                      : Average::kWeighted;
  if (file.starts_with("binary")) spec.probabilities = {"proba"};
  if (file.starts_with("multiclass")) {
    for (int c = 0; c < 10; ++c) spec.probabilities.push_back("p" + std::to_string(c));
    // The probabilities are rounded in the file; MLflow had them divided by their sums.
    std::string sum = "(p0";
    for (int c = 1; c < 10; ++c) sum += "+p" + std::to_string(c);
    std::string columns;
    for (int c = 0; c < 10; ++c) {
      columns += fmt::format(", p{0}/{1}) AS p{0}", c, sum);
    }
    spec.table_sql =
        "(SELECT y_true, y_pred, weight" + columns + " FROM " + spec.table_sql + ") evaluated";
  }
  return spec;
}

TEST(Evaluation, LogsWhatMlflowLogs) {
  const Json golden = ParseJson(ReadFile(kData + "mlflow_evaluate.json"));
  size_t compared = 0;
  for (const Json& one : golden.At("cases").AsArray()) {
    SCOPED_TRACE(one.GetString("input") + one.At("evaluator_config").Dump());
    const Evaluation evaluation = Judge(SpecOf(one));
    for (const auto& [name, value] : one.At("metrics").AsObject()) {
      const auto actual = evaluation.Find(name);
      ASSERT_TRUE(actual.has_value()) << name;
      EXPECT_NEAR(*actual, value.AsDouble(), 1e-9 * std::max(1.0, std::abs(value.AsDouble())))
          << name;
      ++compared;
    }
    if (one.At("evaluator_config").GetString("average") == "micro") {
      EXPECT_FALSE(evaluation.Find("roc_auc"));
    }
  }
  EXPECT_GT(compared, 80U);
}

TEST(Evaluation, FindsOutTheTask) {
  EXPECT_EQ(Judge({.table_sql = TableSql("binary_telco_churn.csv.gz"),
                   .truth = "y_true",
                   .prediction = "y_pred"})
                .task,
            Task::kBinary);
  EXPECT_EQ(Judge({.table_sql = TableSql("multiclass_digits.csv.gz"),
                   .truth = "y_true",
                   .prediction = "y_pred"})
                .task,
            Task::kMulticlass);
  EXPECT_EQ(Judge({.table_sql = TableSql("regression_hotel.csv.gz"),
                   .truth = "y_true",
                   .prediction = "y_pred"})
                .task,
            Task::kRegression);
  EXPECT_EQ(Judge({.table_sql = TableSql("ranking_concrete.csv.gz"),
                   .truth = "relevance",
                   .prediction = "score",
                   .query = "query"})
                .task,
            Task::kRanking);
}

TEST(Evaluation, PutsTheWorstSliceFirst) {
  const Evaluation evaluation = Judge({.table_sql = TableSql("binary_telco_churn.csv.gz"),
                                       .truth = "y_true",
                                       .probabilities = {"proba"},
                                       .slices = {"contract", "tenure", "internet_service"}});
  // Three contracts, three services, five ranges of months.
  ASSERT_EQ(evaluation.slices.size(), 11U);
  EXPECT_EQ(evaluation.main_figure, "roc_auc");
  double last = 0;
  int64_t rows = 0;
  for (const Slice& slice : evaluation.slices) {
    for (const Figure& figure : slice.figures) {
      if (figure.name != "roc_auc") continue;
      EXPECT_GE(figure.value, last);
      last = figure.value;
    }
    if (slice.column == "tenure") rows += slice.rows;
  }
  EXPECT_EQ(rows, evaluation.rows);
}

TEST(Evaluation, CountsRowsWithoutTruthOrPrediction) {
  const Evaluation evaluation =
      Judge({.table_sql = "(VALUES ('cat', 'cat'), ('dog', 'cat'), (NULL, 'dog'), ('dog', NULL), "
                          "('bird', 'bird')) t (truth, guess)",
             .truth = "truth",
             .prediction = "guess"});
  EXPECT_EQ(evaluation.rows, 3);
  EXPECT_EQ(evaluation.rows_left_out, 2);
  EXPECT_EQ(evaluation.classes, (std::vector<std::string>{"bird", "cat", "dog"}));
  EXPECT_DOUBLE_EQ(evaluation.Find("accuracy_score").value(), 2.0 / 3);
}

TEST(Evaluation, KnowsAClassByNumberTextAndTruth) {
  // 1, 1.0 and a boolean's text are how different programs write the same labels.
  const Evaluation numbers = Judge({.table_sql = "(VALUES (1, 1.0), (0, 1.0), (0, 0.0)) t (y, p)",
                                    .truth = "y",
                                    .prediction = "p",
                                    .task = Task::kBinary});
  EXPECT_EQ(numbers.Find("true_positives").value(), 1);
  EXPECT_EQ(numbers.Find("false_positives").value(), 1);
  const Evaluation one_class = Judge(
      {.table_sql = "(VALUES (1, 0.9), (1, 0.2)) t (y, p)", .truth = "y", .probabilities = {"p"}});
  EXPECT_EQ(one_class.positive, "1");
  EXPECT_DOUBLE_EQ(one_class.Find("recall_score").value(), 0.5);
  EXPECT_FALSE(one_class.Find("roc_auc"));
  EXPECT_EQ(one_class.main_figure, "f1_score");
}

TEST(Evaluation, RefusesWhatItCannotJudge) {
  const std::string telco = TableSql("binary_telco_churn.csv.gz");
  const auto message = [](const EvaluationSpec& spec) -> std::string {
    try {
      Judge(spec);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument);
      return error.message();
    }
    return "nothing was refused";
  };
  EXPECT_EQ(message({.table_sql = "(SELECT 1 AS a) t", .truth = "b", .prediction = "a"}),
            "There is no column b. There are a");
  EXPECT_EQ(message({.table_sql = telco, .truth = "y_true"}),
            "There must be a column of predictions or of probabilities");
  EXPECT_EQ(message({.table_sql = telco, .truth = "y_true", .probabilities = {"contract"}}),
            "Column contract is text, not a number");
  EXPECT_EQ(message({.table_sql = telco,
                     .truth = "contract",
                     .probabilities = {"proba"},
                     .task = Task::kBinary}),
            "Column contract has 3 classes, not two: Month-to-month, One year, Two year");
  EXPECT_EQ(
      message(
          {.table_sql = telco, .truth = "y_true", .probabilities = {"proba"}, .positive = "yes"}),
      "There is no class yes. There are 0, 1");
  EXPECT_EQ(message({.table_sql = "(SELECT 1 AS y, NULL::DOUBLE AS p) t",
                     .truth = "y",
                     .probabilities = {"p"}}),
            "No row has both y and a prediction");
  EXPECT_EQ(message({.table_sql = "(SELECT 'a' AS y, 0.5 AS q, 0.5 AS r) t",
                     .truth = "y",
                     .probabilities = {"q", "r"}}),
            "The columns of probabilities q, r do not name the classes a");
}

}  // namespace
}  // namespace millwright::metrics
