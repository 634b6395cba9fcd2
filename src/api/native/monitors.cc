#include "api/native/monitors.h"

#include <fmt/format.h>

#include <algorithm>

#include "analytics/session.h"
#include "api/native/request_reader.h"
#include "base/clock.h"
#include "base/error.h"
#include "data/dataset_store.h"
#include "monitoring/health.h"
#include "monitoring/monitors.h"
#include "monitoring/prediction_log.h"
#include "quality/suite_store.h"
#include "registry/registry.h"
#include "tracking/run_store.h"

namespace millwright::api::native {
namespace {

// A longer condition, of a feature with very many categories, would be no address.
constexpr size_t kConditionBytesMax = 4000;

Json Number(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json ThresholdsJson(const monitoring::MonitorSpec& spec) {
  Json json = Json::Of({{"psi", spec.psi_threshold}});
  for (const auto& [feature, threshold] : spec.psi_thresholds)
    json.Set("psi " + feature, threshold);
  if (const auto auc = spec.AucThreshold()) json.Set("auc", *auc);
  if (const auto mae = spec.MaeThreshold()) json.Set("mae", *mae);
  if (const auto rmse = spec.RmseThreshold()) json.Set("rmse", *rmse);
  return json;
}

Json SummaryJson(const monitoring::LogSummary& summary) {
  return Json::Of({{"predictions", summary.predictions},
                   {"outcomes", summary.outcomes},
                   {"coverage", summary.coverage},
                   {"latency_p50_ms", Number(summary.latency_p50_ms)},
                   {"latency_p99_ms", Number(summary.latency_p99_ms)},
                   {"positive_rate_predicted", Number(summary.positive_rate_predicted)},
                   {"positive_rate_actual", Number(summary.positive_rate_actual)},
                   {"task", monitoring::ModelTaskName(summary.task)},
                   {"mean_predicted", Number(summary.mean_predicted)},
                   {"mean_actual", Number(summary.mean_actual)},
                   {"as_of", FormatTime(summary.as_of_ms)}});
}

// The features of the latest complete window that had enough rows for some of them.
Json LatestFeatures(const std::vector<monitoring::MonitorWindow>& windows) {
  Json features = Json::MakeArray();
  for (auto window = windows.rbegin(); window != windows.rend(); ++window) {
    const bool is_measured =
        std::any_of(window->features.begin(), window->features.end(),
                    [](const auto& feature) { return feature.score.has_value(); });
    if (!window->complete || !is_measured) continue;
    for (const auto& feature : window->features) features.Append(FeatureJson(feature));
    break;
  }
  return features;
}

// What there is to watch.
Json FeaturesOf(const quality::Profile& profile) {
  Json features = Json::MakeArray();
  for (const auto& column : profile.columns) features.Append(column.name);
  return features;
}

Json MonitorJson(Context& context, const std::string& name) {
  const auto monitor = context.monitors.Get(name);
  Json summary = SummaryJson(context.monitors.Summary(name));
  summary.Set("features", LatestFeatures(context.monitors.Windows(name)));
  return Json::Of({{"name", name},
                   {"endpoint", monitor.spec.endpoint},
                   {"model", monitor.spec.model},
                   {"reference", monitor.spec.reference},
                   {"state", monitoring::MonitorStateName(monitor.state)},
                   {"thresholds", ThresholdsJson(monitor.spec)},
                   {"window_ms", monitor.spec.window_ms},
                   {"preset", monitoring::DriftPresetName(monitor.spec.preset)},
                   {"season", drift::SeasonName(monitor.spec.season)},
                   {"consecutive_windows", monitor.spec.consecutive_windows},
                   {"spec", monitor.spec.ToJson()},
                   {"profile_features", FeaturesOf(monitor.reference.drift.profile)},
                   {"summary", summary}});
}

// The metric of the run that trained a version.
std::optional<double> RunMetric(Context& context, const registry::ModelVersion& version,
                                const std::string& key) {
  if (version.run_id.empty()) return std::nullopt;
  for (const auto& metric : context.runs.Get(tracking::RunId(version.run_id)).metrics)
    if (metric.key == key) return metric.value;
  return std::nullopt;
}

// The fields of a body that are not the spec's own: they say what the reference is.
constexpr std::string_view kReferenceFields[] = {
    "version",           "reference_metric",  "since",
    "dataset",           "reference_time",    "reference_window",
    "reference_monitor", "reference_from_ms", "reference_to_ms"};

// What is known of the spec before the reference is: the figures that a drop or a rise is from may
// come with it.
monitoring::MonitorSpec EarlySpec(const Json& spec) {
  const auto is_given = [&](const char* key) {
    const Json* value = spec.Find(key);
    return value != nullptr && !value->is_null();
  };
  Json without = Json::MakeObject();
  for (const auto& [key, value] : spec.AsObject())
    if (key != "auc_drop_max" && key != "mae_rise_max" && key != "rmse_rise_max")
      without.Set(key, value);
  const bool limits_losses = is_given("mae_rise_max") || is_given("rmse_rise_max");
  if (!is_given("task") && is_given("auc_drop_max")) without.Set("task", "binary");
  if (!is_given("task") && limits_losses) without.Set("task", "regression");
  // A task alone names the answer, too, and these are the limits of one that was named before.
  if (!is_given("task") && limits_losses && !is_given("output") && !is_given("probability_output"))
    without.Set("output", monitoring::LabelRule().probability_output);
  return monitoring::MonitorSpec::FromJson(without);
}

// Gives the spec what the reference was like, where it does not say so itself.
void SetReferenceFigures(const std::optional<double>& auc, const std::optional<double>& mae,
                         const std::optional<double>& rmse, Json* spec) {
  const auto set = [&](const char* key, const std::optional<double>& value) {
    if (value && spec->Find(key) == nullptr) spec->Set(key, *value);
  };
  set("reference_auc", auc);
  set("reference_mae", mae);
  set("reference_rmse", rmse);
}

void UseVersion(Context& context, const Json& body, Json* spec,
                monitoring::MonitorReference* reference) {
  const registry::ModelName model(body.At("model").AsString("model"));
  const std::string name = body.GetString("version", "champion");
  const bool is_number = name.find_first_not_of("0123456789") == std::string::npos;
  const auto version = is_number ? context.registry.GetVersion(model, registry::ParseVersion(name))
                                 : context.registry.GetByAlias(model, name);
  const auto stored = context.registry.GetReferenceProfile(model, version.version);
  if (!stored)
    throw FailedPrecondition("{} version {} has no reference profile", model.str(),
                             version.version);
  *reference = monitoring::MonitorReference::FromJson(*stored);
  spec->Set("reference", fmt::format("{}@{}", model.str(), version.version));
  if (const auto auc = RunMetric(context, version, body.GetString("reference_metric", "test_auc")))
    spec->Set("reference_auc", *auc);
  SetReferenceFigures({}, RunMetric(context, version, "test_mae"),
                      RunMetric(context, version, "test_rmse"), spec);
}

void UseDataset(Context& context, const Json& body, Json* spec,
                monitoring::MonitorReference* reference) {
  const auto version = context.datasets.Resolve(body.GetString("dataset"));
  analytics::Session session;
  *reference = monitoring::MakeMonitorReference(session, context.datasets.ReadSql(version),
                                                EarlySpec(*spec), body.GetString("reference_time"));
  spec->Set("reference", fmt::format("{}@{}", version.dataset, version.version));
}

void UseWindow(Context& context, const Json& window, const MeasureWindow& measure, Json* spec,
               monitoring::MonitorReference* reference) {
  const std::string from = window.At("from").AsString("reference_window.from");
  const std::string to = window.At("to").AsString("reference_window.to");
  context.predictions.Flush();
  const auto measured =
      measure ? measure(EarlySpec(*spec), ParseTime(from), ParseTime(to))
              : context.monitors.MeasureReference(EarlySpec(*spec), ParseTime(from), ParseTime(to));
  *reference = measured.reference;
  spec->Set("reference", fmt::format("{} from {} to {}", spec->GetString("endpoint"), from, to))
      .Set("reference_from_ms", ParseTime(from))
      .Set("reference_to_ms", ParseTime(to));
  SetReferenceFigures(measured.auc, measured.mae, measured.rmse, spec);
}

void UseMonitor(Context& context, const std::string& name, Json* spec,
                monitoring::MonitorReference* reference) {
  const auto monitor = context.monitors.Get(name);
  *reference = monitor.reference;
  spec->Set("reference", monitor.spec.reference);
  if (monitor.spec.endpoint == spec->GetString("endpoint")) {
    spec->Set("reference_from_ms", monitor.spec.reference_from_ms)
        .Set("reference_to_ms", monitor.spec.reference_to_ms);
  }
  SetReferenceFigures(monitor.spec.reference_auc, monitor.spec.reference_mae,
                      monitor.spec.reference_rmse, spec);
}

// The suite is kept as it is now.
void UseSuite(Context& context, Json* spec, monitoring::MonitorReference* reference) {
  reference->suite.reset();
  const std::string named = spec->GetString("suite");
  if (named.empty()) return;
  const size_t at = named.rfind('@');
  int64_t version = 0;
  if (at != std::string::npos) version = registry::ParseVersion(named.substr(at + 1));
  const auto found = context.suites.GetVersion(named.substr(0, at), version);
  reference->suite = monitoring::MonitorSuite{found.suite, found.version};
  spec->Set("suite", fmt::format("{}@{}", found.suite.name, found.version));
}

}  // namespace

// Takes the fields that say what the reference is out of the body and puts in what they stand for:
// another monitor's reference, a window of the log itself, a dataset version or else a model
// version.
monitoring::MonitorSpec ReadMonitor(Context& context, const Json& body,
                                    monitoring::MonitorReference* reference,
                                    const MeasureWindow& measure) {
  Json spec = Json::MakeObject();
  for (const auto& [key, value] : body.AsObject()) {
    const auto* end = std::end(kReferenceFields);
    if (std::find(kReferenceFields, end, key) == end) spec.Set(key, value);
  }
  const std::string since = body.GetString("since");
  if (since == "now") {
    spec.Set("since_ms", context.clock.NowMs());
  } else if (!since.empty()) {
    spec.Set("since_ms", ParseTime(since));
  }
  if (const std::string other = body.GetString("reference_monitor"); !other.empty()) {
    UseMonitor(context, other, &spec, reference);
  } else if (const Json* window = body.Find("reference_window")) {
    UseWindow(context, *window, measure, &spec, reference);
  } else if (!body.GetString("dataset").empty()) {
    UseDataset(context, body, &spec, reference);
  } else {
    UseVersion(context, body, &spec, reference);
  }
  UseSuite(context, &spec, reference);
  return monitoring::MonitorSpec::FromJson(spec);
}

Json FeatureJson(const drift::FeatureDrift& feature) {
  return Json::Of({{"name", feature.name},
                   {"type", feature.type},
                   {"method", feature.method},
                   {"score", Number(feature.score)},
                   {"threshold", feature.threshold},
                   {"is_chance", monitoring::IsChance(feature.method)},
                   {"drifted", feature.drifted},
                   {"status", drift::DriftStatusName(feature.status)},
                   {"p_value", Number(feature.p_value)},
                   {"adjusted_p", Number(feature.adjusted_p)},
                   {"note", feature.note}});
}

Json DistributionJson(const drift::Distribution& distribution) {
  Json json = Json::Of({{"feature", distribution.feature}});
  const auto list = [](const auto& values) {
    Json array = Json::MakeArray();
    for (const auto& value : values) array.Append(value);
    return array;
  };
  if (!distribution.edges.empty()) json.Set("edges", list(distribution.edges));
  if (!distribution.categories.empty()) json.Set("categories", list(distribution.categories));
  return json.Set("reference", list(distribution.reference))
      .Set("current", list(distribution.current));
}

http::Response ListMonitors(Context& context, const http::Request&) {
  Json monitors = Json::MakeArray();
  for (const auto& monitor : context.monitors.List())
    monitors.Append(Json::Of({{"name", monitor.name},
                              {"endpoint", monitor.endpoint},
                              {"model", monitor.model},
                              {"state", monitoring::MonitorStateName(monitor.state)},
                              {"created_ms", monitor.created_ms},
                              {"open_alerts", monitor.open_alerts}}));
  return Answer(Json::Of({{"monitors", monitors}}));
}

http::Response PutMonitor(Context& context, const http::Request& request) {
  monitoring::MonitorReference reference;
  const auto spec = ReadMonitor(context, BodyObject(request), &reference);
  context.monitors.Put(spec, reference, request.principal);
  return Answer(MonitorJson(context, spec.name));
}

http::Response GetMonitor(Context& context, const http::Request& request) {
  return Answer(MonitorJson(context, request.PathValue("name")));
}

http::Response DeleteMonitor(Context& context, const http::Request& request) {
  context.monitors.Delete(request.PathValue("name"), request.principal);
  return Answer(Json::MakeObject());
}

http::Response EvaluateMonitor(Context& context, const http::Request& request) {
  context.predictions.Flush();
  const std::string name = request.PathValue("name");
  const int measured = context.monitors.EvaluateNow(name);
  context.health.RefreshNow(name);
  return Answer(
      Json::Of({{"windows", measured}, {"up_to_date", context.monitors.Windows(name).size()}}));
}

http::Response GetDrift(Context& context, const http::Request& request) {
  Json windows = Json::MakeArray();
  const std::string name = request.PathValue("name");
  const auto measured = context.monitors.Windows(name);
  // A monitor that does not exist has no windows.
  const auto spec = measured.empty() ? monitoring::MonitorSpec() : context.monitors.Get(name).spec;
  for (const auto& window : measured) {
    Json features = Json::MakeArray();
    for (const auto& feature : window.features) features.Append(FeatureJson(feature));
    windows.Append(Json::Of({{"start_ms", window.start_ms},
                             {"end_ms", window.end_ms},
                             {"rows", window.predictions},
                             {"complete", window.complete},
                             {"verdict", monitoring::DriftVerdict(spec, window)},
                             {"features", features}}));
  }
  return Answer(Json::Of({{"windows", windows}}));
}

http::Response GetPerformance(Context& context, const http::Request& request) {
  Json windows = Json::MakeArray();
  for (const auto& window : context.monitors.Windows(request.PathValue("name")))
    windows.Append(Json::Of({{"start_ms", window.start_ms},
                             {"end_ms", window.end_ms},
                             {"complete", window.complete},
                             {"predictions", window.predictions},
                             {"outcomes", window.outcomes},
                             {"auc", Number(window.performance.auc)},
                             {"log_loss", Number(window.performance.log_loss)},
                             {"accuracy", Number(window.performance.accuracy)},
                             {"threshold", Number(window.performance.threshold)},
                             {"mae", Number(window.performance.mae)},
                             {"rmse", Number(window.performance.rmse)},
                             {"bias", Number(window.performance.bias)},
                             {"mae_threshold", Number(window.performance.mae_threshold)},
                             {"rmse_threshold", Number(window.performance.rmse_threshold)},
                             {"cost", Number(window.performance.cost)},
                             {"cost_per_outcome", Number(window.performance.cost_per_outcome)}}));
  return Answer(Json::Of({{"windows", windows}}));
}

Json QualityJson(const monitoring::MonitorWindow& window) {
  Json json = window.quality.ToJson();
  return json.Set("start_ms", window.start_ms)
      .Set("end_ms", window.end_ms)
      .Set("complete", window.complete)
      .Set("outlier_share", window.quality.outlier_share())
      .Set("changes", monitoring::ChangesToJson(window.changes))
      .Set("validation", window.validation.ToJson());
}

http::Response GetQuality(Context& context, const http::Request& request) {
  Json windows = Json::MakeArray();
  const std::string& name = request.PathValue("name");
  if (QueryText(request, "start_ms").empty()) {
    const auto spec = context.monitors.Get(name).spec;
    for (const auto& window : context.monitors.Windows(spec.name))
      windows.Append(QualityJson(window));
    return Answer(Json::Of({{"windows", windows}}));
  }
  const auto details =
      context.health.Quality(name, QueryInt(request, "start_ms", 0, INT64_MIN, INT64_MAX),
                             {.where = QueryText(request, "where"), .is_wanted = IsWanted()});
  Json json = QualityJson(details.window);
  Json conditions = Json::MakeObject();
  for (const auto& [feature, kinds] : details.conditions) {
    Json of_feature = Json::MakeObject();
    for (const auto& [kind, condition] : kinds)
      if (condition.size() <= kConditionBytesMax) of_feature.Set(kind, condition);
    conditions.Set(feature, std::move(of_feature));
  }
  windows.Append(json.Set("conditions", std::move(conditions)));
  return Answer(Json::Of({{"windows", windows}}));
}

http::Response GetDistribution(Context& context, const http::Request& request) {
  const monitoring::LogSlice slice{
      .happened = {QueryInt(request, "start_ms", 0, INT64_MIN, INT64_MAX),
                   QueryInt(request, "end_ms", 0, INT64_MIN, INT64_MAX)},
      .where = QueryText(request, "where"),
      .is_wanted = IsWanted()};
  return Answer(DistributionJson(context.health.Distribution(
      request.PathValue("name"), QueryText(request, "feature"), slice)));
}

}  // namespace millwright::api::native
