#include "api/native/health_timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "loop/loop_store.h"
#include "monitoring/health.h"
#include "serving/gateway.h"

namespace millwright::api::native {
namespace {

using monitoring::ModelHealth;

void AddAlerts(Context& context, const ModelHealth& health, std::vector<TimelineEntry>* entries) {
  for (const auto& alert :
       context.monitors.Alerts(health.monitor.spec.name, {}, kTimelineEntriesMax))
    entries->push_back(
        {.time_ms = alert.opened_ms,
         .event_time_ms = alert.window_end_ms,
         .kind = "alert",
         .state = alert.open ? "open" : "closed",
         .title = fmt::format("{} {}", monitoring::AlertKindName(alert.kind), alert.feature),
         .detail = alert.message,
         .subject = "alert:" + alert.id.str()});
}

void AddDecisions(Context& context, const ModelHealth& health,
                  std::vector<TimelineEntry>* entries) {
  const std::string& model = health.monitor.spec.model;
  if (model.empty()) return;
  for (const auto& decision : context.loop_store.Decisions(model, kTimelineEntriesMax))
    entries->push_back({.time_ms = decision.time_ms,
                        .event_time_ms = HappenedAt(health.windows, decision.time_ms),
                        .kind = "decision",
                        .state = std::string(loop::Name(decision.action)),
                        .title = decision.rule,
                        .detail = decision.reason,
                        .subject = "loop:" + model});
}

void AddDeployments(Context& context, const ModelHealth& health,
                    std::vector<TimelineEntry>* entries) {
  const std::string& name = health.monitor.spec.endpoint;
  std::vector<serving::RevisionStatus> revisions;
  try {
    revisions = context.gateway.Get(serving::EndpointName(name)).revisions;
  } catch (const Error& error) {
    // A model that is served elsewhere.
    if (error.code() != Code::kNotFound && error.code() != Code::kInvalidArgument) throw;
  }
  if (revisions.size() > kTimelineEntriesMax) revisions.resize(kTimelineEntriesMax);
  for (const auto& revision : revisions) {
    const serving::RevisionRecord& record = revision.record;
    const auto add = [&](int64_t time_ms, std::string_view state, std::string_view what) {
      entries->push_back({.time_ms = time_ms,
                          .event_time_ms = HappenedAt(health.windows, time_ms),
                          .kind = "deployment",
                          .state = std::string(state),
                          .title = fmt::format("version {} {}", record.model_version, what),
                          .detail = fmt::format("revision {} of {}", record.id.str(), name),
                          .subject = "endpoint:" + name});
    };
    const bool was_tried = record.live_ms && *record.live_ms > record.created_ms;
    if (!record.live_ms || was_tried) add(record.created_ms, "starting", "was put beside it");
    if (record.live_ms) add(*record.live_ms, "live", "became live");
    if (record.retired_ms) add(*record.retired_ms, "retired", "was retired");
  }
}

}  // namespace

Json TimelineEntry::ToJson() const {
  return Json::Of({{"time_ms", time_ms},
                   {"event_time_ms", event_time_ms},
                   {"kind", kind},
                   {"state", state},
                   {"title", title},
                   {"detail", detail},
                   {"subject", subject}});
}

std::vector<TimelineEntry> HealthTimeline(Context& context, const ModelHealth& health) {
  std::vector<TimelineEntry> entries;
  AddAlerts(context, health, &entries);
  AddDecisions(context, health, &entries);
  AddDeployments(context, health, &entries);
  std::stable_sort(
      entries.begin(), entries.end(), [](const TimelineEntry& a, const TimelineEntry& b) {
        return std::pair(a.event_time_ms, a.time_ms) > std::pair(b.event_time_ms, b.time_ms);
      });
  return entries;
}

}  // namespace millwright::api::native
