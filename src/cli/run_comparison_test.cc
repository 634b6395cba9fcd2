#include "cli/run_comparison.h"

#include <gtest/gtest.h>

namespace millwright::cli {
namespace {

Json RunOf(const char* data) {
  return Json::Of({{"data", ParseJson(data)}});
}

TEST(RunComparison, TellsDifferencesFromWhatIsTheSame) {
  auto comparison = CompareRuns(
      {RunOf(R"({"params": [{"key": "lr", "value": "0.1"}, {"key": "depth", "value": "4"}],
               "metrics": [{"key": "auc", "value": 0.5}, {"key": "loss", "value": 2}]})"),
       RunOf(R"({"params": [{"key": "lr", "value": "0.2"}, {"key": "depth", "value": "4"}],
               "metrics": [{"key": "auc", "value": 0.75}, {"key": "loss", "value": 2.0}]})")});
  EXPECT_EQ(KeepDifferences(&comparison), 2U);
  ASSERT_EQ(comparison.params.size(), 1U);
  EXPECT_EQ(comparison.params[0].values, (std::vector<Json>{"0.1", "0.2"}));
  ASSERT_EQ(comparison.metrics.size(), 1U);
  EXPECT_EQ(comparison.metrics[0].deltas, (std::vector<Json>{0.0, 0.25}));
}

TEST(RunComparison, ShowsWhatOnlySomeRunsHave) {
  const auto comparison = CompareRuns(
      {RunOf(R"({"metrics": [{"key": "auc", "value": 0.5}]})"), RunOf("{}"),
       RunOf(
           R"({"params": [{"key": "lr", "value": ""}], "metrics": [{"key": "auc", "value": 1}]})")});
  ASSERT_EQ(comparison.params.size(), 1U);
  EXPECT_EQ(comparison.params[0].values, (std::vector<Json>{nullptr, nullptr, ""}));
  EXPECT_FALSE(comparison.params[0].is_same);
  EXPECT_EQ(comparison.metrics[0].deltas, (std::vector<Json>{0.0, nullptr, 0.5}));
}

TEST(RunComparison, TakesNanForTheSameAsNanAndGivesItNoDelta) {
  const auto comparison = CompareRuns(
      {RunOf(R"({"metrics": [{"key": "a", "value": "NaN"}, {"key": "b", "value": 1}]})"),
       RunOf(R"({"metrics": [{"key": "a", "value": "NaN"}, {"key": "b", "value": "NaN"}]})")});
  EXPECT_TRUE(comparison.metrics[0].is_same);
  EXPECT_FALSE(comparison.metrics[1].is_same);
  EXPECT_TRUE(comparison.metrics[1].deltas[1].is_null());
}

TEST(RunComparison, LeavesOutTagsThatNameTheRunItself) {
  const auto comparison = CompareRuns(
      {RunOf(
           R"({"tags": [{"key": "mlflow.runName", "value": "a"}, {"key": "team", "value": "x"}]})"),
       RunOf(
           R"({"tags": [{"key": "mlflow.runName", "value": "b"}, {"key": "team", "value": "x"}]})")});
  ASSERT_EQ(comparison.tags.size(), 1U);
  EXPECT_TRUE(comparison.tags[0].is_same);
}

}  // namespace
}  // namespace millwright::cli
