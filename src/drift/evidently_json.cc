// The two JSON shapes in which scripts read Evidently's drift reports.
#include <fmt/format.h>

#include "drift/evidently_preset.h"
#include "statistics/drift_tests.h"

namespace millwright::drift {
namespace {

// What Evidently calls a test; our own method is PSI as well.
std::string TitleOf(const FeatureDrift& feature) {
  for (const statistics::DriftTest& test : statistics::DriftTests()) {
    if (test.name == feature.method) return std::string(test.title);
  }
  return feature.method;
}

// Python prints a whole float with ".0".
std::string NumberText(double value) {
  const std::string text = fmt::format("{}", value);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

Json ValueMetric(const FeatureDrift& feature) {
  const std::string title = TitleOf(feature);
  return Json::Of({{"id", "drift-" + feature.name},
                   {"metric_name", fmt::format("ValueDrift(column={},method={},threshold={})",
                                               feature.name, title, NumberText(feature.threshold))},
                   {"config", Json::Of({{"type", "evidently:metric_v2:ValueDrift"},
                                        {"column", feature.name},
                                        {"method", title},
                                        {"threshold", feature.threshold}})},
                   {"value", *feature.score}});
}

Json CountMetric(const DriftReport& report) {
  return Json::Of({{"id", "drifted-columns"},
                   {"metric_name", fmt::format("DriftedColumnsCount(drift_share={})",
                                               NumberText(report.drift_share))},
                   {"config", Json::Of({{"type", "evidently:metric_v2:DriftedColumnsCount"},
                                        {"drift_share", report.drift_share}})},
                   {"value", Json::Of({{"count", static_cast<double>(report.drifted())},
                                       {"share", report.share()}})}});
}

Json CountTest(const DriftReport& report) {
  const bool failed = report.has_drifted();
  const Json test = Json::Of({{"type", "evidently:test_v2:LessThanMetricTest"},
                              {"is_critical", true},
                              {"alias", Json()},
                              {"label_filters", Json()},
                              {"threshold", report.drift_share}});
  return Json::Of(
      {{"id", "lt"},
       {"name", fmt::format("Share of Drifted Columns: Less {:.3f}", report.drift_share)},
       {"description", fmt::format("Share of Drifted Columns: Actual value {:.3f} {} {:.3f}",
                                   report.share(), failed ? ">=" : "<", report.drift_share)},
       {"metric_config",
        Json::Of({{"metric_id", "drifted-columns"}, {"params", CountMetric(report).At("config")}})},
       {"test_config", test},
       {"status", failed ? "FAIL" : "SUCCESS"},
       {"bound_test", Json::Of({{"type", "evidently:bound_test:CountBoundTest"},
                                {"test", test},
                                {"metric_fingerprint", "drifted-columns"},
                                {"is_count", false}})}});
}

Json ValueTest(const FeatureDrift& feature) {
  return Json::Of(
      {{"id", "drift"},
       {"name", "Value Drift for column " + feature.name},
       {"description",
        fmt::format("Drift score is {:.2f}. The drift detection method is {}. The drift threshold "
                    "is {:.2f}.",
                    *feature.score, TitleOf(feature), feature.threshold)},
       {"metric_config", Json::Of({{"metric_id", "drift-" + feature.name},
                                   {"params", ValueMetric(feature).At("config")}})},
       {"test_config", Json::MakeObject()},
       {"status", feature.drifted ? "FAIL" : "SUCCESS"},
       {"bound_test", Json::Of({{"type", "evidently:bound_test:ValueDriftBoundTest"},
                                {"test", Json::Of({{"type", "evidently:test_v2:ValueDriftTest"},
                                                   {"is_critical", true},
                                                   {"alias", Json()},
                                                   {"label_filters", Json()}})},
                                {"metric_fingerprint", "drift-" + feature.name}})}});
}

}  // namespace

Json EvidentlyJson(const DriftReport& report) {
  Json metrics = Json::MakeArray(), tests = Json::MakeArray();
  metrics.Append(CountMetric(report));
  tests.Append(CountTest(report));
  for (const FeatureDrift& feature : report.features) {
    if (!feature.score) continue;
    metrics.Append(ValueMetric(feature));
    tests.Append(ValueTest(feature));
  }
  return Json::Of({{"metrics", std::move(metrics)}, {"tests", std::move(tests)}});
}

Json LegacyEvidentlyJson(const DriftReport& report) {
  Json columns = Json::MakeObject();
  for (const FeatureDrift& feature : report.features) {
    if (!feature.score) continue;
    columns.Set(feature.name, Json::Of({{"column_name", feature.name},
                                        {"column_type", feature.type},
                                        {"stattest_name", TitleOf(feature)},
                                        {"stattest_threshold", feature.threshold},
                                        {"drift_score", *feature.score},
                                        {"drift_detected", feature.drifted}}));
  }
  Json whole = Json::Of({{"drift_share", report.drift_share},
                         {"number_of_columns", report.features.size()},
                         {"number_of_drifted_columns", report.drifted()},
                         {"share_of_drifted_columns", report.share()},
                         {"dataset_drift", report.has_drifted()}});
  Json table = whole;
  table.Set("drift_by_columns", std::move(columns));
  Json metrics = Json::MakeArray();
  metrics.Append(Json::Of({{"metric", "DatasetDriftMetric"}, {"result", std::move(whole)}}));
  metrics.Append(Json::Of({{"metric", "DataDriftTable"}, {"result", std::move(table)}}));
  return Json::Of({{"metrics", std::move(metrics)}});
}

}  // namespace millwright::drift
