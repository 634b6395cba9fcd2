#include "api/native/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "alerts/alert_store.h"
#include "alerts/evaluator.h"
#include "api/alerting/messages.h"
#include "api/native/request_reader.h"
#include "base/error.h"
#include "monitoring/monitors.h"

namespace millwright::api::native {
namespace {

using alerting::AlertJson;
using alerts::Alert;
using alerts::AlertPhase;

// How long ended silences are listed.
constexpr int64_t kEndedSilencesMs = 7LL * 86'400'000;

// An alert of a monitor has the fields that the monitor knows, and those of the one list once the
// evaluator has taken it up.
Json MonitorAlertJson(const monitoring::Alert& alert, const std::optional<Alert>& taken_up) {
  Json json = Json::Of({{"id", alert.id.str()},
                        {"monitor", alert.monitor},
                        {"endpoint", alert.endpoint},
                        {"model", alert.model},
                        {"kind", monitoring::AlertKindName(alert.kind)},
                        {"feature", alert.feature},
                        {"value", alert.value},
                        {"threshold", alert.threshold},
                        {"state", alert.open ? "open" : "closed"},
                        {"opened_ms", alert.opened_ms},
                        {"window_start_ms", alert.window_start_ms},
                        {"window_end_ms", alert.window_end_ms},
                        {"message", alert.message},
                        {"phase", alert.open ? "firing" : "resolved"},
                        {"severity", "warning"},
                        {"rule", fmt::format("monitor.{}", monitoring::AlertKindName(alert.kind))},
                        {"flapping", false}});
  if (alert.closed_ms) json.Set("closed_ms", *alert.closed_ms);
  if (taken_up) {
    const Json more = AlertJson(*taken_up);
    for (const char* field : {"labels", "annotations", "cause", "flapping", "acknowledged"})
      if (const Json* value = more.Find(field)) json.Set(field, *value);
  }
  if (alert.pipeline_run) json.Set("pipeline_run", *alert.pipeline_run);
  return json;
}

// An alert of a rule, with the labels that monitors' alerts have as fields.
Json RuleAlertJson(const Alert& alert) {
  Json json = AlertJson(alert);
  for (const char* name : {"monitor", "endpoint", "model", "feature"})
    json.Set(name, alerts::LabelOf(alert.labels, name));
  json.Set("kind", "rule");
  return json;
}

struct Entry {
  int64_t time_ms;
  std::string id;
  Json json;
};

// "1764400000000:al-4f2…": the last one of the page before.
struct Cursor {
  int64_t time_ms = INT64_MAX;
  std::string id;

  static Cursor Read(const std::string& text) {
    Cursor cursor;
    if (text.empty()) return cursor;
    const size_t colon = text.find(':');
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), cursor.time_ms);
    if (colon == std::string::npos || error != std::errc() || end != text.data() + colon)
      throw InvalidArgument("before is what a page before gave as next").WithField("before");
    cursor.id = text.substr(colon + 1);
    return cursor;
  }
  bool IsBefore(int64_t other_ms, const std::string& other) const {
    return other_ms < time_ms || (other_ms == time_ms && other < id);
  }
};

std::optional<monitoring::Alert> FindMonitorAlert(Context& context, const std::string& id) {
  try {
    return context.monitors.GetAlert(monitoring::AlertId(id));
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) throw;
    return std::nullopt;
  }
}

Json SilenceJson(const alerts::Silence& silence, int64_t now_ms) {
  return Json::Of({{"id", silence.id.str()},
                   {"matchers", MatchersJson(silence.matchers)},
                   {"starts_ms", silence.starts_ms},
                   {"ends_ms", silence.ends_ms},
                   {"who", silence.who},
                   {"comment", silence.comment},
                   {"created_ms", silence.created_ms},
                   {"expired_by", silence.expired_by},
                   {"state", silence.IsActive(now_ms)     ? "active"
                             : now_ms < silence.starts_ms ? "pending"
                                                          : "expired"}});
}

}  // namespace

http::Response ListAlerts(Context& context, const http::Request& request) {
  const std::string state = QueryText(request, "state");
  if (!state.empty() && state != "open" && state != "closed")
    throw InvalidArgument("state must be open or closed, not \"{}\"", state).WithField("state");
  const std::string phase_text = QueryText(request, "phase");
  std::optional<AlertPhase> phase;
  if (!phase_text.empty()) phase = alerts::ParsePhase(phase_text);
  if (!phase && state == "open") phase = AlertPhase::kFiring;
  if (!phase && state == "closed") phase = AlertPhase::kResolved;
  const std::string monitor = QueryText(request, "monitor");
  const std::string rule = QueryText(request, "rule");
  const std::string severity = QueryText(request, "severity");
  const int64_t limit = QueryInt(request, "limit", 100, 1, alerts::kAlertsPageMax);
  const Cursor cursor = Cursor::Read(QueryText(request, "before"));
  std::vector<Entry> entries;
  if (monitor.empty()) {
    for (const Alert& alert : context.alerts.Alerts({.phase = phase,
                              .with_pending = phase.has_value(),
                              .rule = rule,
                              .severity = severity,
                              .before_ms = cursor.time_ms,
                              .before_id = cursor.id,
                              .limit = limit + 1}))
      if (!alert.from_monitor)
        entries.push_back({alert.pending_ms, alert.id.str(), RuleAlertJson(alert)});
  }
  const bool may_be_monitors = (rule.empty() || rule.starts_with(alerts::kMonitorRules)) &&
                               (severity.empty() || severity == "warning") &&
                               phase != AlertPhase::kPending;
  if (may_be_monitors) {
    std::optional<bool> open;
    if (phase) open = *phase == AlertPhase::kFiring;
    for (const auto& alert : context.monitors.Alerts(monitor, open, monitoring::kAlertsMax)) {
      if (static_cast<int64_t>(entries.size()) > 2 * limit) break;
      if (!cursor.IsBefore(alert.opened_ms, alert.id.str())) continue;
      Json json =
          MonitorAlertJson(alert, context.alerts.FindAlert(alerts::AlertId(alert.id.str())));
      if (!rule.empty() && json.GetString("rule") != rule) continue;
      entries.push_back({alert.opened_ms, alert.id.str(), std::move(json)});
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.time_ms != b.time_ms ? a.time_ms > b.time_ms : a.id > b.id;
  });
  const bool more = static_cast<int64_t>(entries.size()) > limit;
  if (more) entries.resize(static_cast<size_t>(limit));
  Json list = Json::MakeArray();
  for (Entry& entry : entries) list.Append(std::move(entry.json));
  Json answer = Json::Of({{"alerts", list}});
  if (more) answer.Set("next", fmt::format("{}:{}", entries.back().time_ms, entries.back().id));
  return Answer(answer);
}

http::Response GetAlert(Context& context, const http::Request& request) {
  const alerts::AlertId id(std::string(request.PathValue("id")));
  const auto alert = context.alerts.FindAlert(id);
  const auto of_monitor = FindMonitorAlert(context, id.str());
  if (!alert && !of_monitor) throw NotFound("Alert", id.str());
  Json json = of_monitor ? MonitorAlertJson(*of_monitor, alert) : RuleAlertJson(*alert);
  Json timeline = Json::MakeArray();
  for (const auto& entry : context.alerts.Timeline(id))
    timeline.Append(Json::Of({{"time_ms", entry.time_ms},
                              {"what", entry.what},
                              {"who", entry.who},
                              {"note", entry.note}}));
  Json silences = Json::MakeArray();
  bool inhibited = false;
  if (alert && alert->phase == AlertPhase::kFiring) {
    const auto muting = context.evaluator.MutingNow(*alert);
    for (const auto& silence : muting.silences) silences.Append(silence.str());
    inhibited = muting.inhibited;
  }
  return Answer(
      json.Set("timeline", timeline).Set("silenced_by", silences).Set("inhibited", inhibited));
}

http::Response AcknowledgeAlert(Context& context, const http::Request& request) {
  const alerts::AlertId id(std::string(request.PathValue("id")));
  context.alerts.Acknowledge(id, BodyObject(request).GetString("note"), request.principal);
  return Answer(AlertJson(*context.alerts.FindAlert(id)));
}

http::Response WithdrawAcknowledgement(Context& context, const http::Request& request) {
  const alerts::AlertId id(std::string(request.PathValue("id")));
  context.alerts.WithdrawAcknowledgement(id, request.principal);
  return Answer(AlertJson(*context.alerts.FindAlert(id)));
}

http::Response ListSilences(Context& context, const http::Request& request) {
  const bool with_ended = QueryText(request, "ended") == "true";
  Json list = Json::MakeArray();
  for (const auto& silence : context.alerts.Silences(with_ended ? kEndedSilencesMs : 0))
    list.Append(SilenceJson(silence, context.clock.NowMs()));
  return Answer(Json::Of({{"silences", list}}));
}

http::Response CreateSilence(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  alerts::Silence silence;
  silence.matchers = alerts::MatchersFromJson(body.At("matchers"), "matchers");
  silence.comment = body.GetString("comment");
  const int64_t now_ms = context.clock.NowMs();
  silence.starts_ms = body.GetInt("starts_ms", now_ms);
  if (const Json* lasts = body.Find("for"); lasts != nullptr && !lasts->is_null()) {
    silence.ends_ms = std::max(silence.starts_ms, now_ms) + alerts::ParseDurationMs(*lasts, "for");
  } else {
    silence.ends_ms = body.At("ends_ms").AsInt("ends_ms");
  }
  return Answer(
      SilenceJson(context.alerts.AddSilence(std::move(silence), request.principal), now_ms));
}

http::Response ExpireSilence(Context& context, const http::Request& request) {
  context.alerts.ExpireSilence(alerts::SilenceId(std::string(request.PathValue("id"))),
                               request.principal);
  return Answer(Json::MakeObject());
}

}  // namespace millwright::api::native
