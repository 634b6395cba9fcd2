#include "monitoring/health.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "drift/observed_feature.h"
#include "drift/reference_drift.h"
#include "monitoring/sql.h"
#include "monitoring/window_scan.h"

namespace millwright::monitoring {

using analytics::QuoteName;
using analytics::Session;
using storage::Connection;
using storage::Row;

namespace {

constexpr char kSliceTable[] = "slice";

void Newest(ModelHealth* health) {
  for (auto window = health->windows.rbegin(); window != health->windows.rend(); ++window) {
    if (health->task == ModelTask::kNone) health->task = window->task;
    if (!health->reference) health->reference = window->reference;
  }
}

// Outcomes are joined anew with what a slice holds of its predictions.
LogSnapshot SlicedSnapshot(const LogSnapshot& snapshot) {
  LogSnapshot sliced;
  sliced.predictions = fmt::format(
      "(SELECT * EXCLUDE (outcome, outcome_text, outcome_time_ms, feedback, feedback_text, "
      "feedback_comment, feedback_time_ms) FROM {})",
      kSliceTable);
  sliced.outcomes = snapshot.outcomes;
  sliced.traits = snapshot.traits;
  return sliced;
}

std::vector<int64_t> Starts(const std::vector<MonitorWindow>& windows) {
  std::vector<int64_t> starts;
  for (const MonitorWindow& window : windows) starts.push_back(window.start_ms);
  return starts;
}

}  // namespace

std::vector<HealthReader::Stored> HealthReader::Load(const std::string& monitor) const {
  std::vector<Stored> windows;
  database_.Read([&](Connection& connection) {
    for (const Row& row :
         connection.Select(sql::kListWindowHealth, {monitor, int64_t{kWindowsMax}})) {
      Stored stored;
      MonitorWindow& window = stored.health.window;
      window.start_ms = row.Int(0);
      window.end_ms = row.Int(1);
      window.predictions = row.Int(2);
      window.outcomes = row.Int(3);
      window.complete = row.Int(4) != 0;
      window.features = FeaturesFromJson(ParseJson(row.Text(5)));
      window.performance = PerformanceFromJson(ParseJson(row.Text(6)));
      stored.updated_ms = row.Int(7);
      stored.measured_of_ms = row.OptionalInt(8);
      if (stored.measured_of_ms) ReadHealth(ParseJson(row.Text(9)), &stored.health);
      window.quality = WindowQuality::FromJson(ParseJson(row.Text(10)));
      window.changes = ChangesFromJson(ParseJson(row.Text(11)));
      window.validation = WindowValidation::FromJson(ParseJson(row.Text(12)));
      windows.push_back(std::move(stored));
    }
  });
  std::reverse(windows.begin(), windows.end());
  return windows;
}

int HealthReader::Refresh() {
  std::lock_guard measuring(measuring_);
  std::vector<std::string> due;
  database_.Read([&](Connection& connection) {
    for (const Row& row : connection.Select(sql::kListDueHealth)) due.push_back(row.Text(0));
  });
  int measured = 0;
  for (const std::string& name : due) {
    try {
      measured += Measure(monitors_.Get(name));
    } catch (const std::exception& failure) {
      Log(LogLevel::kError, "monitoring", "The health of a model could not be measured",
          {{"monitor", name}, {"error", failure.what()}});
    }
  }
  return measured;
}

int HealthReader::RefreshNow(const std::string& monitor) {
  std::lock_guard measuring(measuring_);
  return Measure(monitors_.Get(monitor));
}

int HealthReader::Measure(const Monitor& monitor) {
  const std::string& name = monitor.spec.name;
  const std::vector<Stored> stored = Load(name);
  std::vector<MonitorWindow> all;
  std::map<int64_t, int64_t> updated;
  for (const Stored& one : stored) all.push_back(one.health.window);
  const std::vector<int64_t> reference = EstimateWindows(monitor.spec, all);
  std::vector<int64_t> due;
  for (const Stored& one : stored) {
    const MonitorWindow& window = one.health.window;
    updated[window.start_ms] = one.updated_ms;
    // An estimate is made anew when its reference has grown.
    const auto& about = one.health.reference;
    const bool has_reference = reference.empty() || one.health.task == ModelTask::kNone ||
                               (about && about->windows >= static_cast<int64_t>(reference.size()));
    if (one.measured_of_ms != one.updated_ms || !has_reference) due.push_back(window.start_ms);
  }
  if (due.empty()) return 0;
  if (due.size() > kWindowsPerEvaluationMax)
    due.erase(due.begin(), due.end() - kWindowsPerEvaluationMax);
  const LogSnapshot snapshot = log_.Open(monitor.spec.endpoint);
  Session session;
  const std::vector<WindowHealth> measured =
      MeasureHealth(session, snapshot, monitor.spec, all, due);
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kDeleteStrayHealth, {});
    for (const WindowHealth& health : measured) {
      const int64_t start_ms = health.window.start_ms;
      connection.Execute(sql::kPutWindowHealth,
                         {name, start_ms, updated[start_ms], HealthToJson(health).Dump()});
    }
    events_.Append(
        connection, "report.created", "monitor:" + name, "system",
        Json::Of({{"endpoint", monitor.spec.endpoint}, {"health_windows", measured.size()}}));
  });
  return static_cast<int>(measured.size());
}

ModelHealth HealthReader::Read(const std::string& monitor, const LogSlice& slice) const {
  Monitor known = monitors_.Get(monitor);
  if (!slice.where.empty()) {
    // A slice's answers are what all of them are, whatever its own look like.
    if (known.spec.Rule().task == ModelTask::kNone) {
      for (const Stored& one : Load(monitor)) {
        if (one.health.task != ModelTask::kNone) known.spec.label.task = one.health.task;
      }
    }
    return ReadSlice(std::move(known), slice);
  }
  ModelHealth health{.monitor = std::move(known)};
  for (Stored& one : Load(monitor)) {
    const int64_t start_ms = one.health.window.start_ms;
    if (start_ms < slice.happened.from_ms || start_ms >= slice.happened.to_ms) continue;
    health.windows.push_back(std::move(one.health));
  }
  Newest(&health);
  return health;
}

ModelHealth HealthReader::ReadSlice(Monitor monitor, const LogSlice& slice) const {
  const MonitorSpec& spec = monitor.spec;
  const LogSnapshot snapshot = log_.Open(spec.endpoint, {.happened = slice.happened});
  Session session = OpenSlice(snapshot, slice, kSliceTable, host_, kSlicedRowsMax);
  const LogSnapshot sliced = SlicedSnapshot(snapshot);
  WindowScan scan(session, sliced, spec, monitor.reference);
  std::vector<MonitorWindow> windows = scan.List();
  ModelHealth health{.monitor = monitor};
  if (windows.size() > kSlicedWindowsMax) {
    windows.erase(windows.begin(), windows.end() - kSlicedWindowsMax);
    health.is_partial = true;
  }
  if (windows.empty()) return health;
  scan.Load(windows.front().start_ms, windows.back().end_ms);
  for (MonitorWindow& window : windows) scan.Measure(window);
  health.windows = MeasureHealth(session, sliced, spec, windows, Starts(windows));
  Newest(&health);
  return health;
}

QualityDetails HealthReader::Quality(const std::string& monitor, int64_t start_ms,
                                     LogSlice slice) const {
  const Monitor known = monitors_.Get(monitor);
  const MonitorSpec& spec = known.spec;
  const TimeRange range{start_ms, start_ms + spec.window_ms};
  slice.happened = range;
  const LogSnapshot snapshot = log_.Open(spec.endpoint, {.happened = range});
  const bool is_sliced = !slice.where.empty();
  Session session =
      is_sliced ? OpenSlice(snapshot, slice, kSliceTable, host_, kSlicedRowsMax) : Session();
  const LogSnapshot sliced = is_sliced ? SlicedSnapshot(snapshot) : Narrowed(snapshot, range);
  WindowScan scan(session, sliced, spec, known.reference);
  QualityDetails details;
  std::vector<MonitorWindow> windows;
  if (is_sliced) {
    windows = scan.List();
  } else {
    windows = monitors_.Windows(monitor);
  }
  const auto found = std::find_if(windows.begin(), windows.end(), [&](const MonitorWindow& one) {
    return one.start_ms == start_ms;
  });
  if (found == windows.end()) {
    throw NotFound("Window", fmt::format("{} from {}", monitor, start_ms));
  }
  details.window = std::move(*found);
  if (is_sliced) {
    scan.Load(range.from_ms, range.to_ms);
    scan.Measure(details.window);
  }
  details.conditions = scan.ConditionsOf(details.window.quality);
  return details;
}

drift::Distribution HealthReader::Distribution(const std::string& monitor,
                                               const std::string& feature, LogSlice slice) const {
  const Monitor known = monitors_.Get(monitor);
  const drift::Reference reference = known.reference.Of({feature}).drift;
  const quality::ColumnProfile* column = reference.profile.Find(feature);
  if (column == nullptr) throw NotFound("Feature", feature);
  if (slice.happened.from_ms == 0 && slice.happened.to_ms == 0) {
    slice.happened = {};
    for (const MonitorWindow& window : monitors_.Windows(monitor)) {
      const bool is_judged = window.complete && window.predictions >= known.spec.rows_min;
      if (is_judged || slice.happened == TimeRange()) {
        slice.happened = {window.start_ms, window.end_ms};
      }
    }
  }
  const LogSnapshot snapshot = log_.Open(known.spec.endpoint, {.happened = slice.happened});
  const std::string rows = fmt::format(
      "role <> 'shadow' AND error = '' AND time_ms >= {} AND event_time_ms >= {} AND event_time_ms "
      "< {}",
      known.spec.since_ms, slice.happened.from_ms, slice.happened.to_ms);
  const bool is_sliced = !slice.where.empty();
  Session session =
      is_sliced ? OpenSlice(snapshot, slice, kSliceTable, host_, kSlicedRowsMax) : Session();
  // The one column alone: Parquet reads no other. A feature may be something of a column.
  std::string raw = feature;
  for (const drift::ObservedFeature& observed : reference.features) {
    if (observed.name == feature) raw = observed.column;
  }
  const std::string table =
      fmt::format("(SELECT {} AS {} FROM {} WHERE {})", QuoteName(kInputPrefix + raw),
                  QuoteName(raw), is_sliced ? kSliceTable : snapshot.predictions, rows);
  try {
    return drift::CompareDistribution(session, drift::ObservedSql(session, table, reference),
                                      *column);
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) throw;
    throw FailedPrecondition("No prediction has the feature {} yet", feature);
  }
}

int64_t HappenedAt(const std::vector<WindowHealth>& windows, int64_t asked_ms) {
  for (auto window = windows.rbegin(); window != windows.rend(); ++window) {
    const ServiceFigures& service = window->service;
    const auto& [start_ms, end_ms] = std::pair(window->window.start_ms, window->window.end_ms);
    if (service.requests == 0 || service.asked_first_ms > asked_ms) continue;
    const bool is_live = service.asked_first_ms >= start_ms && service.asked_last_ms <= end_ms;
    if (is_live) return asked_ms;
    const double took = static_cast<double>(service.asked_last_ms - service.asked_first_ms);
    const double share =
        took <= 0 ? 1 : static_cast<double>(asked_ms - service.asked_first_ms) / took;
    return start_ms +
           static_cast<int64_t>(std::min(1.0, share) * static_cast<double>(end_ms - start_ms));
  }
  return windows.empty() ? asked_ms : std::min(asked_ms, windows.front().window.start_ms);
}

}  // namespace millwright::monitoring
