#include "drift/evidently_preset.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/file.h"

namespace millwright::drift {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/stats/";

std::string TableSql(const Json& golden, const std::string& side) {
  // "inputs/flights_jan.csv.gz", of which " head 800" takes the first rows.
  std::string input = golden.At("inputs").GetString(side);
  const size_t head = input.find(" head ");
  const std::string limit = head == std::string::npos ? "" : " LIMIT " + input.substr(head + 6);
  input = input.substr(0, head).substr(std::string("inputs/").size());
  return "(SELECT * FROM read_csv('" + kData + input + "')" + limit + ")";
}

EvidentlyOptions ColumnsOf(const Json& golden) {
  EvidentlyOptions options;
  const Json& definition = golden.At("data_definition");
  options.numeric = definition.GetStrings("numerical_columns");
  options.categorical = definition.GetStrings("categorical_columns");
  // What the definition does not say, Evidently finds out.
  if (options.numeric.empty() || options.categorical.empty()) return options;
  options.columns = options.numeric;
  options.columns.insert(options.columns.end(), options.categorical.begin(),
                         options.categorical.end());
  return options;
}

EvidentlyOptions OptionsOf(const Json& golden) {
  EvidentlyOptions options = ColumnsOf(golden);
  const Json& config = golden.At("report").At("metrics").AsArray()[0].At("config");
  options.drift_share = config.At("drift_share").AsDouble();
  options.numeric_method = config.GetString("num_method");
  options.categorical_method = config.GetString("cat_method");
  if (const Json* methods = config.Find("per_column_method"); methods && methods->is_object()) {
    for (const auto& [column, method] : methods->AsObject()) {
      options.methods[column] = method.AsString();
    }
  }
  if (const Json* limits = config.Find("per_column_threshold"); limits && limits->is_object()) {
    for (const auto& [column, limit] : limits->AsObject()) {
      options.thresholds[column] = limit.AsDouble();
    }
  }
  return options;
}

// The entry of a list whose `key` is `text`.
const Json* FindBy(const Json& list, const std::string& key, const std::string& text) {
  for (const Json& item : list.AsArray()) {
    if (item.GetString(key) == text) return &item;
  }
  return nullptr;
}

// With default methods the names and the words are Evidently's too; a method that was chosen is
// named by its short name in a metric.
void CheckColumn(const Json& expected, const Json& ours, bool has_methods) {
  const std::string column = expected.At("config").GetString("column");
  const Json* found = nullptr;
  for (const Json& metric : ours.At("metrics").AsArray()) {
    if (metric.At("config").GetString("column") == column) found = &metric;
  }
  ASSERT_NE(found, nullptr) << column;
  const double score = expected.At("value").AsDouble();
  EXPECT_NEAR(found->At("value").AsDouble(), score, std::max(1e-12, 1e-7 * score)) << column;
  if (has_methods) return;
  EXPECT_EQ(found->At("config"), expected.At("config"));
  EXPECT_EQ(found->GetString("metric_name"), expected.GetString("metric_name"));
}

void Check(const std::string& name) {
  SCOPED_TRACE(name);
  analytics::Session session;
  const Json golden = ParseJson(ReadFile(kData + "reports/" + name + ".json"));
  const EvidentlyOptions options = OptionsOf(golden);
  session.Execute("CREATE TABLE reference AS SELECT * FROM " + TableSql(golden, "reference"));
  session.Execute("CREATE TABLE current AS SELECT * FROM " + TableSql(golden, "current"));
  const DriftReport report = CompareAsEvidently(session, "reference", "current", options);
  const Json ours = EvidentlyJson(report);
  const Json& expected = golden.At("report");
  const auto& metrics = expected.At("metrics").AsArray();
  const auto& tests = expected.At("tests").AsArray();
  ASSERT_EQ(ours.At("metrics").AsArray().size(), metrics.size()) << report.ToJson().Dump();
  EXPECT_EQ(ours.At("metrics").AsArray()[0].At("value"), metrics[0].At("value"));
  const bool has_methods = !options.numeric_method.empty();
  for (size_t i = 1; i < metrics.size(); ++i) CheckColumn(metrics[i], ours, has_methods);
  ASSERT_EQ(ours.At("tests").AsArray().size(), tests.size());
  for (const Json& test : tests) {
    const Json* same = FindBy(ours.At("tests"), "name", test.GetString("name"));
    ASSERT_NE(same, nullptr) << test.GetString("name");
    EXPECT_EQ(same->GetString("status"), test.GetString("status")) << test.GetString("name");
    EXPECT_EQ(same->GetString("description"), test.GetString("description"));
  }
}

TEST(EvidentlyPreset, GivesTheReportsOfEvidently) {
  for (const char* name :
       {"drift_breast_cancer", "drift_flights_first800", "drift_flights_jan_feb",
        "drift_flights_jan_jun", "drift_flights_methods", "drift_weather", "drift_wine"}) {
    Check(name);
  }
}

TEST(EvidentlyPreset, WritesTheShapeBefore07) {
  analytics::Session session;
  const DriftReport report =
      CompareAsEvidently(session, "(SELECT range::DOUBLE AS x, 'a' AS s FROM range(2000))",
                         "(SELECT range::DOUBLE + 900 AS x, 'a' AS s FROM range(2000))");
  const Json result = LegacyEvidentlyJson(report).At("metrics").AsArray()[1].At("result");
  EXPECT_EQ(result.GetInt("number_of_columns"), 2);
  EXPECT_EQ(result.GetInt("number_of_drifted_columns"), 1);
  EXPECT_EQ(result.GetDouble("share_of_drifted_columns"), 0.5);
  EXPECT_TRUE(result.GetBool("dataset_drift"));
  const Json& x = result.At("drift_by_columns").At("x");
  EXPECT_EQ(x.GetString("stattest_name"), "Wasserstein distance (normed)");
  EXPECT_TRUE(x.GetBool("drift_detected"));
  EXPECT_NEAR(x.GetDouble("drift_score"), 900 / 577.35, 1e-3);
}

TEST(EvidentlyPreset, SaysWhatCannotBeCompared) {
  analytics::Session session;
  const DriftReport report = CompareAsEvidently(
      session,
      "(SELECT 1.5 AS x, NULL::DOUBLE AS empty, 'text ' || range AS words, 1 AS gone FROM "
      "range(50))",
      "(SELECT 1.5 AS x, 1.0::DOUBLE AS empty, 'text' AS words FROM range(50))",
      {.methods = {{"x", "t_test"}}});
  ASSERT_EQ(report.features.size(), 4u);
  EXPECT_EQ(report.features[0].status, DriftStatus::kNotApplicable);
  EXPECT_EQ(report.features[1].status, DriftStatus::kNotEnoughData);
  EXPECT_EQ(report.features[2].status, DriftStatus::kNotApplicable);
  EXPECT_EQ(report.features[3].status, DriftStatus::kMissingColumn);
  EXPECT_FALSE(report.has_drifted());
  EXPECT_THROW(CompareAsEvidently(session, "(SELECT 1 AS x)", "(SELECT 1 AS x)",
                                  {.methods = {{"x", "psy"}}}),
               Error);
}

}  // namespace
}  // namespace millwright::drift
