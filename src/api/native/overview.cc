#include "api/native/overview.h"

#include <algorithm>
#include <vector>

#include "alerts/alert_store.h"
#include "api/native/request_reader.h"
#include "base/error.h"
#include "base/version.h"
#include "data/dataset_store.h"
#include "monitoring/monitors.h"
#include "pipelines/pipeline_store.h"
#include "registry/registry.h"
#include "serving/gateway.h"
#include "tracking/run_store.h"

namespace millwright::api::native {
namespace {

// Newest alerts of a monitor among which its last pipeline run is looked for.
constexpr int kAlertsLookedAt = 50;

// The champion of a model, empty while there is none.
std::string ChampionOf(Context& context, const std::string& model) {
  try {
    const auto version = context.registry.GetByAlias(registry::ModelName(model), "champion");
    return std::to_string(version.version);
  } catch (const Error&) {
    return "";
  }
}

// An alert that opened while a run was under way started none, so the newest run may belong to an
// older alert.
void SetLastPipelineRun(Context& context, const std::vector<monitoring::Alert>& alerts,
                        Json& loop) {
  const auto started = std::find_if(alerts.begin(), alerts.end(), [](const auto& alert) {
    return alert.pipeline_run.has_value();
  });
  if (started == alerts.end()) return;
  const auto run = context.pipelines.GetRun(pipelines::PipelineRunId(*started->pipeline_run));
  loop.Set("last_pipeline_run", Json::Of({{"id", run.id.str()},
                                          {"pipeline", run.pipeline},
                                          {"state", pipelines::Name(run.state)},
                                          {"created_ms", run.created_ms}}));
}

Json LoopJson(Context& context, const monitoring::MonitorSummary& monitor) {
  Json loop = Json::Of(
      {{"monitor", monitor.name}, {"endpoint", monitor.endpoint}, {"model", monitor.model}});
  if (const auto champion = ChampionOf(context, monitor.model); !champion.empty())
    loop.Set("champion_version", champion);
  const auto alerts = context.monitors.Alerts(monitor.name, {}, kAlertsLookedAt);
  if (alerts.empty()) return loop;
  const auto& alert = alerts[0];
  loop.Set("last_alert", Json::Of({{"id", alert.id.str()},
                                   {"kind", monitoring::AlertKindName(alert.kind)},
                                   {"feature", alert.feature},
                                   {"state", alert.open ? "open" : "closed"},
                                   {"opened_ms", alert.opened_ms},
                                   {"message", alert.message}}));
  SetLastPipelineRun(context, alerts, loop);
  return loop;
}

}  // namespace

http::Response GetOverview(Context& context, const http::Request&) {
  Json loops = Json::MakeArray();
  int64_t open_alerts = 0;
  for (const auto& alert : context.alerts.Alerts(
           {.phase = alerts::AlertPhase::kFiring, .limit = alerts::kAlertsPageMax}))
    open_alerts += alert.from_monitor ? 0 : 1;
  const auto monitors = context.monitors.List();
  for (const auto& monitor : monitors) {
    open_alerts += monitor.open_alerts;
    loops.Append(LoopJson(context, monitor));
  }
  const auto tracked = context.runs.Count();
  return Answer(
      Json::Of({{"version", Version()},
                {"uptime_ms", context.clock.NowMs() - context.started_ms},
                {"counts", Json::Of({{"experiments", tracked.experiments},
                                     {"runs", tracked.runs},
                                     {"datasets", context.datasets.List().size()},
                                     {"models", context.registry.SearchModels({}).items.size()},
                                     {"endpoints", context.gateway.List().size()},
                                     {"monitors", monitors.size()},
                                     {"open_alerts", open_alerts},
                                     {"pipeline_runs", context.pipelines.CountRuns()},
                                     {"predictions", context.predictions.Totals().predictions}})},
                {"loops", loops}}));
}

}  // namespace millwright::api::native
