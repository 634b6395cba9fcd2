#include "monitoring/preview.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "monitoring/prediction_reader.h"
#include "monitoring/window_judgement.h"
#include "monitoring/window_scan.h"

namespace millwright::monitoring {
namespace {

// Follows the windows in their order, with at most one open alert of a kind and feature.
class Judge {
 public:
  Judge(const MonitorSpec& spec, std::vector<PreviewedAlert>* alerts)
      : spec_(spec), alerts_(alerts) {}

  void Follow(const MonitorWindow& window) {
    seen_[window.start_ms] = window;
    for (const Crossing& crossing : JudgeDrift(spec_, window)) Cross(window, crossing);
    for (const Crossing& crossing : JudgePerformance(spec_, window)) Cross(window, crossing);
  }

 private:
  void Cross(const MonitorWindow& window, const Crossing& crossing) {
    const auto key = std::pair(crossing.kind, crossing.feature);
    const auto open = open_.find(key);
    if (!crossing.is_over) {
      if (open == open_.end()) return;
      (*alerts_)[open->second].closed_ms = window.end_ms;
      open_.erase(open);
      return;
    }
    if (open != open_.end() || !IsLasting(spec_, seen_, window, crossing)) return;
    open_[key] = alerts_->size();
    alerts_->push_back({crossing.kind,
                        crossing.feature,
                        crossing.value,
                        crossing.threshold,
                        AlertMessage(window, crossing),
                        window.start_ms,
                        window.end_ms,
                        {}});
  }

  const MonitorSpec& spec_;
  std::vector<PreviewedAlert>* alerts_;
  WindowsByStart seen_;
  std::map<std::pair<AlertKind, std::string>, size_t> open_;  // places in alerts_
};

// How many windows and rows the limits leave for these features.
PreviewLimits For(const std::vector<drift::ObservedFeature>& features, PreviewLimits limits) {
  const size_t windows = limits.feature_windows_max / std::max<size_t>(1, features.size());
  limits.windows_max = std::clamp<size_t>(windows, 1, limits.windows_max);
  std::set<std::string> read;
  for (const drift::ObservedFeature& feature : features) {
    const drift::Observation observation = feature.observation;
    const bool is_of_sql = observation == drift::Observation::kValue ||
                           observation == drift::Observation::kHour ||
                           observation == drift::Observation::kWeekday;
    if (!is_of_sql) read.insert(feature.column);
  }
  if (!read.empty()) {
    limits.rows_max =
        std::min(limits.rows_max, limits.cells_max / static_cast<int64_t>(read.size()));
  }
  return limits;
}

// The newest windows within the limits; one of them is taken however large it is.
std::vector<MonitorWindow> Newest(std::vector<MonitorWindow> windows, const PreviewLimits& limits,
                                  MonitorPreview* preview) {
  size_t first = windows.size();
  while (first > 0 && windows.size() - first < limits.windows_max) {
    const int64_t rows = preview->rows + windows[first - 1].predictions;
    if (rows > limits.rows_max && first < windows.size()) break;
    preview->rows = rows;
    --first;
  }
  preview->is_partial = first > 0;
  windows.erase(windows.begin(), windows.begin() + static_cast<ptrdiff_t>(first));
  return windows;
}

// When the newest predictions happened, as many as a preview reads, in whole hours.
TimeRange NewestRange(const PredictionLog& log, const std::string& endpoint, int64_t rows_max) {
  if (log.Counts(endpoint).predictions <= rows_max) return {};
  return {.from_ms = log.NewestHappenedFrom(endpoint, rows_max)};
}

// What a monitor may look at: all inputs, its answer, and what tells windows and roles.
std::string ColumnsSql(analytics::Session& session, const std::string& predictions,
                       const MonitorSpec& spec) {
  std::string names = "id, role, error, time_ms, event_time_ms";
  for (const analytics::Column& column : session.Describe("SELECT * FROM " + predictions)) {
    if (column.name.starts_with(kInputPrefix) ||
        column.name == kOutputPrefix + spec.label.probability_output) {
      names += ", " + analytics::QuoteName(column.name);
    }
  }
  return names;
}

}  // namespace

MonitorPreviewer::Kept& MonitorPreviewer::Keep(const MonitorSpec& spec) {
  const std::string of =
      spec.endpoint + "\n" + spec.label.probability_output + (spec.suite.empty() ? "" : "\nsuite");
  const LogCounts counts = log_.Counts(spec.endpoint);
  if (kept_ && kept_->of == of && kept_->counts == counts) return *kept_;
  kept_.reset();
  const TimeRange range = NewestRange(log_, spec.endpoint, limits_.rows_max);
  const LogSnapshot snapshot = log_.Open(spec.endpoint, {.happened = range});
  const LogSnapshot narrowed = Narrowed(snapshot, range);
  Kept kept{.of = of, .counts = counts, .is_partial = range != TimeRange()};
  analytics::SessionOptions options = MonitorSessionOptions(spec, snapshot, host_);
  options.time_limit_ms = kPreviewMsMax;
  kept.session = std::make_unique<analytics::Session>(options);
  kept.session->Execute("CREATE TEMP TABLE previewed AS SELECT " +
                        ColumnsSql(*kept.session, narrowed.predictions, spec) + " FROM " +
                        narrowed.predictions);
  kept.session->Execute("CREATE TEMP TABLE previewed_outcomes AS SELECT * FROM " +
                        narrowed.outcomes);
  kept.snapshot.predictions = "previewed";
  kept.snapshot.outcomes = "previewed_outcomes";
  kept.snapshot.traits = snapshot.traits;
  return kept_.emplace(std::move(kept));
}

MonitorPreview MonitorPreviewer::Preview(const MonitorSpec& spec, const MonitorReference& reference,
                                         int64_t now_ms) {
  CheckReference(spec, reference);
  std::lock_guard lock(mutex_);
  asked_us_ = MonotonicUs();
  try {
    return PreviewKept(spec, reference, now_ms);
  } catch (const Error&) {
    kept_.reset();  // its process may have ended
    throw;
  }
}

MonitorPreview MonitorPreviewer::PreviewKept(const MonitorSpec& spec,
                                             const MonitorReference& reference, int64_t now_ms) {
  Kept& kept = Keep(spec);
  WindowScan scan(*kept.session, kept.snapshot, spec, reference);
  MonitorPreview preview;
  const PreviewLimits limits = For(reference.Of(spec.features).drift.features, limits_);
  preview.windows = Newest(scan.List(now_ms), limits, &preview);
  preview.is_partial = preview.is_partial || kept.is_partial;
  if (preview.windows.empty()) return preview;
  scan.Load(preview.windows.front().start_ms, preview.windows.back().end_ms);
  Judge judge(spec, &preview.alerts);
  for (MonitorWindow& window : preview.windows) {
    scan.Measure(window);
    judge.Follow(window);
  }
  return preview;
}

Monitors::WindowReference MonitorPreviewer::Reference(const Monitors& monitors,
                                                      const MonitorSpec& spec, int64_t from_ms,
                                                      int64_t to_ms) {
  const LogCounts counts = log_.Counts(spec.endpoint);
  Json of = spec.ToJson();
  // What only the judgement goes by.
  for (const char* field :
       {"name", "model", "rows_min", "psi_threshold", "psi_thresholds", "drift_share_min",
        "consecutive_windows", "false_discovery_rate", "auc_min", "auc_drop_max", "mae_max",
        "mae_rise_max", "rmse_max", "rmse_rise_max", "coverage_min", "costs", "feature_times",
        "stale_after_ms", "suite"}) {
    of.Set(field, Json());
  }
  of.Set("task", ModelTaskName(spec.Rule().task));
  of.Set("from", from_ms).Set("to", to_ms);
  of.Set("predictions", counts.predictions).Set("outcomes", counts.outcomes);
  std::lock_guard lock(mutex_);
  asked_us_ = MonotonicUs();
  if (const std::string key = of.Dump(); key != reference_of_) {
    reference_ = monitors.MeasureReference(spec, from_ms, to_ms);
    reference_of_ = key;
  }
  return reference_;
}

void MonitorPreviewer::DropIdle() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || MonotonicUs() - asked_us_ < kPreviewKeptMs * 1000) return;
  kept_.reset();
  reference_of_.clear();
}

}  // namespace millwright::monitoring
