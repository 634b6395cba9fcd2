#include "api/native/model_health.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/native/health_timeline.h"
#include "api/native/monitors.h"
#include "api/native/prediction_logs.h"
#include "api/native/request_reader.h"
#include "base/error.h"
#include "drift/evidently_preset.h"
#include "drift/loss_estimate.h"
#include "drift/performance_estimate.h"
#include "monitoring/health.h"
#include "monitoring/health_report.h"
#include "monitoring/preview.h"
#include "monitoring/window_judgement.h"

namespace millwright::api::native {
namespace {

constexpr size_t kBrokenFeaturesMax = 100;  // of a window, in one answer

Json Number(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json BandJson(const std::optional<monitoring::HealthFigure::Band>& band) {
  return band ? Json::Of({{"lower", band->lower}, {"upper", band->upper}}) : Json();
}

Json FigureJson(const monitoring::HealthFigure& figure) {
  return Json::Of({{"name", figure.name},
                   {"realised", Number(figure.realised)},
                   {"realised_band", BandJson(figure.RealisedBand())},
                   {"estimated", Number(figure.estimated)},
                   {"estimated_band", BandJson(figure.EstimatedBand())},
                   {"lower", Number(figure.lower)},
                   {"upper", Number(figure.upper)},
                   {"alert", figure.alert}});
}

// What is wrong with single rows, as counts; GetQuality tells which rows.
Json QualityCountsJson(const monitoring::WindowQuality& quality) {
  Json breaches = Json::MakeArray();
  for (const auto& feature : quality.breaches) {
    if (breaches.AsArray().size() == kBrokenFeaturesMax) break;
    breaches.Append(Json::Of({{"feature", feature.feature},
                              {"missing", feature.missing},
                              {"new_category", feature.new_category},
                              {"out_of_range", feature.out_of_range},
                              {"type_changed", feature.type_changed},
                              {"stale", feature.stale},
                              {"constant", feature.is_constant},
                              {"absent", feature.is_absent}}));
  }
  return Json::Of({{"rows", quality.rows},
                   {"outliers", quality.outliers},
                   {"outlier_share", quality.outlier_share()},
                   {"features_broken", quality.breaches.size()},
                   {"stale_features", quality.stale_features()},
                   {"new_columns", quality.new_columns.size()},
                   {"breaches", std::move(breaches)}});
}

// What the answers meant: shares of a classifier, means of a regression, and what they cost.
void SetAnswers(const monitoring::PerformanceFigures& figures, Json* json) {
  json->Set("mean_predicted", Number(figures.mean_predicted))
      .Set("mean_actual", Number(figures.mean_actual))
      .Set("bias", Number(figures.bias))
      .Set("cost", Number(figures.cost))
      .Set("cost_per_outcome", Number(figures.cost_per_outcome));
}

Json LimitsJson(const monitoring::MonitorSpec& spec) {
  Json limits = Json::MakeObject();
  const auto set = [&](const char* figure, const std::optional<double>& limit) {
    if (limit) limits.Set(figure, *limit);
  };
  set("roc_auc", spec.AucThreshold());
  set("mae", spec.MaeThreshold());
  set("rmse", spec.RmseThreshold());
  return limits;
}

// Which window, and how much is in it.
Json SpanJson(const monitoring::MonitorWindow& window) {
  return Json::Of({{"start_ms", window.start_ms},
                   {"end_ms", window.end_ms},
                   {"complete", window.complete},
                   {"predictions", window.predictions},
                   {"outcomes", window.outcomes}});
}

Json WindowJson(const monitoring::MonitorSpec& spec, const monitoring::WindowHealth& health) {
  const auto& [window, service, task, figures, reference] = health;
  Json features = Json::MakeArray(), list = Json::MakeArray();
  for (const auto& feature : window.features) features.Append(FeatureJson(feature));
  for (const auto& figure : figures) list.Append(FigureJson(figure));
  const double predictions = std::max<double>(1, static_cast<double>(window.predictions));
  Json json = SpanJson(window);
  json.Set("coverage", static_cast<double>(window.outcomes) / predictions)
      .Set("requests", service.requests)
      .Set("errors", service.errors)
      .Set("latency_p50_ms", Number(service.latency_p50_ms))
      .Set("latency_p90_ms", Number(service.latency_p90_ms))
      .Set("latency_p99_ms", Number(service.latency_p99_ms))
      .Set("positive_rate_predicted", Number(window.performance.positive_rate_predicted))
      .Set("positive_rate_actual", Number(window.performance.positive_rate_actual))
      .Set("judged_for_drift", monitoring::IsJudgedForDrift(spec, window))
      .Set("judged_for_performance", monitoring::IsJudgedForPerformance(spec, window))
      .Set("features", std::move(features))
      .Set("figures", std::move(list))
      .Set("quality", QualityCountsJson(window.quality))
      .Set("changes", monitoring::ChangesToJson(window.changes))
      .Set("validation", window.validation.ToJson());
  SetAnswers(window.performance, &json);
  return json;
}

Json EstimateJson(const monitoring::ModelHealth& health) {
  const bool is_loss = health.task == monitoring::ModelTask::kRegression;
  Json json = Json::Of({{"method", health.task == monitoring::ModelTask::kNone ? Json()
                                   : is_loss                                   ? Json("dle")
                                                                               : Json("cbpe")},
                        {"caveat", is_loss ? drift::kLossCaveat : drift::kEstimateCaveat},
                        {"windows_needed", monitoring::kEstimateWindowsMin}});
  if (const auto& about = health.reference)
    json.Set("reference", Json::Of({{"from_ms", about->from_ms},
                                    {"to_ms", about->to_ms},
                                    {"windows", about->windows},
                                    {"rows", about->rows},
                                    {"calibrated", about->is_calibrated}}));
  return json;
}

Json PreviewedWindowJson(const monitoring::MonitorSpec& spec,
                         const monitoring::MonitorWindow& window) {
  Json features = Json::MakeArray();
  for (const auto& feature : window.features) features.Append(FeatureJson(feature));
  Json json = SpanJson(window);
  json.Set("verdict", monitoring::DriftVerdict(spec, window))
      .Set("judged_for_performance", monitoring::IsJudgedForPerformance(spec, window))
      .Set("auc", Number(window.performance.auc))
      .Set("mae", Number(window.performance.mae))
      .Set("rmse", Number(window.performance.rmse))
      .Set("features", std::move(features))
      .Set("quality", QualityCountsJson(window.quality))
      .Set("changes", monitoring::ChangesToJson(window.changes))
      .Set("validation", window.validation.ToJson());
  SetAnswers(window.performance, &json);
  return json;
}

// What `tests` may name.
Json TestsJson() {
  Json tests = Json::MakeArray();
  for (const auto& test : monitoring::ColumnTests())
    tests.Append(Json::Of({{"name", test.name},
                           {"title", test.title},
                           {"threshold", test.threshold},
                           {"numeric", test.numeric},
                           {"categorical", test.categorical}}));
  return tests;
}

Json PreviewedAlertJson(const monitoring::PreviewedAlert& alert) {
  Json json = Json::Of({{"kind", monitoring::AlertKindName(alert.kind)},
                        {"feature", alert.feature},
                        {"value", alert.value},
                        {"threshold", alert.threshold},
                        {"message", alert.message},
                        {"window_start_ms", alert.window_start_ms},
                        {"window_end_ms", alert.window_end_ms}});
  if (alert.closed_ms) json.Set("closed_ms", *alert.closed_ms);
  return json;
}

}  // namespace

http::Response GetHealth(Context& context, const http::Request& request) {
  const std::string name = request.PathValue("name");
  const monitoring::LogSlice slice = ReadSlice(request);
  const monitoring::ModelHealth health = context.health.Read(name, slice);
  const monitoring::MonitorSpec& spec = health.monitor.spec;
  Json windows = Json::MakeArray();
  for (const auto& window : health.windows) windows.Append(WindowJson(spec, window));
  Json timeline = Json::MakeArray();
  for (const auto& entry : HealthTimeline(context, health)) timeline.Append(entry.ToJson());
  return Answer(Json::Of({{"monitor", name},
                          {"endpoint", spec.endpoint},
                          {"model", spec.model},
                          {"reference", spec.reference},
                          {"window_ms", spec.window_ms},
                          {"rows_min", spec.rows_min},
                          {"outcomes_min", spec.outcomes_min},
                          {"coverage_min", spec.coverage_min},
                          {"auc_threshold", Number(spec.AucThreshold())},
                          {"limits", LimitsJson(spec)},
                          {"where", slice.where},
                          {"partial", health.is_partial},
                          {"task", monitoring::ModelTaskName(health.task)},
                          {"estimate", EstimateJson(health)},
                          {"windows", std::move(windows)},
                          {"timeline", std::move(timeline)}}));
}

http::Response GetHealthReport(Context& context, const http::Request& request) {
  const std::string name = request.PathValue("name");
  monitoring::HealthReport report = monitoring::MakeHealthReport(
      context.health, context.prediction_reader, name, ReadSlice(request), context.clock.NowMs());
  for (auto& entry : HealthTimeline(context, report.health))
    report.entries.push_back({entry.event_time_ms, entry.kind, entry.title, entry.detail});
  http::Response response;
  response.headers.Set("Content-Type", "text/html; charset=utf-8");
  response.headers.Set("Content-Disposition", "attachment; filename=\"health.html\"");
  response.body = monitoring::RenderHealth(report);
  return response;
}

http::Response GetEvidentlyReport(Context& context, const http::Request& request) {
  const std::string name = request.PathValue("name");
  const int64_t start_ms = QueryInt(request, "start_ms", INT64_MIN, INT64_MIN, INT64_MAX);
  const std::string shape = QueryText(request, "shape");
  if (!shape.empty() && shape != "0.7" && shape != "legacy")
    throw InvalidArgument("shape must be 0.7 or legacy, not \"{}\"", shape).WithField("shape");
  const auto monitor = context.monitors.Get(name);
  const auto windows = context.monitors.Windows(name);
  const monitoring::MonitorWindow* found = nullptr;
  for (const auto& window : windows) {
    const bool is_wanted = start_ms == INT64_MIN
                               ? monitoring::IsJudgedForDrift(monitor.spec, window)
                               : window.start_ms == start_ms;
    if (is_wanted) found = &window;
  }
  if (found == nullptr && start_ms != INT64_MIN)
    throw NotFound("Window", fmt::format("{} from {}", name, start_ms));
  if (found == nullptr)
    throw FailedPrecondition("No window of {} has enough predictions to be judged", name);
  const drift::DriftReport report = monitoring::WindowDriftReport(monitor, *found);
  return Answer(shape == "legacy" ? drift::LegacyEvidentlyJson(report)
                                  : drift::EvidentlyJson(report));
}

http::Response PreviewMonitor(Context& context, const http::Request& request) {
  Json body = BodyObject(request);
  // What is tried out needs no name yet.
  if (body.GetString("name").empty()) body.Set("name", "preview");
  monitoring::MonitorReference reference;
  const auto measure = [&](const monitoring::MonitorSpec& early, int64_t from_ms, int64_t to_ms) {
    return context.previewer.Reference(context.monitors, early, from_ms, to_ms);
  };
  const monitoring::MonitorSpec spec = ReadMonitor(context, body, &reference, measure);
  context.predictions.Flush();
  const monitoring::MonitorPreview preview =
      context.previewer.Preview(spec, reference, context.clock.NowMs());
  Json windows = Json::MakeArray(), alerts = Json::MakeArray(), features = Json::MakeArray();
  for (const auto& window : preview.windows) windows.Append(PreviewedWindowJson(spec, window));
  for (const auto& alert : preview.alerts) alerts.Append(PreviewedAlertJson(alert));
  for (const auto& column : reference.drift.profile.columns) features.Append(column.name);
  return Answer(Json::Of({{"endpoint", spec.endpoint},
                          {"reference", spec.reference},
                          {"profile_features", std::move(features)},
                          {"rows_min", spec.rows_min},
                          {"auc_threshold", Number(spec.AucThreshold())},
                          {"limits", LimitsJson(spec)},
                          {"tests", TestsJson()},
                          {"spec", spec.ToJson()},
                          {"rows", preview.rows},
                          {"partial", preview.is_partial},
                          {"windows", std::move(windows)},
                          {"alerts", std::move(alerts)}}));
}

}  // namespace millwright::api::native
