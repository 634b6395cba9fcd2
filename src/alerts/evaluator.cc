#include "alerts/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "alerts/alert_rows.h"
#include "alerts/sql.h"
#include "base/error.h"
#include "base/log.h"
#include "webhooks/outbox.h"

namespace millwright::alerts {
namespace {

using storage::Connection;
using storage::Row;

constexpr int64_t kPruneIntervalMs = 600'000;
constexpr int64_t kPruneBatch = 200;
constexpr const char* kSystem = "system";
constexpr const char* kStormPrefix = "storm:";

Timing TimingOf(const Rule& rule) {
  return {.for_ms = rule.for_ms,
          .keep_firing_ms = rule.keep_firing_ms,
          .flap_changes = rule.flap_changes,
          .flap_within_ms = rule.flap_within_ms,
          .calm_ms = rule.calm_ms,
          .unknown_ms_max = kUnknownMsMax};
}

Condition ConditionOf(const Rule& rule, double value) {
  if (rule.Exceeds(value)) return Condition::kExceeded;
  return rule.Keeps(value) ? Condition::kBand : Condition::kWell;
}

Labels Filled(const Labels& templates, const TemplateValues& values) {
  Labels filled;
  for (const auto& [name, text] : templates) {
    try {
      filled[name] = FillTemplate(text, values);
    } catch (const Error& error) {  // a label that is no number, where one is asked for
      filled[name] = text;
    }
  }
  return filled;
}

void Describe(const Rule& rule, const Labels& series, double value, Alert* alert) {
  const TemplateValues values{value, rule.threshold, series};
  alert->annotations = Filled(rule.annotations, values);
  if (!rule.runbook.empty()) alert->annotations["runbook_url"] = rule.runbook;
  const auto summary = alert->annotations.find("summary");
  alert->summary =
      summary != alert->annotations.end()
          ? summary->second
          : fmt::format(
                "{} is {:.6g}{}", rule.name, value,
                rule.comparison == Comparison::kAny
                    ? ""
                    : fmt::format(" ({} {:.6g})", ComparisonSign(rule.comparison), rule.threshold));
}

Labels AlertLabels(const Rule& rule, const Labels& series, double value) {
  Labels labels = series;
  for (const auto& [name, text] : Filled(rule.labels, {value, rule.threshold, series}))
    labels[name] = text;
  labels["rule"] = rule.name;
  labels["severity"] = rule.severity;
  return labels;
}

}  // namespace

struct Evaluator::Change {
  std::map<Key, Tracked> tracked;
  std::map<std::string, Alert> alerts;
  Notifier notifier;

  struct Happened {
    std::string id;
    Step step = Step::kNone;
    std::string note;
    std::optional<int64_t> time_ms = {};  // of the wall clock; nothing: this look's
  };
  std::vector<Happened> happened;
  std::set<std::string> inserted, changed, dropped;  // ids
  std::vector<std::string> passed;                   // that were over before they were seen
  std::set<std::string> given;                       // all closed ones of monitors
  std::map<std::string, int64_t> of_rule;            // alerts of each rule
  int64_t left_out = 0;
  std::map<std::string, int64_t> queued;
};

Evaluator::Evaluator(storage::Database& database, events::EventLog& events, const Clock& clock,
                     AlertStore& store, Wordings wordings, EvaluatorOptions options)
    : database_(database),
      events_(events),
      clock_(clock),
      store_(store),
      wordings_(wordings),
      options_(std::move(options)) {}

void Evaluator::Load() {
  AlertClock::Moment last;
  database_.Read([&](Connection& connection) {
    tracked_.clear();
    alerts_.clear();
    notifier_ = {};
    if (const auto row = connection.SelectOne(sql::kGetClock)) last = {row->Int(0), row->Int(1)};
    for (const Row& row : connection.Select(sql::kListMachines)) {
      const Json state = ParseJson(row.Text(3));
      tracked_[{row.Text(0), row.Text(1)}] = {Machine::FromJson(state),
                                              LabelsFromJson(state.At("series")), row.Text(2)};
    }
    for (const Row& row : connection.Select(sql::kListLiveAlerts)) {
      Alert alert = ReadAlert(row);
      const std::string id = alert.id.str();
      alerts_.emplace(id, std::move(alert));
    }
    for (const Row& row : connection.Select(sql::kListGroups)) {
      const std::string& id = row.Text(0);
      const Json state = ParseJson(row.Text(1));
      if (id.starts_with(kStormPrefix)) {
        notifier_.storms[id.substr(std::string_view(kStormPrefix).size())] = Storm::FromJson(state);
      } else {
        notifier_.groups[id] = Group::FromJson(state);
      }
    }
    // Resolved ones of which somebody still has to hear.
    std::set<std::string> told;
    for (const auto& [group_id, group] : notifier_.groups)
      for (const auto& [id, state] : group.told) told.insert(id);
    for (const auto& [route, storm] : notifier_.storms)
      told.insert(storm.held.begin(), storm.held.end());
    for (const std::string& id : told)
      if (!alerts_.contains(id))
        if (const auto row = connection.SelectOne(sql::kGetAlert, {id}))
          alerts_.emplace(id, ReadAlert(*row));
  });
  alert_clock_.emplace(last, clock_.NowMs(), options_.monotonic_ms());
  loaded_ = true;
}

void Evaluator::Collect(const std::string& metrics, const std::vector<StoredRule>& rules,
                        int64_t now_ms) {
  std::map<std::string, int64_t> wanted;
  for (const StoredRule& stored : rules) {
    if (!stored.rule.enabled) continue;
    for (const Node* selector : stored.rule.expression.Selectors()) {
      int64_t& range_ms = wanted[selector->name];
      range_ms = std::max(range_ms, selector->range_ms + selector->offset_ms);
    }
  }
  history_.Want(wanted);
  history_.BeginCollection(now_ms);
  ReadExposition(
      metrics, [&](std::string_view name) { return history_.Wants(name); },
      [&](Sample&& sample) { history_.Add(std::move(sample)); });
  history_.EndCollection();
}

void Evaluator::Move(const Rule& rule, const Key& key, const Labels& series, Condition condition,
                     std::optional<double> value, const EvaluationTime& time,
                     const MonitorAlert* monitor, Change* change) {
  const auto found = change->tracked.find(key);
  const bool is_new = found == change->tracked.end();
  if (is_new && condition != Condition::kExceeded) return;
  if (is_new && ++change->of_rule[rule.name] > static_cast<int64_t>(kAlertsOfRuleMax)) {
    ++change->left_out;
    return;
  }
  Tracked& tracked = is_new ? change->tracked[key] : found->second;
  if (is_new) tracked.series = series;
  const Step step = tracked.machine.Advance(condition, TimingOf(rule), time.steady_ms);
  const int64_t wall_ms = time.wall_ms;
  if (step == Step::kPending || (step == Step::kFired && tracked.alert.empty())) {
    Alert alert;
    alert.id = monitor != nullptr ? monitor->id : AlertId(NewShortId("al-"));
    alert.rule = rule.name;
    alert.labels = AlertLabels(rule, series, value.value_or(0));
    alert.severity = rule.severity;
    if (rule.comparison != Comparison::kAny || monitor != nullptr) alert.threshold = rule.threshold;
    alert.cause = Json::MakeObject();
    alert.from_monitor = monitor != nullptr;
    alert.pending_ms = monitor != nullptr ? monitor->opened_ms : wall_ms;
    alert.seen_ms = wall_ms;
    if (!value) alert.summary = rule.name + " has no data";
    tracked.alert = alert.id.str();
    change->inserted.insert(alert.id.str());
    change->alerts[alert.id.str()] = std::move(alert);
  }
  if (tracked.alert.empty()) {
    if (tracked.machine.IsIdle()) change->tracked.erase(key);
    return;
  }
  const std::string id = tracked.alert;
  Alert& alert = change->alerts[id];
  const bool value_changed = value && (!alert.value || *alert.value != *value);
  if (value &&
      (step != Step::kNone || (value_changed && wall_ms - alert.seen_ms >= kValueWriteMs))) {
    alert.value = value;
    alert.seen_ms = wall_ms;
    // What is said of it stays what it was when it was too much.
    if (step != Step::kResolved && condition == Condition::kExceeded)
      Describe(rule, series, *value, &alert);
    change->changed.insert(id);
  }
  if (monitor != nullptr) {
    alert.summary = monitor->summary;
    alert.cause = monitor->cause;
  }
  std::string note;
  switch (step) {
    case Step::kNone:
      return;
    case Step::kPending:
      alert.phase = AlertPhase::kPending;
      break;
    case Step::kDropped:
      change->dropped.insert(id);
      change->alerts.erase(id);
      tracked.alert.clear();
      break;
    case Step::kFired:
      alert.phase = AlertPhase::kFiring;
      alert.fired_ms = monitor != nullptr ? monitor->opened_ms : wall_ms;
      if (value) note = fmt::format("{:.6g}", *value);
      if (monitor == nullptr && options_.cause) alert.cause = options_.cause(rule, series);
      break;
    case Step::kFlapping:
      alert.flapping = true;
      note = fmt::format("{} changes within {}; it stays firing until it was well for {}",
                         rule.flap_changes, DurationText(rule.flap_within_ms),
                         DurationText(rule.calm_ms));
      break;
    case Step::kResolved:
      alert.phase = AlertPhase::kResolved;
      alert.flapping = false;
      alert.resolved_ms = wall_ms;
      if (value) note = fmt::format("{:.6g}", *value);
      if (!value && monitor == nullptr) note = "there was no data";
      tracked.alert.clear();
      break;
  }
  change->changed.insert(id);
  change->happened.push_back({id, step, note});
  if (tracked.machine.IsIdle()) change->tracked.erase(key);
}

void Evaluator::RunRule(const Rule& rule, const EvaluationTime& time, Change* change) {
  EvaluationTime own = time;
  own.points_min = rule.samples_min;
  std::map<std::string, Element> found;
  for (Element& element : Evaluate(rule.expression, history_, own))
    if (!std::isnan(element.value)) found[LabelsText(element.labels)] = std::move(element);
  std::vector<Key> known;
  for (auto at = tracked_.lower_bound({rule.name, ""});
       at != tracked_.end() && at->first.first == rule.name; ++at)
    known.push_back(at->first);
  change->of_rule[rule.name] = static_cast<int64_t>(known.size());
  const bool nothing = found.empty();
  for (const Key& key : known) {
    if (found.contains(key.second)) continue;
    const Tracked& tracked = tracked_.at(key);
    // The alert that there is no data at all ends when there is some.
    const bool is_of_absence = key.second.empty() && rule.no_data == NoData::kAlert;
    const bool fires = tracked.machine.phase == Phase::kFiring;
    Condition condition = Condition::kUnknown;
    // Without a threshold, what the expression does not have is well.
    if (rule.comparison == Comparison::kAny || rule.no_data == NoData::kOk)
      condition = Condition::kWell;
    if (rule.no_data == NoData::kAlert && fires) condition = Condition::kExceeded;
    if (is_of_absence) condition = nothing ? Condition::kExceeded : Condition::kWell;
    Move(rule, key, tracked.series, condition, std::nullopt, time, nullptr, change);
  }
  for (const auto& [text, element] : found)
    Move(rule, {rule.name, text}, element.labels, ConditionOf(rule, element.value), element.value,
         time, nullptr, change);
  if (nothing && rule.no_data == NoData::kAlert && !change->tracked.contains({rule.name, ""}))
    Move(rule, {rule.name, ""}, {{"no_data", "true"}}, Condition::kExceeded, std::nullopt, time,
         nullptr, change);
}

void Evaluator::RunMonitors(const std::vector<MonitorAlert>& monitors, const EvaluationTime& time,
                            Change* change) {
  std::set<Key> open;
  for (const MonitorAlert& one : monitors) {
    if (one.closed_ms) continue;
    Rule rule;
    rule.name = one.rule;
    rule.threshold = one.threshold;
    rule.flap_changes = 0;
    const Key key{one.rule, one.id.str()};
    open.insert(key);
    Move(rule, key, one.labels, Condition::kExceeded, one.value, time, &one, change);
  }
  for (const auto& [key, tracked] : tracked_) {
    if (!key.first.starts_with(kMonitorRules) || open.contains(key)) continue;
    Rule rule;
    rule.name = key.first;
    rule.flap_changes = 0;
    Move(rule, key, tracked.series, Condition::kWell, std::nullopt, time, nullptr, change);
  }
  for (const MonitorAlert& one : monitors) {
    if (!one.closed_ms) continue;
    change->given.insert(one.id.str());
    const bool is_known =
        passed_.contains(one.id.str()) || tracked_.contains({one.rule, one.id.str()});
    if (!is_known && !store_.FindAlert(one.id)) RecordPassed(one, time, change);
  }
}

// An alert that was over before it was seen: the whole record at once.
void Evaluator::RecordPassed(const MonitorAlert& one, const EvaluationTime& time, Change* change) {
  Rule rule;
  rule.name = one.rule;
  const std::string id = one.id.str();
  change->alerts[id] = {.id = one.id,
                        .rule = one.rule,
                        .labels = AlertLabels(rule, one.labels, one.value),
                        .severity = rule.severity,
                        .phase = AlertPhase::kResolved,
                        .value = one.value,
                        .threshold = one.threshold,
                        .summary = one.summary,
                        .cause = one.cause,
                        .from_monitor = true,
                        .pending_ms = one.opened_ms,
                        .fired_ms = one.opened_ms,
                        .resolved_ms = one.closed_ms,
                        .seen_ms = time.wall_ms};
  change->inserted.insert(id);
  change->changed.insert(id);
  change->happened.push_back({id, Step::kFired, fmt::format("{:.6g}", one.value), one.opened_ms});
  change->happened.push_back(
      {id, Step::kResolved, "over before it was first looked at", one.closed_ms});
  change->passed.push_back(id);
}

// Alerts of rules that are gone or switched off end.
void Evaluator::DropOrphans(const std::vector<StoredRule>& rules,
                            const std::vector<MonitorAlert>& monitors, const EvaluationTime& time,
                            Change* change) {
  std::set<std::string> live;
  for (const StoredRule& stored : rules)
    if (stored.rule.enabled) live.insert(stored.rule.name);
  for (const MonitorAlert& one : monitors) live.insert(one.rule);
  for (const auto& [key, tracked] : tracked_) {
    if (live.contains(key.first) || key.first.starts_with(kMonitorRules)) continue;
    if (!tracked.alert.empty()) {
      Alert& alert = change->alerts[tracked.alert];
      if (alert.phase == AlertPhase::kPending) {
        change->dropped.insert(tracked.alert);
        change->alerts.erase(tracked.alert);
      } else {
        alert.phase = AlertPhase::kResolved;
        alert.resolved_ms = time.wall_ms;
        change->changed.insert(tracked.alert);
        change->happened.push_back({tracked.alert, Step::kResolved, "the rule is gone"});
      }
    }
    change->tracked.erase(key);
  }
}

Notification Evaluator::Worded(const Telling& telling, const Receiver& receiver,
                               const Change& change, int64_t wall_ms) const {
  Notification notification;
  notification.receiver = receiver.name;
  notification.settings = receiver.settings;
  notification.group = telling.group;
  notification.reason = telling.reason;
  notification.held = telling.held;
  notification.server_url = options_.server_url();
  notification.time_ms = wall_ms;
  const auto add = [&](const std::vector<AlertId>& ids, std::vector<Alert>* list) {
    for (const AlertId& id : ids) {
      const auto found = change.alerts.find(id.str());
      if (found == change.alerts.end()) continue;
      if (list->size() < kAlertsToldMax) {
        list->push_back(found->second);
      } else {
        ++notification.more;
      }
    }
  };
  add(telling.firing, &notification.firing);
  add(telling.resolved, &notification.resolved);
  return notification;
}

void Evaluator::Prune(Connection& connection, int64_t wall_ms) {
  for (const Row& row :
       connection.Select(sql::kStaleAlerts, {wall_ms - kAlertsKeptMs, kPruneBatch})) {
    connection.Execute(sql::kDeleteTimeline, {row.Text(0)});
    connection.Execute(sql::kDeleteOldAlert, {row.Text(0)});
  }
}

struct Evaluator::Queued {
  const Receiver* receiver;
  const Telling* telling;
  std::string body;
  size_t alerts;
};

void Evaluator::WriteAlerts(Connection& connection, const Change& change) const {
  for (const std::string& id : change.inserted)
    if (const auto found = change.alerts.find(id); found != change.alerts.end())
      InsertAlert(connection, found->second);
  for (const std::string& id : change.changed)
    if (const auto found = change.alerts.find(id); found != change.alerts.end())
      ChangeAlert(connection, found->second);
  for (const std::string& id : change.dropped) {
    connection.Execute(sql::kDeleteTimeline, {id});
    connection.Execute(sql::kDeleteAlert, {id});
  }
}

// What happened to alerts, for people and for whoever follows the event log.
void Evaluator::WriteSteps(Connection& connection, const Change& change, int64_t wall_ms) const {
  for (const auto& [id, step, note, time_ms] : change.happened) {
    const auto found = change.alerts.find(id);
    if (found == change.alerts.end()) continue;
    const Alert& alert = found->second;
    const char* what = step == Step::kFired      ? "firing"
                       : step == Step::kResolved ? "resolved"
                       : step == Step::kFlapping ? "flapping"
                                                 : "pending";
    AppendTimeline(connection, alert.id, {time_ms.value_or(wall_ms), what, kSystem, note});
    // Monitors tell of their own alerts.
    if (alert.from_monitor && step != Step::kFlapping) continue;
    const char* kind = step == Step::kFired      ? "alert.opened"
                       : step == Step::kResolved ? "alert.closed"
                       : step == Step::kFlapping ? "alert.flapping"
                                                 : "alert.pending";
    Json payload = Json::Of({{"alert_id", id},
                             {"rule", alert.rule},
                             {"severity", alert.severity},
                             {"labels", LabelsJson(alert.labels)},
                             {"summary", alert.summary}});
    for (const char* label : {"monitor", "endpoint", "model", "feature"})
      if (const auto value = LabelOf(alert.labels, label); !value.empty())
        payload.Set(label, value);
    if (alert.value) payload.Set("value", *alert.value);
    if (alert.threshold) payload.Set("threshold", *alert.threshold);
    events_.Append(connection, kind, "alert:" + id, kSystem, payload);
  }
}

void Evaluator::WriteMachines(Connection& connection, const Change& change,
                              bool write_times) const {
  for (const auto& [key, tracked] : change.tracked) {
    const auto before = tracked_.find(key);
    // When it was last looked at need not be exact.
    Tracked same = tracked;
    if (before != tracked_.end()) {
      const bool old = tracked.machine.known_ms - before->second.machine.known_ms <= 0;
      if (!old && !write_times) same.machine.known_ms = before->second.machine.known_ms;
      if (same == before->second) continue;
    }
    Json state = tracked.machine.ToJson();
    state.Set("series", LabelsJson(tracked.series));
    connection.Execute(sql::kPutMachine, {key.first, key.second, tracked.alert, state.Dump()});
  }
  for (const auto& [key, tracked] : tracked_)
    if (!change.tracked.contains(key))
      connection.Execute(sql::kDeleteMachine, {key.first, key.second});
}

void Evaluator::WriteGroups(Connection& connection, const Change& change) const {
  const auto put = [&](const std::string& id, const Json& state) {
    connection.Execute(sql::kPutGroup, {id, state.Dump()});
  };
  for (const auto& [id, group] : change.notifier.groups) {
    const auto before = notifier_.groups.find(id);
    if (before == notifier_.groups.end() || !(before->second == group)) put(id, group.ToJson());
  }
  for (const auto& [id, group] : notifier_.groups)
    if (!change.notifier.groups.contains(id)) connection.Execute(sql::kDeleteGroup, {id});
  for (const auto& [route, storm] : change.notifier.storms) {
    const auto before = notifier_.storms.find(route);
    if (before == notifier_.storms.end() || !(before->second == storm))
      put(kStormPrefix + route, storm.ToJson());
  }
  for (const auto& [route, storm] : notifier_.storms)
    if (!change.notifier.storms.contains(route))
      connection.Execute(sql::kDeleteGroup, {kStormPrefix + route});
}

void Evaluator::QueueMessages(Connection& connection, const std::vector<Queued>& queued,
                              int64_t wall_ms) const {
  for (const auto& [receiver, telling, body, alerts] : queued) {
    webhooks::Enqueue(connection,
                      {.webhook = receiver->webhook,
                       .topic = std::string(ReasonWord(telling->reason)),
                       .subject = telling->group_id,
                       .body = body},
                      wall_ms);
    for (const auto* list : {&telling->firing, &telling->resolved})
      for (const AlertId& id : *list)
        if (telling->reason != Reason::kRepeat || receiver->kind != "alertmanager")
          AppendTimeline(connection, id,
                         {wall_ms, "notified", kSystem,
                          fmt::format("{} ({})", receiver->name, ReasonWord(telling->reason))});
    events_.Append(connection, "alert.notified", "alert_receiver:" + receiver->name, kSystem,
                   Json::Of({{"receiver", receiver->name},
                             {"alerts", alerts},
                             {"reason", ReasonWord(telling->reason)}}));
  }
}

void Evaluator::Commit(Change* change, const EvaluationTime& time) {
  std::map<std::string, Receiver> receivers;
  std::map<std::string, ReceiverTraits> traits;
  for (Receiver& one : store_.Receivers()) {
    traits[one.name] = {one.send_resolved, one.kind == "alertmanager"};
    const std::string name = one.name;
    receivers.emplace(name, std::move(one));
  }
  const auto tellings = change->notifier.Decide({.alerts = change->alerts,
                                                 .passed = change->passed,
                                                 .routing = routing_,
                                                 .silences = silences_,
                                                 .receivers = traits,
                                                 .wall_ms = time.wall_ms,
                                                 .now_ms = time.steady_ms});
  std::vector<Queued> queued;
  for (const Telling& telling : tellings) {
    const auto receiver = receivers.find(telling.receiver);
    if (receiver == receivers.end()) continue;
    const Notification notification = Worded(telling, receiver->second, *change, time.wall_ms);
    queued.push_back({&receiver->second, &telling,
                      FindWording(wordings_, receiver->second.kind).word(notification),
                      notification.firing.size() + notification.resolved.size()});
  }
  const bool write_clock = time.steady_ms - clock_written_ms_ >= kClockWriteMs;
  const bool prune = time.steady_ms >= prune_due_ms_;
  const bool unchanged =
      change->inserted.empty() && change->changed.empty() && change->dropped.empty() &&
      change->happened.empty() && queued.empty() && change->tracked == tracked_ &&
      change->notifier.groups == notifier_.groups && change->notifier.storms == notifier_.storms;
  if (unchanged && !write_clock && !prune) return;
  database_.Write([&](Connection& connection) {
    WriteAlerts(connection, *change);
    WriteSteps(connection, *change, time.wall_ms);
    WriteMachines(connection, *change, write_clock);
    WriteGroups(connection, *change);
    QueueMessages(connection, queued, time.wall_ms);
    if (prune) Prune(connection, time.wall_ms);
    connection.Execute(sql::kPutClock, {time.steady_ms, time.wall_ms});
  });
  clock_written_ms_ = time.steady_ms;
  if (prune) prune_due_ms_ = time.steady_ms + kPruneIntervalMs;
  std::lock_guard lock(stats_mutex_);
  for (const auto& one : queued) ++stats_.notifications[one.receiver->name];
  for (const auto& [receiver, held] : change->notifier.held_back) stats_.held[receiver] += held;
}

void Evaluator::Look(const std::string& metrics, const std::vector<MonitorAlert>& monitors) {
  std::lock_guard lock(mutex_);
  const int64_t begun_ms = options_.monotonic_ms();
  if (!loaded_) Load();
  const EvaluationTime time{.steady_ms = alert_clock_->NowMs(options_.monotonic_ms()),
                            .wall_ms = clock_.NowMs()};
  const std::vector<StoredRule> rules = store_.Rules();
  routing_ = store_.GetRouting().routing;
  silences_ = store_.Silences();
  Collect(metrics, rules, time.steady_ms);
  Change change{.tracked = tracked_, .alerts = alerts_, .notifier = notifier_, .happened = {}};
  // Who takes care of an alert is written by people.
  database_.Read([&](Connection& connection) {
    for (const Row& row : connection.Select(sql::kListLiveAlerts))
      if (const auto found = change.alerts.find(row.Text(0)); found != change.alerts.end())
        found->second.acknowledged = ReadAlert(row).acknowledged;
  });
  for (const StoredRule& stored : rules) {
    if (!stored.rule.enabled) continue;
    try {
      RunRule(stored.rule, time, &change);
    } catch (const Error& error) {
      std::lock_guard counting(stats_mutex_);
      if (stats_.rule_failures[stored.rule.name]++ == 0)
        Log(LogLevel::kWarning, "alerts", "a rule could not be evaluated",
            {{"rule", stored.rule.name}, {"error", error.message()}});
    }
  }
  RunMonitors(monitors, time, &change);
  DropOrphans(rules, monitors, time, &change);
  Commit(&change, time);
  tracked_ = std::move(change.tracked);
  alerts_ = std::move(change.alerts);
  notifier_ = std::move(change.notifier);
  passed_ = std::move(change.given);
  std::erase_if(alerts_, [&](const auto& entry) {
    return entry.second.phase == AlertPhase::kResolved && !notifier_.Told(entry.first) &&
           std::none_of(notifier_.storms.begin(), notifier_.storms.end(), [&](const auto& storm) {
             const auto& held = storm.second.held;
             return std::find(held.begin(), held.end(), entry.first) != held.end();
           });
  });
  std::lock_guard counting(stats_mutex_);
  alerts_left_out_ += change.left_out;
  stats_.left_out = alerts_left_out_ + history_.dropped();
  ++stats_.evaluations;
  stats_.evaluation_us += (options_.monotonic_ms() - begun_ms) * 1'000;
}

std::vector<Element> Evaluator::Try(const Rule& rule, const std::string& metrics) const {
  std::lock_guard lock(mutex_);
  // Series that no rule asks for have no past; what is there now is what can be seen.
  SampleHistory once = history_;
  const int64_t now_ms = clock_.NowMs();
  std::map<std::string, int64_t> wanted;
  int64_t latest_ms = 0;
  for (const Node* selector : rule.expression.Selectors()) {
    wanted[selector->name] = kRangeMsMax;
    if (const auto* known = history_.Find(selector->name))
      for (const auto& [key, series] : *known)
        if (!series.points.empty()) latest_ms = std::max(latest_ms, series.points.back().time_ms);
  }
  const int64_t at_ms = latest_ms > 0 ? latest_ms + 1 : now_ms;
  once.Want(wanted);
  once.BeginCollection(at_ms);
  ReadExposition(
      metrics, [&](std::string_view name) { return once.Wants(name); },
      [&](Sample&& sample) { once.Add(std::move(sample)); });
  once.EndCollection();
  return Evaluate(rule.expression, once,
                  {.steady_ms = at_ms, .wall_ms = now_ms, .points_min = rule.samples_min});
}

EvaluatorStats Evaluator::stats() const {
  std::lock_guard lock(stats_mutex_);
  return stats_;
}

Muting Evaluator::MutingNow(const Alert& alert) const {
  std::lock_guard lock(mutex_);
  return MutingOf(alert, alerts_, routing_, store_.Silences(), clock_.NowMs());
}

}  // namespace millwright::alerts
