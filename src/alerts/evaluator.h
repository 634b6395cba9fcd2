#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "alerts/alert_clock.h"
#include "alerts/alert_store.h"
#include "alerts/machine.h"
#include "alerts/notification.h"
#include "alerts/notifier.h"
#include "alerts/sample_history.h"

namespace millwright::alerts {

inline constexpr int64_t kUnknownMsMax = 86'400'000;  // an alert without data for so long ends
// How often the value of a firing alert is written down.
inline constexpr int64_t kValueWriteMs = 15'000;
inline constexpr int64_t kClockWriteMs = 30'000;

// How far back alerts of monitors are looked for that were over before anybody saw them open.
inline constexpr int64_t kPassedWithinMs = 3'600'000;

// An alert that a monitor holds open by its own thresholds, or has closed: a monitor that catches
// up on many windows opens and closes one at once.
struct MonitorAlert {
  AlertId id;
  std::string rule;  // monitor.drift, monitor.performance
  Labels labels;
  double value = 0;
  double threshold = 0;
  std::string summary;
  Json cause;
  int64_t opened_ms = 0;
  std::optional<int64_t> closed_ms;
};

struct EvaluatorOptions {
  std::function<std::string()> server_url;  // for links in messages
  // What is known of the cause of an alert of a rule: links to a window, to rows, to a page.
  std::function<Json(const Rule& rule, const Labels& labels)> cause;
  std::function<int64_t()> monotonic_ms;
};

struct EvaluatorStats {
  int64_t evaluations = 0;
  int64_t evaluation_us = 0;
  int64_t left_out = 0;
  std::map<std::string, int64_t> rule_failures;
  std::map<std::string, int64_t> notifications;  // by receiver
  std::map<std::string, int64_t> held;
};

// Looks at all rules again and again: takes what the series say, moves each alert's machine, writes
// down what changed, decides who is told and queues the messages, all of one look in one
// transaction. What is in memory follows only when that is durable: kill -9 at any moment repeats
// a look, and no message is lost or queued twice. Sending is webhooks::Dispatcher's.
//
// One per database. Thread-safe; looks run one after another.
class Evaluator {
 public:
  Evaluator(storage::Database& database, events::EventLog& events, const Clock& clock,
            AlertStore& store, Wordings wordings, EvaluatorOptions options);

  // `metrics` is what /metrics says now; `monitors` are all alerts that monitors hold open, and
  // those that they closed within kPassedWithinMs. One that was never seen open is recorded with
  // its cause as any other, and told of once, as resolved.
  void Look(const std::string& metrics, const std::vector<MonitorAlert>& monitors);
  // What a rule would find now, of what is in memory and of `metrics`.
  std::vector<Element> Try(const Rule& rule, const std::string& metrics) const;
  EvaluatorStats stats() const;
  // What keeps an alert from being told of.
  Muting MutingNow(const Alert& alert) const;

 private:
  struct Tracked {
    Machine machine;
    Labels series;      // of the expression
    std::string alert;  // its id while it is pending or firing
    bool operator==(const Tracked&) const = default;
  };
  using Key = std::pair<std::string, std::string>;  // rule and label set

  struct Change;  // what one look does; applied when it is durable
  struct Queued;  // a message of it

  void Load();
  void Collect(const std::string& metrics, const std::vector<StoredRule>& rules, int64_t now_ms);
  void RunRule(const Rule& rule, const EvaluationTime& time, Change* change);
  void RunMonitors(const std::vector<MonitorAlert>& monitors, const EvaluationTime& time,
                   Change* change);
  void RecordPassed(const MonitorAlert& one, const EvaluationTime& time, Change* change);
  void DropOrphans(const std::vector<StoredRule>& rules, const std::vector<MonitorAlert>& monitors,
                   const EvaluationTime& time, Change* change);
  void Move(const Rule& rule, const Key& key, const Labels& series, Condition condition,
            std::optional<double> value, const EvaluationTime& time, const MonitorAlert* monitor,
            Change* change);
  void Commit(Change* change, const EvaluationTime& time);
  void WriteAlerts(storage::Connection& connection, const Change& change) const;
  void WriteSteps(storage::Connection& connection, const Change& change, int64_t wall_ms) const;
  // With `write_times`, also of those of which nothing changed but when they were looked at.
  void WriteMachines(storage::Connection& connection, const Change& change, bool write_times) const;
  void WriteGroups(storage::Connection& connection, const Change& change) const;
  void QueueMessages(storage::Connection& connection, const std::vector<Queued>& queued,
                     int64_t wall_ms) const;
  void Prune(storage::Connection& connection, int64_t wall_ms);
  Notification Worded(const Telling& telling, const Receiver& receiver, const Change& change,
                      int64_t wall_ms) const;

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  AlertStore& store_;
  const Wordings wordings_;
  const EvaluatorOptions options_;

  mutable std::mutex mutex_;  // guards what follows
  bool loaded_ = false;
  std::optional<AlertClock> alert_clock_;
  SampleHistory history_;
  std::map<Key, Tracked> tracked_;
  std::map<std::string, Alert> alerts_;  // pending, firing, and resolved ones that were told of
  std::set<std::string> passed_;  // closed alerts of monitors that have a record, of those given
  Notifier notifier_;
  Routing routing_;
  std::vector<Silence> silences_;
  int64_t clock_written_ms_ = 0;
  int64_t prune_due_ms_ = 0;
  int64_t alerts_left_out_ = 0;

  mutable std::mutex stats_mutex_;  // guards what follows; taken after mutex_, never held for long
  EvaluatorStats stats_;
};

}  // namespace millwright::alerts
