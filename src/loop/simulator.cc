#include "loop/simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "loop/arm_reader.h"
#include "monitoring/window_scan.h"
#include "quality/profile.h"

namespace millwright::loop {
namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr int kWeekDays = 7;
constexpr int kStepsMax = 50;  // at one moment
constexpr double kAucDropMax = 0.03;
constexpr double kMaeRiseMax = 0.1;
constexpr double kAmountMax = 1e75;  // beyond it an answer or an outcome is out of all measure
constexpr char kRows[] = "simulated_rows";

int64_t FloorTo(int64_t time_ms, int64_t unit_ms) {
  const int64_t rest = time_ms % unit_ms;
  return time_ms - (rest < 0 ? rest + unit_ms : rest);
}

// Sums over the history up to the end of each hour.
class Traffic {
 public:
  Traffic(analytics::Session& session, const History& history)
      : first_ms_(FloorTo(history.from_ms, kHourMs)),
        sums_(static_cast<size_t>((history.to_ms - first_ms_) / kHourMs + 2)) {
    const auto table = session.Query(fmt::format(
        "SELECT (event_time_ms - {}) // {} AS hour, count(*), count(*) FILTER (WHERE error <> ''), "
        "count(latency_us) FILTER (WHERE latency_us > 0), sum(ln(latency_us)) FILTER (WHERE "
        "latency_us > 0), sum(ln(latency_us) * ln(latency_us)) FILTER (WHERE latency_us > 0) FROM "
        "{} WHERE role <> 'shadow' GROUP BY 1",
        first_ms_, kHourMs, history.snapshot.predictions));
    for (size_t row = 0; row < table.row_count(); ++row) {
      Sums& hour = sums_[static_cast<size_t>(table.Int(row, 0)) + 1];
      hour.requests = table.Int(row, 1);
      hour.errors = table.Int(row, 2);
      hour.latencies = table.Int(row, 3);
      if (hour.latencies == 0) continue;
      hour.log_us = table.Double(row, 4);
      hour.log_us_squared = table.Double(row, 5);
    }
    for (size_t i = 1; i < sums_.size(); ++i) sums_[i] += sums_[i - 1];
  }

  // What a version that gets this share of the requests answers between two times.
  ArmFigures Between(int64_t from_ms, int64_t to_ms, double share) const {
    const Sums& before = At(from_ms);
    const Sums& until = At(to_ms);
    const auto part = [&](int64_t count) {
      return static_cast<int64_t>(std::floor(static_cast<double>(count) * share));
    };
    ArmFigures arm;
    arm.requests = part(until.requests - before.requests);
    arm.errors = part(until.errors - before.errors);
    const int64_t latencies = until.latencies - before.latencies;
    arm.log_latency.count = part(latencies);
    if (latencies < 2) return arm;
    const auto rows = static_cast<double>(latencies);
    arm.log_latency.mean = (until.log_us - before.log_us) / rows;
    arm.log_latency.variance = std::max(0.0, (until.log_us_squared - before.log_us_squared) / rows -
                                                 arm.log_latency.mean * arm.log_latency.mean);
    return arm;
  }

 private:
  struct Sums {
    int64_t requests = 0, errors = 0, latencies = 0;
    double log_us = 0, log_us_squared = 0;
    Sums& operator+=(const Sums& other) {
      requests += other.requests;
      errors += other.errors;
      latencies += other.latencies;
      log_us += other.log_us;
      log_us_squared += other.log_us_squared;
      return *this;
    }
  };

  const Sums& At(int64_t time_ms) const {
    const int64_t hour = std::clamp<int64_t>((time_ms - first_ms_) / kHourMs, 0,
                                             static_cast<int64_t>(sums_.size()) - 1);
    return sums_[static_cast<size_t>(hour)];
  }

  const int64_t first_ms_;
  std::vector<Sums> sums_;
};

// What one row with a known outcome costs: by the matrix of classes, or by what each unit too high
// or too low is worth. NULL for a number that is out of all measure.
std::string RowCostSql(const CostRule& costs, const monitoring::LabelRule& rule,
                       monitoring::ModelTask task, const std::string& answer) {
  const auto number = [](double value) { return Json(value).Dump(); };
  const std::string truth = monitoring::TruthSql(rule, task);
  if (task == monitoring::ModelTask::kRegression) {
    return fmt::format(
        "CASE WHEN abs({0}) <= {1} AND abs({2}) <= {1} THEN {3} * greatest({0} - {2}, 0) + {4} * "
        "greatest({2} - {0}, 0) END",
        answer, number(kAmountMax), truth, number(costs.over), number(costs.under));
  }
  return fmt::format(
      "CASE WHEN {} >= {} THEN CASE WHEN {} = 1 THEN {} ELSE {} END ELSE CASE WHEN {} = 1 THEN {} "
      "ELSE {} END END",
      answer, number(rule.threshold), truth, number(costs.true_positive),
      number(costs.false_positive), truth, number(costs.false_negative),
      number(costs.true_negative));
}

// What wrong answers cost, day by day.
class DailyCosts {
 public:
  DailyCosts(analytics::Session& session, const History& history, const Policy& policy,
             monitoring::ModelTask task)
      : first_ms_(FloorTo(history.from_ms, kDayMs)),
        days_(static_cast<size_t>((history.to_ms - first_ms_) / kDayMs + 1)) {
    const auto columns =
        session.Describe(std::string("SELECT * FROM ") + history.snapshot.predictions);
    const auto output = monitoring::ProbabilitySql(policy.label, columns);
    if (!output || history.outcomes == 0) return;
    const auto table = session.Query(
        fmt::format("SELECT (event_time_ms - {}) // {} AS day, count(cost), coalesce(sum(cost), 0) "
                    "FROM (SELECT event_time_ms, {} AS cost FROM {} WHERE {} IS NOT NULL AND "
                    "isfinite({}) AND role <> 'shadow') GROUP BY 1",
                    first_ms_, kDayMs, RowCostSql(policy.costs, policy.label, task, *output), kRows,
                    monitoring::TruthSql(policy.label, task), *output));
    for (size_t row = 0; row < table.row_count(); ++row) {
      Day& day = days_[static_cast<size_t>(table.Int(row, 0))];
      day.rows = static_cast<double>(table.Int(row, 1));
      day.cost = table.Double(row, 2);
      is_known_ = is_known_ || day.rows > 0;
    }
  }

  bool is_known() const { return is_known_; }
  // Cost a prediction between two times.
  double Rate(int64_t from_ms, int64_t to_ms) const {
    double rows = 0, cost = 0;
    for (size_t i = Index(from_ms); i < Index(to_ms); ++i) {
      rows += days_[i].rows;
      cost += days_[i].cost;
    }
    return rows == 0 ? 0 : cost / rows;
  }

  // A model that is trained on what was known at `trained_ms` and serves from `live_ms` on.
  struct Training {
    int64_t trained_ms = 0;
    int64_t live_ms = 0;
  };
  double Cost(int64_t from_ms, const std::vector<Training>& trainings, double reference,
              double recovery) const {
    double total = 0;
    for (size_t i = Index(from_ms); i < days_.size(); ++i) {
      const int64_t day_ms = first_ms_ + static_cast<int64_t>(i) * kDayMs;
      const Training* last = nullptr;
      for (const Training& training : trainings) {
        if (training.live_ms <= day_ms) last = &training;
      }
      total += days_[i].cost;
      if (last == nullptr) continue;
      const double then = WeekRate(last->trained_ms) - reference;
      const double now = WeekRate(day_ms + kDayMs) - reference;
      total -= days_[i].rows * recovery * std::max(0.0, std::min(then, now));
    }
    return total;
  }

 private:
  struct Day {
    double rows = 0, cost = 0;
  };
  size_t Index(int64_t time_ms) const {
    return static_cast<size_t>(
        std::clamp<int64_t>((time_ms - first_ms_) / kDayMs, 0, static_cast<int64_t>(days_.size())));
  }
  // Of the week that ends then, so that weekdays do not count.
  double WeekRate(int64_t end_ms) const { return Rate(end_ms - kWeekDays * kDayMs, end_ms); }

  const int64_t first_ms_;
  std::vector<Day> days_;
  bool is_known_ = false;
};

// Windows of the history against the reference of the model that serves.
class Watch {
 public:
  Watch(analytics::Session& session, const History& history, const Policy& policy,
        monitoring::ModelTask task, const SimulationOptions& options)
      : session_(session), history_(history) {
    if (options.monitor) {
      spec_ = *options.monitor;
    } else {
      spec_.window_ms = 7 * kDayMs;
      if (task == monitoring::ModelTask::kRegression) {
        spec_.mae_rise_max = kMaeRiseMax;
      } else {
        spec_.auc_drop_max = kAucDropMax;
      }
      spec_.window_origin_ms = FloorTo(history.from_ms, kDayMs);
    }
    spec_.name = policy.model;
    spec_.endpoint = policy.endpoint;
    spec_.model = policy.model;
    spec_.label = policy.label;
    spec_.label.task = task;
    spec_.since_ms = 0;
  }

  // What an alert is of.
  using Subject = std::pair<monitoring::AlertKind, std::string>;

  // Takes what lies between two times as the reference from now on. Alerts that were open are over:
  // they compared with another one.
  std::vector<Subject> Refer(int64_t from_ms, int64_t to_ms) {
    const monitoring::MonitorReference none;
    monitoring::WindowScan scan(session_, history_.snapshot, spec_, none);
    scan.Load(from_ms, to_ms);
    reference_ = monitoring::MakeMonitorReference(
        session_, scan.InputsSql(monitoring::NumbersAmongTexts(session_, history_.snapshot)), spec_,
        monitoring::kEventTimeColumn);
    for (auto& [name, level] : scan.MeasureLevels()) reference_.levels[name] = level;
    const auto figures =
        scan.MeasurePerformance({.start_ms = from_ms, .end_ms = to_ms, .complete = true});
    if (figures.auc) spec_.reference_auc = figures.auc;
    if (figures.mae) spec_.reference_mae = figures.mae;
    if (figures.rmse) spec_.reference_rmse = figures.rmse;
    std::vector<Subject> over(open_.begin(), open_.end());
    open_.clear();
    judged_.clear();
    referred_to_ms_ = to_ms;
    scan_.emplace(session_, history_.snapshot, spec_, reference_);
    scan_->Load(history_.from_ms, history_.to_ms);
    if (windows_.empty()) windows_ = scan_->List();
    return over;
  }

  // An alert that opens in a window, or that was open and is over.
  struct Turn {
    monitoring::MonitorWindow window;
    monitoring::Crossing crossing;
    bool opens = false;
  };
  // What turns until a time; outcomes are known `delay_ms` after a window's end.
  std::vector<Turn> Judge(int64_t now_ms, int64_t delay_ms) {
    std::vector<Turn> turns;
    const auto follow = [&](const monitoring::MonitorWindow& window,
                            const monitoring::Crossing& crossing) {
      const Subject key(crossing.kind, crossing.feature);
      if (!crossing.is_over) {
        if (open_.erase(key) > 0) turns.push_back({window, crossing, false});
      } else if (monitoring::IsLasting(spec_, judged_, window, crossing) &&
                 open_.insert(key).second) {
        turns.push_back({window, crossing, true});
      }
    };
    for (; drift_at_ < windows_.size() && windows_[drift_at_].end_ms <= now_ms; ++drift_at_) {
      monitoring::MonitorWindow& window = windows_[drift_at_];
      if (window.start_ms < referred_to_ms_) continue;
      scan_->Measure(window);
      judged_[window.start_ms] = window;
      for (const auto& crossing : monitoring::JudgeDrift(spec_, window)) follow(window, crossing);
    }
    for (; outcomes_at_ < windows_.size() && windows_[outcomes_at_].end_ms + delay_ms <= now_ms;
         ++outcomes_at_) {
      monitoring::MonitorWindow& window = windows_[outcomes_at_];
      if (window.start_ms < referred_to_ms_) continue;
      window.performance = scan_->MeasurePerformance(window);
      judged_[window.start_ms] = window;
      for (const auto& crossing : monitoring::JudgePerformance(spec_, window))
        follow(window, crossing);
    }
    return turns;
  }

  const monitoring::MonitorSpec& spec() const { return spec_; }

 private:
  analytics::Session& session_;
  const History& history_;
  monitoring::MonitorSpec spec_;
  monitoring::MonitorReference reference_;
  std::optional<monitoring::WindowScan> scan_;
  std::vector<monitoring::MonitorWindow> windows_;
  monitoring::WindowsByStart judged_;  // since the last reference
  size_t drift_at_ = 0, outcomes_at_ = 0;
  int64_t referred_to_ms_ = 0;
  std::set<Subject> open_;
};

// The loop over the history, an hour at a time.
class Replay {
 public:
  Replay(analytics::Session& session, const History& history, const Policy& policy,
         monitoring::ModelTask task, const SimulationOptions& options)
      : history_(history),
        policy_(policy),
        options_(options),
        traffic_(session, history),
        loss_(policy.worse.loss ? MeasureLoss(session, kRows, policy) : statistics::ArmMoments()),
        watch_(session, history, policy, task, options) {
    result_.from_ms = history.from_ms;
    result_.to_ms = history.to_ms;
    result_.predictions = history.predictions;
    result_.outcomes = history.outcomes;
    const int64_t start_ms = FloorTo(history.from_ms + options.reference_ms + kHourMs - 1, kHourMs);
    if (start_ms >= history.to_ms) {
      throw InvalidArgument("The history ends at {}, within its reference of {}",
                            FormatTime(history.to_ms), DurationText(options.reference_ms))
          .WithField("--reference");
    }
    result_.reference_end_ms = start_ms;
    state_.due_ms = NextDue(policy, start_ms);
    watch_.Refer(history.from_ms, start_ms);
  }

  void Run() {
    for (int64_t now_ms = result_.reference_end_ms; now_ms <= history_.to_ms + kHourMs;
         now_ms += kHourMs) {
      Follow(now_ms);
      Settle(now_ms);
    }
  }

  Simulation Finish(const DailyCosts& costs) && {
    if (costs.is_known()) AddCosts(costs);
    return std::move(result_);
  }

 private:
  void Take(const Step& step) {
    if (step.decision.action == Action::kRetrain) {
      ++result_.retrainings;
      retrain_until_ms_ = step.decision.time_ms + policy_.costs.retraining_ms;
      trained_ms_ = WindowEnd(state_.cause, step.decision.time_ms);
    }
    state_ = step.next;
    Decision decision = step.decision;
    decision.number = static_cast<int64_t>(result_.decisions.size()) + 1;
    result_.decisions.push_back(std::move(decision));
  }

  void EndAlert(const Watch::Subject& of, int64_t now_ms) {
    const auto step = AlertOver(policy_, state_, alert_subjects_[of], now_ms);
    if (step) Take(*step);
  }

  void Follow(int64_t now_ms) {
    for (const auto& [window, crossing, opens] : watch_.Judge(now_ms, options_.label_delay_ms)) {
      if (!opens) {
        EndAlert({crossing.kind, crossing.feature}, now_ms);
        continue;
      }
      const std::string message = monitoring::AlertMessage(window, crossing);
      result_.alerts.push_back({now_ms, crossing, message});
      events::Event event{.time_ms = now_ms,
                          .kind = "alert.opened",
                          .subject = fmt::format("alert:simulated-{}", result_.alerts.size()),
                          .who = "system"};
      alert_subjects_[{crossing.kind, crossing.feature}] = event.subject;
      event.payload = Json::Of({{"alert_id", event.subject.substr(sizeof "alert:" - 1)},
                                {"monitor", watch_.spec().name},
                                {"endpoint", policy_.endpoint},
                                {"model", policy_.model},
                                {"kind", monitoring::AlertKindName(crossing.kind)},
                                {"feature", crossing.feature},
                                {"value", crossing.value},
                                {"threshold", crossing.threshold},
                                {"window_start_ms", window.start_ms},
                                {"window_end_ms", window.end_ms}});
      const TriggerRule* rule = FindTrigger(policy_, event);
      if (rule == nullptr) continue;
      Take(Arrive(policy_, state_,
                  {.trigger = rule->text,
                   .reason = message,
                   .who = "system",
                   .time_ms = now_ms,
                   .event = Json::Of({{"seq", 0},
                                      {"time_ms", now_ms},
                                      {"kind", event.kind},
                                      {"subject", event.subject},
                                      {"who", event.who},
                                      {"payload", event.payload}})}));
    }
    if (const auto due = DueTrigger(policy_, state_, now_ms)) Take(Arrive(policy_, state_, *due));
  }

  void Settle(int64_t now_ms) {
    for (int i = 0; i < kStepsMax; ++i) {
      if (state_.hold.starts_with("approval.")) {
        Take(Approve(policy_, state_, {"somebody", "assumed by the simulation", now_ms}));
        continue;
      }
      const auto step = Decide(policy_, state_, See(now_ms));
      if (!step) return;
      const bool was_promoting = state_.phase == Phase::kPromoting;
      Take(*step);
      if (was_promoting && state_.ending == Ending::kPromoted) Promoted(now_ms);
    }
  }

  Seen See(int64_t now_ms) {
    Seen seen{.now_ms = now_ms};
    if (state_.phase == Phase::kRetraining) {
      RunSeen run;
      if (now_ms >= retrain_until_ms_) {
        run.state = RunSeen::State::kSucceeded;
        run.version = fmt::format("{}", result_.retrainings + 1);
      }
      seen.run = run;
    }
    const bool takes_over = state_.phase == Phase::kPromoting;
    seen.endpoint.exists = true;
    seen.endpoint.live_version = takes_over ? state_.candidate : live_;
    seen.endpoint.alias_version = seen.endpoint.live_version;
    if (state_.phase == Phase::kShadow) {
      seen.candidate = seen.live = Answered(now_ms, 1);
      seen.endpoint.candidate = CandidateRole::kShadow;
    } else if (state_.phase == Phase::kCanary) {
      const int weight = policy_.canary.steps[static_cast<size_t>(state_.step)];
      seen.candidate = Answered(now_ms, weight / 100.0);
      seen.live = Answered(now_ms, 1 - weight / 100.0);
      seen.endpoint.candidate = CandidateRole::kCanary;
    }
    return seen;
  }

  ArmFigures Answered(int64_t now_ms, double share) const {
    ArmFigures arm = traffic_.Between(state_.entered_ms, now_ms, share);
    if (!policy_.worse.loss) return arm;
    // The loss of both is that of the log; outcomes are known after the delay.
    const int64_t known_ms = std::max(state_.entered_ms, now_ms - options_.label_delay_ms);
    arm.loss = loss_;
    arm.loss.count = traffic_.Between(state_.entered_ms, known_ms, share).requests *
                     std::min(loss_.count, history_.predictions) / history_.predictions;
    return arm;
  }

  void Promoted(int64_t now_ms) {
    ++result_.promotions;
    live_ = state_.candidate;
    trainings_.push_back({trained_ms_, now_ms});
    const int64_t length_ms =
        policy_.retrain.window_ms > 0 ? policy_.retrain.window_ms : options_.reference_ms;
    const auto over =
        watch_.Refer(std::max(history_.from_ms, trained_ms_ - length_ms), trained_ms_);
    for (const Watch::Subject& of : over) EndAlert(of, now_ms);
  }

  void AddCosts(const DailyCosts& costs) {
    const int64_t start_ms = result_.reference_end_ms;
    const double reference = costs.Rate(history_.from_ms, start_ms);
    const double recovery = policy_.costs.recovery;
    result_.reference_cost = reference;
    const auto add = [&](const char* plan, int64_t retrainings,
                         const std::vector<DailyCosts::Training>& trainings) {
      result_.costs.push_back({plan, retrainings,
                               costs.Cost(start_ms, trainings, reference, recovery),
                               static_cast<double>(retrainings) * policy_.costs.retraining});
    };
    add("never", 0, {});
    std::vector<DailyCosts::Training> monthly;
    const Cron first = Cron::Parse("0 0 1 * *");
    for (int64_t at_ms = first.NextAfter(start_ms - 1); at_ms < history_.to_ms;
         at_ms = first.NextAfter(at_ms)) {
      monthly.push_back({at_ms, at_ms + policy_.costs.retraining_ms});
    }
    add("monthly", static_cast<int64_t>(monthly.size()), monthly);
    add("policy", result_.retrainings, trainings_);
  }

  const History& history_;
  const Policy& policy_;
  const SimulationOptions& options_;
  const Traffic traffic_;
  const statistics::ArmMoments loss_;
  Watch watch_;
  std::map<Watch::Subject, std::string> alert_subjects_;  // of the last alert of each
  LoopState state_;
  std::string live_ = "1";
  int64_t retrain_until_ms_ = 0;
  int64_t trained_ms_ = 0;
  std::vector<DailyCosts::Training> trainings_;
  Simulation result_;
};

// What the policy says, or the monitor, or the rows themselves.
monitoring::ModelTask TaskOf(analytics::Session& session, const Policy& policy,
                             const SimulationOptions& options) {
  monitoring::LabelRule rule = policy.label;
  if (rule.task == monitoring::ModelTask::kNone && options.monitor)
    rule.task = options.monitor->Rule().task;
  return monitoring::FindTask(session, kRows, rule);
}

}  // namespace

Simulation Simulate(analytics::Session& session, const History& history, const Policy& policy,
                    const SimulationOptions& options) {
  session.Execute(std::string("CREATE OR REPLACE TEMP TABLE ") + kRows + " AS SELECT * FROM " +
                  monitoring::KnownPredictionsSql(history.snapshot));
  const monitoring::ModelTask task = TaskOf(session, policy, options);
  const DailyCosts costs(session, history, policy, task);
  Replay replay(session, history, policy, task, options);
  replay.Run();
  return std::move(replay).Finish(costs);
}

Json Simulation::ToJson() const {
  Json alert_list = Json::MakeArray();
  for (const SimulatedAlert& alert : alerts) {
    alert_list.Append(Json::Of({{"time_ms", alert.time_ms},
                                {"kind", monitoring::AlertKindName(alert.crossing.kind)},
                                {"feature", alert.crossing.feature},
                                {"value", alert.crossing.value},
                                {"threshold", alert.crossing.threshold},
                                {"message", alert.message}}));
  }
  Json decision_list = Json::MakeArray();
  for (const Decision& decision : decisions) {
    decision_list.Append(Json::Of({{"number", decision.number},
                                   {"time_ms", decision.time_ms},
                                   {"from", Name(decision.from)},
                                   {"to", Name(decision.to)},
                                   {"action", Name(decision.action)},
                                   {"rule", decision.rule},
                                   {"reason", decision.reason},
                                   {"who", decision.who},
                                   {"seen", decision.seen}}));
  }
  Json plans = Json::MakeArray();
  for (const PlanCost& cost : costs) {
    plans.Append(Json::Of({{"plan", cost.plan},
                           {"retrainings", cost.retrainings},
                           {"errors", cost.errors},
                           {"retraining", cost.retraining},
                           {"total", cost.total()},
                           {"saved", costs.front().total() - cost.total()}}));
  }
  return Json::Of({{"from_ms", from_ms},
                   {"reference_end_ms", reference_end_ms},
                   {"to_ms", to_ms},
                   {"predictions", predictions},
                   {"outcomes", outcomes},
                   {"retrainings", retrainings},
                   {"promotions", promotions},
                   {"alerts", alert_list},
                   {"decisions", decision_list},
                   {"reference_cost", reference_cost ? Json(*reference_cost) : Json()},
                   {"costs", plans}});
}

}  // namespace millwright::loop
