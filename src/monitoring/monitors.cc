#include "monitoring/monitors.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/log.h"
#include "monitoring/sql.h"
#include "monitoring/window_scan.h"

namespace millwright::monitoring {

using storage::Connection;
using storage::Row;

namespace {

// An evaluation of a log of so many rows, which takes seconds, is followed by a rest of so many
// times as long.
constexpr int64_t kRestedRows = 2'000'000;
constexpr int64_t kRestsPerCost = 9;

// No window was judged yet.
constexpr int64_t kNeverJudged = std::numeric_limits<int64_t>::min() / 2;

Alert ReadAlert(const Row& row) {
  Alert alert;
  alert.id = AlertId(row.Text(0));
  alert.monitor = row.Text(1);
  alert.endpoint = row.Text(2);
  alert.model = row.Text(3);
  alert.kind = ParseAlertKind(row.Text(4));
  alert.feature = row.Text(5);
  alert.value = row.Double(6);
  alert.threshold = row.Double(7);
  alert.open = row.Text(8) == "open";
  alert.opened_ms = row.Int(9);
  alert.closed_ms = row.OptionalInt(10);
  alert.window_start_ms = row.Int(11);
  alert.window_end_ms = row.Int(12);
  alert.message = row.Text(13);
  alert.pipeline_run = row.OptionalText(14);
  return alert;
}

MonitorState ReadState(const std::string& text) {
  return text == "paused" ? MonitorState::kPaused : MonitorState::kActive;
}

MonitorWindow ReadWindow(const Row& row) {
  MonitorWindow window;
  window.start_ms = row.Int(0);
  window.end_ms = row.Int(1);
  window.predictions = row.Int(2);
  window.outcomes = row.Int(3);
  window.complete = row.Int(4) != 0;
  window.features = FeaturesFromJson(ParseJson(row.Text(5)));
  window.performance = PerformanceFromJson(ParseJson(row.Text(6)));
  window.quality = WindowQuality::FromJson(ParseJson(row.Text(7)));
  window.changes = ChangesFromJson(ParseJson(row.Text(8)));
  window.validation = WindowValidation::FromJson(ParseJson(row.Text(9)));
  window.outcomes_digest = row.Int(10);
  return window;
}

std::string Subject(const std::string& monitor) {
  return "monitor:" + monitor;
}

bool HasSameRows(const MonitorWindow& a, const MonitorWindow& b) {
  return a.predictions == b.predictions && a.outcomes == b.outcomes &&
         a.outcomes_digest == b.outcomes_digest && a.complete == b.complete;
}

// Whether the log has less of a window than was measured: it keeps rows for so long only. What was
// measured of all of them stays.
bool HasForgotten(const MonitorWindow& measured, const MonitorWindow& now) {
  return now.predictions < measured.predictions || now.outcomes < measured.outcomes;
}

}  // namespace

namespace {

// From when on rows are needed to measure a window: its detectors want some of before.
int64_t HistoryFrom(const MonitorSpec& spec, const WindowsByStart& windows, int64_t start_ms) {
  if (spec.detectors.empty()) return start_ms;
  int64_t from_ms = start_ms, rows = 0;
  for (auto at = windows.lower_bound(start_ms);
       at != windows.begin() && rows < kDetectorHistoryRows;) {
    --at;
    rows += at->second.predictions;
    from_ms = at->first;
  }
  return from_ms;
}

}  // namespace

struct Monitors::Stored : Monitor {
  int64_t judged_drift_ms = kNeverJudged;
  int64_t judged_performance_ms = kNeverJudged;
};

Monitors::Monitors(storage::Database& database, events::EventLog& events, const Clock& clock,
                   const PredictionLog& log, analytics::SessionHost* host)
    : database_(database),
      events_(events),
      clock_(clock),
      log_(log),
      host_(host),
      summaries_(log, clock) {}

void Monitors::Put(const MonitorSpec& spec, const MonitorReference& reference,
                   const std::string& who) {
  const MonitorSpec checked = MonitorSpec::FromJson(spec.ToJson());
  CheckReference(checked, reference);
  std::lock_guard evaluating(evaluating_);
  const std::vector<MonitorWindow> known = Windows(spec.name, 1);
  const bool anew = known.empty() || spec.since_ms > 0;
  const int64_t judged = anew ? kNeverJudged : known.back().start_ms;
  database_.Write([&](Connection& connection) {
    const bool existed = connection.SelectOne(sql::kGetMonitor, {spec.name}).has_value();
    connection.Execute(sql::kPutMonitor,
                       {spec.name, spec.endpoint, spec.model, checked.ToJson().Dump(),
                        reference.ToJson().Dump(), clock_.NowMs(), judged});
    connection.Execute(sql::kDeleteWindows, {spec.name});
    CloseAll(connection, spec.name, "the monitor was changed", who);
    events_.Append(connection, existed ? "monitor.updated" : "monitor.created", Subject(spec.name),
                   who, Json::Of({{"endpoint", spec.endpoint}, {"reference", spec.reference}}));
  });
  seen_.erase(spec.name);
}

void Monitors::CloseAll(Connection& connection, const std::string& monitor, std::string_view reason,
                        const std::string& who) {
  for (const Row& row : connection.Select(sql::kCloseAlerts, {monitor, clock_.NowMs()})) {
    events_.Append(connection, "alert.closed", "alert:" + row.Text(0), who,
                   Json::Of({{"alert_id", row.Text(0)}, {"monitor", monitor}, {"reason", reason}}));
  }
}

Monitors::Stored Monitors::Load(const std::string& name) const {
  const auto row = database_.Read(
      [&](Connection& connection) { return connection.SelectOne(sql::kGetMonitor, {name}); });
  if (!row) throw NotFound("Monitor", name);
  Stored stored;
  stored.state = ReadState(row->Text(1));
  stored.spec = MonitorSpec::FromJson(ParseJson(row->Text(2)));
  stored.reference = MonitorReference::FromJson(ParseJson(row->Text(3)));
  stored.created_ms = row->Int(4);
  stored.judged_drift_ms = row->Int(5);
  stored.judged_performance_ms = row->Int(6);
  return stored;
}

// Without the reference, which takes longer to read than all else.
MonitorSpec Monitors::LoadSpec(const std::string& name) const {
  const auto row = database_.Read(
      [&](Connection& connection) { return connection.SelectOne(sql::kGetMonitor, {name}); });
  if (!row) throw NotFound("Monitor", name);
  return MonitorSpec::FromJson(ParseJson(row->Text(2)));
}

Monitor Monitors::Get(const std::string& name) const {
  return Load(name);
}

void Monitors::SetState(const std::string& name, MonitorState state, const std::string& who) {
  database_.Write([&](Connection& connection) {
    const int64_t changed = connection.Execute(
        sql::kSetMonitorState, {name, std::string(MonitorStateName(state)), clock_.NowMs()});
    if (changed == 0) throw NotFound("Monitor", name);
    events_.Append(connection, "monitor.updated", Subject(name), who,
                   Json::Of({{"state", MonitorStateName(state)}}));
  });
}

void Monitors::Delete(const std::string& name, const std::string& who) {
  std::lock_guard evaluating(evaluating_);
  database_.Write([&](Connection& connection) {
    if (connection.Execute(sql::kDeleteMonitor, {name}) == 0) throw NotFound("Monitor", name);
    connection.Execute(sql::kDeleteWindows, {name});
    CloseAll(connection, name, "the monitor was deleted", who);
    events_.Append(connection, "monitor.deleted", Subject(name), who);
  });
  seen_.erase(name);
}

std::vector<MonitorSummary> Monitors::List(const std::string& endpoint) const {
  std::vector<MonitorSummary> monitors;
  database_.Read([&](Connection& connection) {
    for (const Row& row : connection.Select(sql::kListMonitors, {endpoint})) {
      monitors.push_back(
          {row.Text(0), row.Text(1), row.Text(2), ReadState(row.Text(3)), row.Int(4), row.Int(5)});
    }
  });
  return monitors;
}

int Monitors::Evaluate() {
  std::lock_guard evaluating(evaluating_);
  int measured = 0;
  for (const MonitorSummary& summary : List()) {
    if (summary.state == MonitorState::kPaused) continue;
    const LogCounts counts = log_.Counts(summary.endpoint);
    const auto seen = seen_.find(summary.name);
    const int64_t start_us = MonotonicUs();
    const bool is_seen = seen != seen_.end();
    if (is_seen && (seen->second.counts == counts || seen->second.rests_until_us > start_us)) {
      continue;
    }
    try {
      measured += EvaluateStored(Load(summary.name));
      const int64_t end_us = MonotonicUs();
      const bool rests = counts.predictions + counts.outcomes >= kRestedRows;
      seen_[summary.name] = {counts, rests ? end_us + kRestsPerCost * (end_us - start_us) : 0};
    } catch (const std::exception& failure) {
      Log(LogLevel::kError, "monitoring", "A monitor could not be evaluated",
          {{"monitor", summary.name}, {"error", failure.what()}});
    }
  }
  summaries_.Refresh();
  return measured;
}

int Monitors::EvaluateNow(const std::string& name) {
  std::lock_guard evaluating(evaluating_);
  return EvaluateStored(Load(name));
}

int Monitors::EvaluateStored(const Stored& monitor) {
  WindowsByStart known;
  for (MonitorWindow& window : Windows(monitor.spec.name)) known[window.start_ms] = window;
  const LogSnapshot snapshot = log_.Open(monitor.spec.endpoint);
  analytics::Session session(MonitorSessionOptions(monitor.spec, snapshot, host_));
  WindowScan scan(session, snapshot, monitor.spec, monitor.reference);
  std::vector<MonitorWindow> changed;
  for (MonitorWindow& window : scan.List(clock_.NowMs())) {
    const auto found = known.find(window.start_ms);
    const bool is_new = found == known.end();
    if (is_new || (!HasSameRows(found->second, window) && !HasForgotten(found->second, window))) {
      changed.push_back(std::move(window));
    }
  }
  if (changed.empty()) return 0;
  if (changed.size() > kWindowsPerEvaluationMax) {
    changed.erase(changed.begin(), changed.end() - kWindowsPerEvaluationMax);
  }
  scan.Load(HistoryFrom(monitor.spec, known, changed.front().start_ms), changed.back().end_ms);
  for (MonitorWindow& window : changed) {
    scan.Measure(window);
    known[window.start_ms] = window;
  }
  Save(monitor, known, changed);
  return static_cast<int>(changed.size());
}

void Monitors::Save(const Stored& monitor, const WindowsByStart& windows,
                    const std::vector<MonitorWindow>& measured) {
  const std::string& name = monitor.spec.name;
  database_.Write([&](Connection& connection) {
    int64_t judged_drift_ms = monitor.judged_drift_ms;
    int64_t judged_performance_ms = monitor.judged_performance_ms;
    for (const MonitorWindow& window : measured) {
      connection.Execute(sql::kPutWindow,
                         {name, window.start_ms, window.end_ms, window.predictions, window.outcomes,
                          int64_t{window.complete}, FeaturesToJson(window.features).Dump(),
                          PerformanceToJson(window.performance).Dump(), clock_.NowMs(),
                          window.quality.ToJson().Dump(), ChangesToJson(window.changes).Dump(),
                          window.validation.ToJson().Dump(), window.outcomes_digest});
      Judge(connection, monitor, windows, window, judged_drift_ms, judged_performance_ms);
    }
    connection.Execute(sql::kSetMonitorJudged, {name, judged_drift_ms, judged_performance_ms});
    events_.Append(connection, "report.created", Subject(name), "system",
                   Json::Of({{"endpoint", monitor.spec.endpoint}, {"windows", measured.size()}}));
  });
}

// Windows are judged in their order; one that changes after a later one was judged is measured
// again and raises nothing.
void Monitors::Judge(Connection& connection, const Stored& monitor, const WindowsByStart& windows,
                     const MonitorWindow& window, int64_t& judged_drift_ms,
                     int64_t& judged_performance_ms) {
  const MonitorSpec& spec = monitor.spec;
  const auto follow = [&](const Crossing& crossing) {
    if (crossing.is_over) {
      if (IsLasting(spec, windows, window, crossing)) Open(connection, monitor, window, crossing);
    } else {
      Close(connection, monitor, crossing.kind, crossing.feature, crossing.value);
    }
  };
  if (IsJudgedForDrift(spec, window) && window.start_ms > judged_drift_ms) {
    judged_drift_ms = window.start_ms;
    for (const Crossing& crossing : JudgeDrift(spec, window)) follow(crossing);
  }
  // The window judged last is judged again as more of its outcomes arrive.
  if (!IsJudgedForPerformance(spec, window) || window.start_ms < judged_performance_ms) return;
  judged_performance_ms = window.start_ms;
  for (const Crossing& crossing : JudgePerformance(spec, window)) follow(crossing);
}

void Monitors::Open(Connection& connection, const Stored& monitor, const MonitorWindow& window,
                    const Crossing& crossing) {
  const MonitorSpec& spec = monitor.spec;
  const std::string id = NewShortId("al-");
  const std::string kind_name(AlertKindName(crossing.kind));
  const std::string message = AlertMessage(window, crossing);
  const int64_t opened = connection.Execute(
      sql::kOpenAlert,
      {id, spec.name, spec.endpoint, spec.model, kind_name, crossing.feature, crossing.value,
       crossing.threshold, clock_.NowMs(), window.start_ms, window.end_ms, message});
  if (opened == 0) return;
  events_.Append(connection, "alert.opened", "alert:" + id, "system",
                 Json::Of({{"alert_id", id},
                           {"monitor", spec.name},
                           {"endpoint", spec.endpoint},
                           {"model", spec.model},
                           {"kind", kind_name},
                           {"feature", crossing.feature},
                           {"value", crossing.value},
                           {"threshold", crossing.threshold},
                           {"window_start_ms", window.start_ms},
                           {"window_end_ms", window.end_ms},
                           {"message", message}}));
}

void Monitors::Close(Connection& connection, const Stored& monitor, AlertKind kind,
                     const std::string& feature, double value) {
  const std::string kind_name(AlertKindName(kind));
  const auto closed =
      connection.Select(sql::kCloseAlert, {monitor.spec.name, kind_name, feature, clock_.NowMs()});
  for (const Row& row : closed) {
    events_.Append(connection, "alert.closed", "alert:" + row.Text(0), "system",
                   Json::Of({{"alert_id", row.Text(0)},
                             {"monitor", monitor.spec.name},
                             {"kind", kind_name},
                             {"feature", feature},
                             {"value", value}}));
  }
}

std::vector<MonitorWindow> Monitors::Windows(const std::string& name, int limit) const {
  std::vector<MonitorWindow> windows;
  database_.Read([&](Connection& connection) {
    const int64_t bounded = std::clamp(limit, 1, kWindowsMax);
    for (const Row& row : connection.Select(sql::kListWindows, {name, bounded})) {
      windows.push_back(ReadWindow(row));
    }
  });
  std::reverse(windows.begin(), windows.end());
  return windows;
}

std::optional<MonitorWindow> Monitors::LatestKnownWindow(const std::string& name) const {
  const MonitorSpec spec = LoadSpec(name);
  const auto row = database_.Read([&](Connection& connection) {
    return connection.SelectOne(sql::kLatestKnownWindow,
                                {name, spec.outcomes_min, spec.coverage_min});
  });
  if (!row) return std::nullopt;
  return ReadWindow(*row);
}

LogSummary Monitors::Summary(const std::string& name) {
  const MonitorSpec spec = LoadSpec(name);
  return summaries_.Get(spec.endpoint, spec.Rule());
}

drift::Distribution Monitors::Distribution(const std::string& name, const std::string& feature,
                                           int64_t start_ms, int64_t end_ms) {
  const Stored monitor = Load(name);
  const quality::ColumnProfile* column = monitor.reference.drift.profile.Find(feature);
  if (column == nullptr) throw NotFound("Feature", feature);
  if (start_ms == 0 && end_ms == 0) {
    for (const MonitorWindow& window : Windows(name)) {
      if (window.predictions < monitor.spec.rows_min && end_ms != 0) continue;
      if (!window.complete && end_ms != 0) continue;
      start_ms = window.start_ms;
      end_ms = window.end_ms;
    }
  }
  const LogSnapshot snapshot = log_.Open(monitor.spec.endpoint);
  MonitorSpec all = monitor.spec;
  all.features = {feature};
  analytics::Session session;
  WindowScan scan(session, snapshot, all, monitor.reference);
  scan.Load(start_ms, end_ms);
  try {
    const std::string observed = drift::ObservedSql(session, scan.FeaturesSql(start_ms, end_ms),
                                                    monitor.reference.Of({feature}).drift);
    return drift::CompareDistribution(session, observed, *column);
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) throw;
    throw FailedPrecondition("No prediction has the feature {} yet", feature);
  }
}

Monitors::WindowReference Monitors::MeasureReference(const MonitorSpec& spec, int64_t from_ms,
                                                     int64_t to_ms) const {
  analytics::Session session;
  // By the whole log: what its windows are compared with must be read as they are.
  std::set<std::string> numbers;
  {
    const LogSnapshot whole = log_.Open(spec.endpoint);
    numbers = NumbersAmongTexts(session, whole);
  }
  const LogSnapshot snapshot = log_.Open(spec.endpoint, {.happened = {from_ms, to_ms}});
  const MonitorReference none;
  WindowScan scan(session, snapshot, spec, none);
  scan.Load(from_ms, to_ms);
  WindowReference reference;
  const auto require = [&](const std::string& rows) {
    if (session.Query("SELECT 1 FROM " + rows + " LIMIT 1").row_count() > 0) return;
    throw FailedPrecondition("{} predicted nothing from {} to {}", spec.endpoint,
                             FormatTime(from_ms), FormatTime(to_ms));
  };
  // Where no row is of the time no file is read, and no input is known.
  require(Narrowed(snapshot, {from_ms, to_ms}).predictions);
  const std::string inputs = scan.InputsSql(numbers);
  require(inputs);
  reference.reference = MakeMonitorReference(session, inputs, spec, kEventTimeColumn);
  if (!spec.detectors.empty()) {
    for (auto& [name, level] : scan.MeasureLevels()) reference.reference.levels[name] = level;
  }
  const PerformanceFigures figures =
      scan.MeasurePerformance({.start_ms = from_ms, .end_ms = to_ms});
  reference.auc = figures.auc;
  reference.mae = figures.mae;
  reference.rmse = figures.rmse;
  return reference;
}

std::vector<Alert> Monitors::Alerts(const std::string& monitor, std::optional<bool> open,
                                    int limit) const {
  const std::string state = !open ? "" : *open ? "open" : "closed";
  std::vector<Alert> alerts;
  database_.Read([&](Connection& connection) {
    const int64_t bounded = std::clamp(limit, 1, kAlertsMax);
    for (const Row& row : connection.Select(sql::kListAlerts, {monitor, state, bounded})) {
      alerts.push_back(ReadAlert(row));
    }
  });
  return alerts;
}

std::vector<Alert> Monitors::AlertsClosedSince(int64_t time_ms) const {
  std::vector<Alert> alerts;
  database_.Read([&](Connection& connection) {
    const int64_t limit = kAlertsMax;
    for (const Row& row : connection.Select(sql::kListClosedAlerts, {time_ms, limit})) {
      alerts.push_back(ReadAlert(row));
    }
  });
  return alerts;
}

Alert Monitors::GetAlert(const AlertId& id) const {
  const auto row = database_.Read(
      [&](Connection& connection) { return connection.SelectOne(sql::kGetAlert, {id.str()}); });
  if (!row) throw NotFound("Alert", id.str());
  return ReadAlert(*row);
}

void Monitors::SetPipelineRun(const AlertId& id, const std::string& pipeline_run) {
  database_.Write([&](Connection& connection) {
    if (connection.Execute(sql::kSetAlertPipelineRun, {id.str(), pipeline_run}) == 0) {
      throw NotFound("Alert", id.str());
    }
  });
}

}  // namespace millwright::monitoring
