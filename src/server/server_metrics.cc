#include "server/server_metrics.h"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "api/prometheus/exposition.h"
#include "api/prometheus/monitoring_metrics.h"
#include "base/error.h"
#include "base/log.h"

namespace millwright::server {
namespace {

namespace prometheus = api::prometheus;
using prometheus::AppendHead;
using prometheus::AppendLabel;
using prometheus::AppendSample;
using prometheus::Type;

constexpr int64_t kFreshUs = 1'000'000;
constexpr int64_t kRestPerWork = 19;  // one part of work, so many of rest
constexpr int kEventsPerRead = 1'000;
constexpr int kEventReadsMax = 50;  // of one look; the next one goes on
constexpr double kMsPerSecond = 1'000;
constexpr double kUsPerSecond = 1e6;

void AppendOne(std::string_view name, std::string_view help, Type type, double value,
               std::string* out) {
  AppendHead(name, help, type, out);
  AppendSample(name, "", value, out);
}

// One metric with one label.
template <typename Map>
void AppendMap(std::string_view name, std::string_view help, Type type, std::string_view label,
               const Map& values, std::string* out) {
  AppendHead(name, help, type, out);
  for (const auto& [key, value] : values) {
    std::string labels;
    AppendLabel(label, key, &labels);
    AppendSample(name, labels, static_cast<double>(value), out);
  }
}

double SecondsOf(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / kUsPerSecond;
}

// Under the names that Prometheus' own libraries give them.
std::string ProcessMetrics() {
  static const double started = [] {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<double>(now.tv_sec);
  }();
  std::string out;
  AppendOne("process_start_time_seconds",
            "Start time of the process since the Unix epoch in seconds", Type::kGauge, started,
            &out);
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  AppendOne("process_cpu_seconds_total", "Total user and system CPU time spent in seconds",
            Type::kCounter, SecondsOf(use.ru_utime) + SecondsOf(use.ru_stime), &out);
  int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  AppendOne("process_resident_memory_bytes", "Resident memory size in bytes", Type::kGauge,
            static_cast<double>(resident * sysconf(_SC_PAGESIZE)), &out);
  std::error_code error;
  const auto open = std::distance(std::filesystem::directory_iterator("/proc/self/fd", error),
                                  std::filesystem::directory_iterator());
  AppendOne("process_open_fds", "Number of open file descriptors", Type::kGauge,
            static_cast<double>(open), &out);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  AppendOne("process_max_fds", "Maximum number of open file descriptors", Type::kGauge,
            static_cast<double>(limit.rlim_cur), &out);
  return out;
}

std::string DiskMetrics(const std::filesystem::path& folder) {
  struct statvfs stat {};
  if (statvfs(folder.c_str(), &stat) != 0) return "";
  std::string out;
  const auto block = static_cast<double>(stat.f_frsize);
  AppendOne("millwright_disk_free_bytes", "Room that is left where the data folder lies",
            Type::kGauge, block * static_cast<double>(stat.f_bavail), &out);
  AppendOne("millwright_disk_size_bytes", "Room that there is where the data folder lies",
            Type::kGauge, block * static_cast<double>(stat.f_blocks), &out);
  return out;
}

std::string DatabaseMetrics(const storage::DatabaseStats& stats) {
  std::string out;
  AppendOne("millwright_database_transactions_total", "Transactions of the metadata database",
            Type::kCounter, static_cast<double>(stats.transactions), &out);
  AppendOne("millwright_database_commits_total", "Commits, each of one or many transactions",
            Type::kCounter, static_cast<double>(stats.commits), &out);
  AppendOne("millwright_database_commit_seconds_total", "Time spent on commits", Type::kCounter,
            static_cast<double>(stats.commit_us) / kUsPerSecond, &out);
  return out;
}

std::string AlertMetrics(const alerts::AlertStore& store, const alerts::EvaluatorStats& stats) {
  std::string out;
  AppendHead("millwright_alerts", "Alerts of rules and monitors that are pending or firing",
             Type::kGauge, &out);
  for (const auto& [key, count] : store.CountLive()) {
    std::string labels;
    AppendLabel("state", key.first, &labels);
    AppendLabel("severity", key.second, &labels);
    AppendSample("millwright_alerts", labels, static_cast<double>(count), &out);
  }
  AppendOne("millwright_alert_evaluations_total", "Times that all rules were looked at",
            Type::kCounter, static_cast<double>(stats.evaluations), &out);
  AppendOne("millwright_alert_evaluation_seconds_total", "Time spent on looking at rules",
            Type::kCounter, static_cast<double>(stats.evaluation_us) / kUsPerSecond, &out);
  AppendOne("millwright_alert_series_left_out_total",
            "Points and alerts that were left out because there were too many", Type::kCounter,
            static_cast<double>(stats.left_out), &out);
  AppendMap("millwright_alert_rule_failures_total", "Times that a rule could not be evaluated",
            Type::kCounter, "rule", stats.rule_failures, &out);
  AppendMap("millwright_alert_notifications_total", "Notifications that were queued",
            Type::kCounter, "receiver", stats.notifications, &out);
  AppendMap("millwright_alert_notifications_held_total",
            "Notifications that were held back by storm protection", Type::kCounter, "receiver",
            stats.held, &out);
  return out;
}

// A webhook's name need not be its alone.
std::string DeliveryMetrics(const webhooks::WebhookStore& webhooks, const alerts::AlertStore& store,
                            const webhooks::DeliveryLog& deliveries) {
  const auto unfinished = deliveries.CountUnfinished();
  std::map<std::string, int64_t> pending, dead;
  const auto add = [&](int64_t seq, const std::string& name) {
    const auto found = unfinished.find(seq);
    const webhooks::Unfinished count =
        found == unfinished.end() ? webhooks::Unfinished() : found->second;
    pending[name] += count.pending;
    dead[name] += count.dead;
  };
  for (const auto& webhook : webhooks.List({.limit = webhooks::kWebhooksPageMax}))
    add(webhook.seq, webhook.name);
  for (const auto& receiver : store.Receivers())
    add(webhooks.Get(receiver.webhook).seq, receiver.name);
  std::string out;
  AppendMap("millwright_deliveries_pending",
            "Messages to a webhook or a receiver of alerts that wait", Type::kGauge, "receiver",
            pending, &out);
  AppendMap("millwright_deliveries_dead",
            "Messages to a webhook or a receiver of alerts that were given up", Type::kGauge,
            "receiver", dead, &out);
  return out;
}

}  // namespace

ServerMetrics::ServerMetrics(const Context& context)
    : context_(context), events_seen_(context.events.Last()) {
  // What has not happened yet is 0, so that its first time is an increase.
  for (const char* status : {"FINISHED", "FAILED", "KILLED"}) runs_[status] = 0;
  for (const char* outcome : {"passed", "failed"}) validations_[outcome] = 0;
}

std::string ServerMetrics::Events() {
  for (const auto& pipeline : context_.pipelines.List())
    for (const char* state : {"succeeded", "failed", "cancelled"})
      pipeline_runs_.try_emplace({pipeline.name, state}, 0);
  for (int read = 0; read < kEventReadsMax; ++read) {
    const auto events = context_.events.After(events_seen_, kEventsPerRead);
    if (events.empty()) break;
    for (const auto& event : events) {
      ++by_kind_[event.kind];
      if (event.kind == "run.finished") ++runs_[event.payload.GetString("status")];
      if (event.kind == "validation.finished")
        ++validations_[event.payload.GetBool("success") ? "passed" : "failed"];
      if (event.kind == "pipeline_run.finished")
        ++pipeline_runs_[{event.payload.GetString("pipeline"), event.payload.GetString("state")}];
    }
    events_seen_ = events.back().seq;
  }
  std::string out;
  AppendMap("millwright_events_total", "What happened since the start, by kind", Type::kCounter,
            "kind", by_kind_, &out);
  AppendMap("millwright_runs_finished_total", "Runs that ended, by their status", Type::kCounter,
            "status", runs_, &out);
  AppendMap("millwright_validations_total",
            "Suites of expectations that were run, by their outcome", Type::kCounter, "outcome",
            validations_, &out);
  AppendHead("millwright_pipeline_runs_finished_total", "Pipeline runs that ended, by their state",
             Type::kCounter, &out);
  for (const auto& [key, count] : pipeline_runs_) {
    std::string labels;
    AppendLabel("pipeline", key.first, &labels);
    AppendLabel("state", key.second, &labels);
    AppendSample("millwright_pipeline_runs_finished_total", labels, static_cast<double>(count),
                 &out);
  }
  return out;
}

std::string ServerMetrics::DataAges() {
  std::map<std::string, double> datasets, sources;
  for (const auto& dataset : context_.datasets.List())
    if (dataset.latest.created_ms > 0)
      datasets[dataset.name] = static_cast<double>(dataset.latest.created_ms) / kMsPerSecond;
  for (const auto& source : context_.sources.List())
    for (const auto& snapshot : context_.sources.Snapshots(source.name, 1))
      sources[source.name] = static_cast<double>(snapshot.created_ms) / kMsPerSecond;
  std::string out;
  AppendMap("millwright_dataset_version_timestamp_seconds",
            "When the newest version of a dataset was made", Type::kGauge, "dataset", datasets,
            &out);
  AppendMap("millwright_source_snapshot_timestamp_seconds", "When a source was last archived",
            Type::kGauge, "source", sources, &out);
  return out;
}

std::string ServerMetrics::Outcomes() {
  std::map<std::string, double> changed;
  for (const std::string& endpoint : context_.predictions.Endpoints()) {
    const int64_t count = context_.predictions.Counts(endpoint).outcomes;
    const auto [found, is_new] = outcomes_.try_emplace(endpoint, Outcome{count, 0});
    Outcome& outcome = found->second;
    if (!is_new && outcome.count != count) outcome.changed_ms = context_.clock.NowMs();
    outcome.count = count;
    if (outcome.changed_ms > 0)
      changed[endpoint] = static_cast<double>(outcome.changed_ms) / kMsPerSecond;
  }
  std::string out;
  AppendMap("millwright_outcomes_changed_timestamp_seconds",
            "When outcomes of an endpoint were last seen to come in, since the start", Type::kGauge,
            "endpoint", changed, &out);
  return out;
}

std::string ServerMetrics::LookUp() {
  return prometheus::MonitoringMetrics(context_.monitors, context_.predictions) + Outcomes() +
         DataAges() + Events() + ProcessMetrics() + DiskMetrics(context_.data) +
         DatabaseMetrics(context_.database.stats()) +
         AlertMetrics(context_.alerts, context_.evaluator.stats()) +
         DeliveryMetrics(context_.webhooks, context_.alerts, context_.deliveries);
}

std::string ServerMetrics::Text() {
  {
    std::lock_guard lock(text_mutex_);
    if (MonotonicUs() < fresh_until_us_) return text_;
  }
  std::unique_lock looking_up(looking_up_, std::try_to_lock);
  if (!looking_up.owns_lock()) {
    {
      std::lock_guard lock(text_mutex_);
      if (!text_.empty()) return text_;
    }
    looking_up.lock();
  }
  const int64_t begun_us = MonotonicUs();
  {
    std::lock_guard lock(text_mutex_);
    if (begun_us < fresh_until_us_) return text_;
  }
  std::string text = LookUp();
  const int64_t now_us = MonotonicUs();
  std::lock_guard lock(text_mutex_);
  text_ = std::move(text);
  fresh_until_us_ = now_us + std::max(kFreshUs, (now_us - begun_us) * kRestPerWork);
  return text_;
}

}  // namespace millwright::server
