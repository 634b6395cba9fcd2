#include "server/alert_feed.h"

#include <fmt/format.h>

#include "base/error.h"
#include "fetch/client.h"

namespace millwright::server {
namespace {

using fetch::PercentEncode;

std::string RowsPath(const std::string& endpoint, int64_t start_ms, int64_t end_ms) {
  return fmt::format("/api/v1/prediction-logs/{}/file?from_ms={}&to_ms={}&format=csv",
                     PercentEncode(endpoint), start_ms, end_ms);
}

std::string MonitorPage(const std::string& monitor, const std::string& feature) {
  const std::string page = "/monitors/" + PercentEncode(monitor);
  return feature.empty() ? page : page + "?feature=" + PercentEncode(feature);
}

void AddWindow(const monitoring::MonitorWindow& window, const std::string& endpoint, Json* cause) {
  cause->Set("window", Json::Of({{"start_ms", window.start_ms},
                                 {"end_ms", window.end_ms},
                                 {"predictions", window.predictions},
                                 {"outcomes", window.outcomes}}));
  cause->Set("rows", RowsPath(endpoint, window.start_ms, window.end_ms));
}

}  // namespace

alerts::MonitorAlert FromMonitor(const monitoring::Alert& alert) {
  const bool drifts = alert.kind == monitoring::AlertKind::kDrift;
  alerts::MonitorAlert one;
  one.id = alerts::AlertId(alert.id.str());
  one.rule = "monitor." + std::string(monitoring::AlertKindName(alert.kind));
  one.labels = {{"monitor", alert.monitor},
                {"endpoint", alert.endpoint},
                {"model", alert.model},
                {"kind", std::string(monitoring::AlertKindName(alert.kind))},
                {"feature", alert.feature}};
  one.value = alert.value;
  one.threshold = alert.threshold;
  one.summary = alert.message;
  one.cause = Json::Of(
      {{"monitor", alert.monitor},
       {"endpoint", alert.endpoint},
       {"feature", alert.feature},
       {"window", Json::Of({{"start_ms", alert.window_start_ms}, {"end_ms", alert.window_end_ms}})},
       {"rows", RowsPath(alert.endpoint, alert.window_start_ms, alert.window_end_ms)},
       {"page", MonitorPage(alert.monitor, drifts ? alert.feature : "")}});
  if (alert.pipeline_run) one.cause.Set("pipeline_run", *alert.pipeline_run);
  one.opened_ms = alert.opened_ms;
  if (!alert.open) one.closed_ms = alert.closed_ms;
  return one;
}

std::vector<alerts::MonitorAlert> MonitorAlerts(const monitoring::Monitors& monitors,
                                                int64_t now_ms) {
  std::vector<alerts::MonitorAlert> all;
  for (const auto& alert : monitors.Alerts("", true, monitoring::kAlertsMax))
    all.push_back(FromMonitor(alert));
  for (const auto& alert : monitors.AlertsClosedSince(now_ms - alerts::kPassedWithinMs))
    all.push_back(FromMonitor(alert));
  return all;
}

Json CauseOf(const monitoring::Monitors& monitors, const alerts::Rule& rule,
             const alerts::Labels& labels) {
  Json cause = Json::Of({{"expr", rule.expression.text()}});
  for (const char* name : {"monitor", "feature", "endpoint", "model", "pipeline", "dataset",
                           "source", "revision", "receiver"})
    if (const auto value = alerts::LabelOf(labels, name); !value.empty()) cause.Set(name, value);
  const std::string monitor(alerts::LabelOf(labels, "monitor"));
  const std::string endpoint(alerts::LabelOf(labels, "endpoint"));
  if (!monitor.empty()) {
    cause.Set("page", MonitorPage(monitor, std::string(alerts::LabelOf(labels, "feature"))));
    const auto windows = monitors.Windows(monitor, 2);
    for (auto window = windows.rbegin(); window != windows.rend(); ++window) {
      if (!window->complete) continue;
      AddWindow(*window, endpoint, &cause);
      break;
    }
  } else if (!endpoint.empty()) {
    cause.Set("page", "/endpoints/" + PercentEncode(endpoint));
  } else if (const auto pipeline = alerts::LabelOf(labels, "pipeline"); !pipeline.empty()) {
    cause.Set("page", "/pipelines?pipeline=" + PercentEncode(pipeline));
  } else if (const auto dataset = alerts::LabelOf(labels, "dataset"); !dataset.empty()) {
    cause.Set("page", "/datasets/" + PercentEncode(dataset));
  }
  return cause;
}

}  // namespace millwright::server
