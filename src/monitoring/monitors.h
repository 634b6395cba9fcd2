#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "monitoring/monitor_reference.h"
#include "monitoring/prediction_log.h"
#include "monitoring/summary_cache.h"
#include "monitoring/window_judgement.h"
#include "storage/database.h"

namespace millwright::monitoring {

inline constexpr int kAlertsMax = 1000;  // in one list
// Windows that one evaluation measures; older ones wait for the next.
inline constexpr size_t kWindowsPerEvaluationMax = 200;

// Monitors, what they measured and their alerts. Windows are measured from the prediction log when
// it has changed; what was measured, judged and alerted is in the database and survives a restart.
// Thread-safe; evaluations run one after another, those of monitors with a suite, which may hold
// SQL from outside, in child processes of `host`.
//
// A window is judged once it is complete and has enough rows. A feature that has drifted by the
// monitor's preset, in as many windows in a row as it asks for, opens an alert (event alert.opened
// with alert_id, monitor, endpoint, model, kind, feature, value, threshold, window_start_ms,
// window_end_ms); there is at most one open alert per monitor, kind and feature. A later window
// that is clearly back (window_judgement.h) closes it (event alert.closed).
class Monitors {
 public:
  Monitors(storage::Database& database, events::EventLog& events, const Clock& clock,
           const PredictionLog& log, analytics::SessionHost* host = nullptr);

  // Stores a monitor, replacing one of the same name: then its windows are measured anew against
  // the new reference, but only windows from now on are judged, and its open alerts are closed.
  // Event monitor.created or monitor.updated. Throws kInvalidArgument as CheckReference.
  void Put(const MonitorSpec& spec, const MonitorReference& reference, const std::string& who);
  void Put(const MonitorSpec& spec, const quality::Profile& profile, const std::string& who) {
    Put(spec, MonitorReference(profile), who);
  }
  // Throw kNotFound.
  Monitor Get(const std::string& name) const;
  void SetState(const std::string& name, MonitorState state, const std::string& who);
  void Delete(const std::string& name, const std::string& who);
  // Of all endpoints when `endpoint` is empty.
  std::vector<MonitorSummary> List(const std::string& endpoint = "") const;

  // Measures and judges what has changed since the last time, in all active monitors; cheap when
  // nothing has. A monitor whose evaluation takes seconds, for its log is large, is evaluated a
  // tenth of the time at most. Returns how many windows were measured. A monitor that fails is
  // logged and does not stop the others.
  int Evaluate();
  // The same for one monitor, whether or not its log changed. Throws kNotFound.
  int EvaluateNow(const std::string& name);

  // Windows, oldest first: the newest `limit`.
  std::vector<MonitorWindow> Windows(const std::string& name, int limit = kWindowsMax) const;
  // The newest complete window of which enough outcomes are known to judge it by: outcomes come
  // late, and so this one is often older than the newest. Throws kNotFound.
  std::optional<MonitorWindow> LatestKnownWindow(const std::string& name) const;
  // The answers to the five questions; of a large log as of some minutes ago at most
  // (SummaryCache).
  LogSummary Summary(const std::string& name);
  // How a feature is distributed in a window (the newest complete one with enough rows when both
  // times are 0) and in the reference. Throws kNotFound for an unknown feature.
  drift::Distribution Distribution(const std::string& name, const std::string& feature,
                                   int64_t start_ms = 0, int64_t end_ms = 0);

  // What an endpoint was asked, and how well it answered, in a span of event time: a reference for
  // those that have none from training. Throws kFailedPrecondition when nothing was asked then.
  struct WindowReference {
    MonitorReference reference;
    std::optional<double> auc, mae, rmse;  // where enough outcomes are known
  };
  WindowReference MeasureReference(const MonitorSpec& spec, int64_t from_ms, int64_t to_ms) const;

  // Newest first; empty means any monitor, nothing means any state.
  std::vector<Alert> Alerts(const std::string& monitor = "", std::optional<bool> open = {},
                            int limit = 100) const;
  // Those closed at a time or later, the oldest first, kAlertsMax at most.
  std::vector<Alert> AlertsClosedSince(int64_t time_ms) const;
  Alert GetAlert(const AlertId& id) const;
  void SetPipelineRun(const AlertId& id, const std::string& pipeline_run);

 private:
  struct Stored;

  Stored Load(const std::string& name) const;
  MonitorSpec LoadSpec(const std::string& name) const;
  int EvaluateStored(const Stored& monitor);
  // `windows` are all that there are, those measured now among them.
  void Save(const Stored& monitor, const WindowsByStart& windows,
            const std::vector<MonitorWindow>& measured);
  void Judge(storage::Connection& connection, const Stored& monitor, const WindowsByStart& windows,
             const MonitorWindow& window, int64_t& judged_drift_ms, int64_t& judged_performance_ms);
  void Open(storage::Connection& connection, const Stored& monitor, const MonitorWindow& window,
            const Crossing& crossing);
  void CloseAll(storage::Connection& connection, const std::string& monitor,
                std::string_view reason, const std::string& who);
  void Close(storage::Connection& connection, const Stored& monitor, AlertKind kind,
             const std::string& feature, double value);

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const PredictionLog& log_;
  analytics::SessionHost* const host_;
  SummaryCache summaries_;

  // What an evaluation saw of a log, and until when (on the monotonic clock) the next one rests.
  struct Seen {
    LogCounts counts;
    int64_t rests_until_us = 0;
  };
  std::mutex evaluating_;             // held over an evaluation; guards what follows
  std::map<std::string, Seen> seen_;  // by monitor
};

}  // namespace millwright::monitoring
