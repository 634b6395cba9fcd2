#include "alerts/series.h"

#include <algorithm>

#include "base/option.h"
#include "base/yaml.h"

namespace millwright::alerts {
namespace {

constexpr std::string_view kCounter = "counter", kGauge = "gauge", kHistogram = "histogram";
constexpr std::string_view kMonitors = "Monitors", kServing = "Serving", kServer = "Server",
                           kData = "Data and pipelines", kAlerts = "Alerts", kStreams = "Streams",
                           kModels = "Model servers";
constexpr std::string_view kMonitorLabels = "monitor endpoint";

constexpr Series kSeries[] = {
    {"millwright_monitor_predictions", kGauge, kMonitorLabels, "short", kMonitors,
     "Predictions that the log has"},
    {"millwright_monitor_outcomes", kGauge, kMonitorLabels, "short", kMonitors,
     "Predictions that the log has whose outcome is known"},
    {"millwright_monitor_outcome_coverage", kGauge, kMonitorLabels, "percentunit", kMonitors,
     "Share of the predictions whose outcome is known"},
    {"millwright_monitor_errors", kGauge, kMonitorLabels, "short", kMonitors,
     "Predictions in the log that failed"},
    {"millwright_monitor_newest_prediction_timestamp_seconds", kGauge, kMonitorLabels,
     "dateTimeFromNow", kMonitors, "When the newest prediction happened, in event time"},
    {"millwright_monitor_latency_p50_seconds", kGauge, kMonitorLabels, "s", kMonitors,
     "Median latency"},
    {"millwright_monitor_latency_p99_seconds", kGauge, kMonitorLabels, "s", kMonitors,
     "99th percentile of latency"},
    {"millwright_monitor_positive_rate_predicted", kGauge, kMonitorLabels, "percentunit", kMonitors,
     "Share predicted positive"},
    {"millwright_monitor_positive_rate_actual", kGauge, kMonitorLabels, "percentunit", kMonitors,
     "Share that was positive"},
    {"millwright_monitor_auc", kGauge, kMonitorLabels, "short", kMonitors,
     "AUC of the latest window whose outcomes are known"},
    {"millwright_monitor_log_loss", kGauge, kMonitorLabels, "short", kMonitors,
     "Log loss of the latest window whose outcomes are known"},
    {"millwright_monitor_accuracy", kGauge, kMonitorLabels, "percentunit", kMonitors,
     "Accuracy of the latest window whose outcomes are known"},
    {"millwright_monitor_mae", kGauge, kMonitorLabels, "short", kMonitors,
     "Mean absolute error of the latest window whose outcomes are known, of a regression"},
    {"millwright_monitor_rmse", kGauge, kMonitorLabels, "short", kMonitors,
     "Root mean squared error of the latest window whose outcomes are known, of a regression"},
    {"millwright_monitor_bias", kGauge, kMonitorLabels, "short", kMonitors,
     "By how much a regression answers too much on average in the latest window whose outcomes are "
     "known"},
    {"millwright_monitor_mean_predicted", kGauge, kMonitorLabels, "short", kMonitors,
     "Mean answer of a regression in the latest complete window"},
    {"millwright_monitor_window_predictions", kGauge, kMonitorLabels, "short", kMonitors,
     "Predictions of the latest complete window"},
    {"millwright_monitor_window_outcomes", kGauge, kMonitorLabels, "short", kMonitors,
     "Known outcomes of the latest complete window"},
    {"millwright_monitor_window_end_timestamp_seconds", kGauge, kMonitorLabels, "dateTimeFromNow",
     kMonitors, "When the latest complete window ended, in event time"},
    {"millwright_monitor_known_window_end_timestamp_seconds", kGauge, kMonitorLabels,
     "dateTimeFromNow", kMonitors,
     "When the latest window whose outcomes are known ended, in event time"},
    {"millwright_monitor_features_drifted", kGauge, kMonitorLabels, "short", kMonitors,
     "Features that have drifted in the latest complete window"},
    {"millwright_monitor_feature_drift", kGauge, "monitor endpoint feature", "short", kMonitors,
     "Drift in the latest complete window"},
    {"millwright_monitor_feature_drifted", kGauge, "monitor endpoint feature", "short", kMonitors,
     "Whether the monitor says that a feature has drifted: its alert is open"},
    {"millwright_monitor_feature_breaches", kGauge, "monitor endpoint feature kind", "short",
     kMonitors, "Rows of the latest complete window whose feature is not what it was in training"},
    {"millwright_monitor_stale_features", kGauge, kMonitorLabels, "short", kMonitors,
     "Features of the latest complete window that are old or do not change"},
    {"millwright_monitor_outlier_share", kGauge, kMonitorLabels, "percentunit", kMonitors,
     "Share of the latest complete window's rows that are far from the reference's"},
    {"millwright_monitor_expectations_broken", kGauge, kMonitorLabels, "short", kMonitors,
     "Expectations of the monitor's suite that the latest complete window breaks"},
    {"millwright_monitor_changes", kGauge, "monitor endpoint feature", "short", kMonitors,
     "Alarms of the detectors in the latest complete window, by what they watch"},
    {"millwright_monitor_cost", kGauge, kMonitorLabels, "short", kMonitors,
     "Cost of the latest complete window's answers with a known outcome"},
    {"millwright_monitor_cost_per_outcome", kGauge, kMonitorLabels, "short", kMonitors,
     "The same cost for each known outcome"},
    {"millwright_monitor_readable", kGauge, kMonitorLabels, "short", kMonitors,
     "Whether what a monitor watches can be read"},
    {"millwright_monitor_open_alerts", kGauge, kMonitorLabels, "short", kMonitors,
     "Alerts that are open"},
    {"millwright_outcomes_changed_timestamp_seconds", kGauge, "endpoint", "dateTimeFromNow",
     kMonitors, "When outcomes of an endpoint were last seen to come in, since the start"},
    {"millwright_prediction_log_rows_total", kCounter, "", "short", kMonitors,
     "Rows of the prediction log"},
    {"millwright_prediction_log_dropped_total", kCounter, "", "short", kMonitors,
     "Rows refused by a full queue"},
    {"millwright_prediction_log_lost_total", kCounter, "", "short", kMonitors,
     "Rows that could not be written"},
    {"millwright_prediction_log_set_aside_total", kCounter, "", "short", kMonitors,
     "Rows that were written and cannot be read: they lie in the log's folder aside"},
    {"millwright_prediction_log_queued", kGauge, "", "short", kMonitors,
     "Rows that wait to be written"},

    {"millwright_endpoint_requests_total", kCounter, "endpoint revision role", "short", kServing,
     "Predictions asked of an endpoint, by the revision that answered"},
    {"millwright_endpoint_errors_total", kCounter, "endpoint revision role", "short", kServing,
     "Predictions that failed by no fault of the caller"},
    {"millwright_endpoint_request_seconds", kHistogram, "endpoint revision role", "s", kServing,
     "From the decoded request to the answer"},
    {"millwright_replica_requests_total", kCounter, "endpoint replica", "short", kServing,
     "Predictions sent to a replica"},
    {"millwright_replica_ready", kGauge, "endpoint replica", "short", kServing,
     "Whether a replica takes requests"},
    {"millwright_replica_ejections_total", kCounter, "endpoint replica", "short", kServing,
     "Times that a replica was passed over for failing or being slow"},
    {"millwright_revision_replicas_wanted", kGauge, "endpoint revision", "short", kServing,
     "Replicas that a revision should have"},
    {"millwright_endpoint_held_requests", kGauge, "endpoint", "short", kServing,
     "Requests that wait for a replica"},
    {"millwright_endpoint_hedged_total", kCounter, "endpoint", "short", kServing,
     "Requests that were asked of a second replica because the first was late"},
    {"millwright_endpoint_hedges_won_total", kCounter, "endpoint", "short", kServing,
     "Hedged requests that the second replica answered first"},
    {"millwright_endpoint_hedges_refused_total", kCounter, "endpoint", "short", kServing,
     "Looks at late requests that found the budget of hedges spent"},
    {"millwright_endpoint_cache_hits_total", kCounter, "endpoint", "short", kServing,
     "Answers given again out of the cache"},
    {"millwright_endpoint_cache_misses_total", kCounter, "endpoint", "short", kServing,
     "Answers that the cache did not have"},
    {"millwright_endpoint_cache_bytes", kGauge, "endpoint", "bytes", kServing,
     "Memory of the answers in the cache"},
    {"millwright_endpoint_limited_total", kCounter, "endpoint", "short", kServing,
     "Requests refused for their caller's limits"},
    {"millwright_endpoint_too_large_total", kCounter, "endpoint", "short", kServing,
     "Requests and answers refused for their size"},
    {"millwright_replica_starts_total", kCounter, "process", "short", kServing,
     "Replicas that were started, by whether their process was there"},
    {"millwright_spare_replicas", kGauge, "", "short", kServing,
     "Processes that wait to become replicas"},
    {"millwright_endpoint_retried_total", kCounter, "", "short", kServing,
     "Requests sent again because their replica went away"},
    {"millwright_endpoint_shadows_dropped_total", kCounter, "", "short", kServing,
     "Copies for shadows that were dropped"},
    {"millwright_inference_request_seconds", kHistogram, "model version", "s", kServing,
     "Time from the decoded request to the answer"},
    {"millwright_inference_queue_seconds", kHistogram, "model version", "s", kServing,
     "Time that requests waited for the model"},
    {"millwright_inference_compute_seconds", kHistogram, "model version", "s", kServing,
     "Time that the model took"},
    {"request_predict_seconds", kHistogram, "model_name", "s", kServing,
     "Time that predictions took"},
    {"nv_inference_request_success", kCounter, "model version", "short", kServing,
     "Requests that were answered"},
    {"nv_inference_request_failure", kCounter, "model version", "short", kServing,
     "Requests that were refused or failed"},
    {"nv_inference_count", kCounter, "model version", "short", kServing,
     "Rows that were predicted"},
    {"nv_inference_exec_count", kCounter, "model version", "short", kServing, "Runs of the model"},
    {"nv_inference_request_duration_us", kCounter, "model version", "µs", kServing,
     "Microseconds from the decoded request to the answer"},
    {"nv_inference_queue_duration_us", kCounter, "model version", "µs", kServing,
     "Microseconds that requests waited for the model"},
    {"nv_inference_compute_input_duration_us", kCounter, "model version", "µs", kServing,
     "Microseconds that putting the inputs of several requests together took"},
    {"nv_inference_compute_infer_duration_us", kCounter, "model version", "µs", kServing,
     "Microseconds that the model took"},
    {"nv_inference_compute_output_duration_us", kCounter, "model version", "µs", kServing,
     "Microseconds that taking their outputs apart took"},
    {"nv_inference_pending_request_count", kGauge, "model version", "short", kServing,
     "Requests that wait for the model now"},
    {"millwright_contract_rows_total", kCounter, "model", "short", kServing,
     "Rows that were held to a contract"},
    {"millwright_contract_broken_rows_total", kCounter, "model", "short", kServing,
     "Rows that broke it"},
    {"millwright_contract_rejected_total", kCounter, "model", "short", kServing,
     "Requests refused for it"},
    {"millwright_contract_breaches_total", kCounter, "model field", "short", kServing,
     "Requests that broke it, by field"},

    {"millwright_dataset_version_timestamp_seconds", kGauge, "dataset", "dateTimeFromNow", kData,
     "When the newest version of a dataset was made"},
    {"millwright_source_snapshot_timestamp_seconds", kGauge, "source", "dateTimeFromNow", kData,
     "When a source was last archived"},
    {"millwright_runs_finished_total", kCounter, "status", "short", kData,
     "Runs that ended, by their status"},
    {"millwright_pipeline_runs_finished_total", kCounter, "pipeline state", "short", kData,
     "Pipeline runs that ended, by their state"},
    {"millwright_validations_total", kCounter, "outcome", "short", kData,
     "Suites of expectations that were run, by their outcome"},

    {"millwright_up_seconds", kGauge, "", "s", kServer, "Seconds since the server started"},
    {"process_start_time_seconds", kGauge, "", "dateTimeFromNow", kServer,
     "Start time of the process since the Unix epoch in seconds"},
    {"process_cpu_seconds_total", kCounter, "", "s", kServer,
     "Total user and system CPU time spent in seconds"},
    {"process_resident_memory_bytes", kGauge, "", "bytes", kServer,
     "Resident memory size in bytes"},
    {"process_open_fds", kGauge, "", "short", kServer, "Number of open file descriptors"},
    {"process_max_fds", kGauge, "", "short", kServer, "Maximum number of open file descriptors"},
    {"millwright_disk_free_bytes", kGauge, "", "bytes", kServer,
     "Room that is left where the data folder lies"},
    {"millwright_disk_size_bytes", kGauge, "", "bytes", kServer,
     "Room that there is where the data folder lies"},
    {"millwright_database_transactions_total", kCounter, "", "short", kServer,
     "Transactions of the metadata database"},
    {"millwright_database_commits_total", kCounter, "", "short", kServer,
     "Commits, each of one or many transactions"},
    {"millwright_database_commit_seconds_total", kCounter, "", "s", kServer,
     "Time spent on commits"},
    {"millwright_events_total", kCounter, "kind", "short", kServer,
     "What happened since the start, by kind"},
    {"millwright_http_requests_total", kCounter, "route method status", "short", kServer,
     "Requests by route, method and status"},
    {"millwright_http_request_seconds", kHistogram, "route method", "s", kServer,
     "Time from a request's head to its answer by route and method"},
    {"grpc_server_handled_total", kCounter, "grpc_type grpc_service grpc_method grpc_code", "short",
     kServer, "Calls and messages of streams by status"},
    {"grpc_server_handling_seconds", kHistogram, "grpc_type grpc_service grpc_method", "s", kServer,
     "Time from a message to its answer"},
    {"millwright_artifact_damage_found_total", kCounter, "", "short", kServer,
     "Reads of a file that found other bytes than were stored"},
    {"millwright_spans_sent_total", kCounter, "", "short", kServer,
     "Spans that the collector took"},
    {"millwright_spans_dropped_total", kCounter, "", "short", kServer,
     "Spans that were dropped: too many at a time, or no collector"},
    {"millwright_metrics_left_out", kGauge, "metric", "short", kServer,
     "Sets of labels that are left out of a metric that has too many"},

    {"millwright_alerts", kGauge, "state severity", "short", kAlerts,
     "Alerts of rules and monitors that are pending or firing"},
    {"millwright_scrape_up", kGauge, "instance", "short", kAlerts,
     "Whether a process whose metrics rules may ask for answered"},
    {"millwright_alert_evaluations_total", kCounter, "", "short", kAlerts,
     "Times that all rules were looked at"},
    {"millwright_alert_evaluation_seconds_total", kCounter, "", "s", kAlerts,
     "Time spent on looking at rules"},
    {"millwright_alert_rule_failures_total", kCounter, "rule", "short", kAlerts,
     "Times that a rule could not be evaluated"},
    {"millwright_alert_series_left_out_total", kCounter, "", "short", kAlerts,
     "Points and alerts that were left out because there were too many"},
    {"millwright_alert_notifications_total", kCounter, "receiver", "short", kAlerts,
     "Notifications that were queued"},
    {"millwright_alert_notifications_held_total", kCounter, "receiver", "short", kAlerts,
     "Notifications that were held back by storm protection"},
    {"millwright_deliveries_pending", kGauge, "receiver", "short", kAlerts,
     "Messages to a webhook or a receiver of alerts that wait"},
    {"millwright_deliveries_dead", kGauge, "receiver", "short", kAlerts,
     "Messages to a webhook or a receiver of alerts that were given up"},

    {"millwright_stream_messages_total", kCounter, "", "short", kStreams,
     "Messages that were read and answered or put aside"},
    {"millwright_stream_rows_total", kCounter, "", "short", kStreams, "Rows that were predicted"},
    {"millwright_stream_dead_letters_total", kCounter, "", "short", kStreams,
     "Messages and rows that could not be read or predicted"},
    {"millwright_stream_delivered_total", kCounter, "", "short", kStreams,
     "Messages that a broker has taken"},
    {"millwright_stream_commits_total", kCounter, "", "short", kStreams,
     "Times that offsets were committed"},
    {"millwright_stream_predict_seconds_total", kCounter, "", "s", kStreams,
     "Time spent on predicting"},
    {"millwright_stream_lag", kGauge, "", "short", kStreams,
     "Messages that wait in the partitions of this process"},
    {"millwright_stream_partitions", kGauge, "", "short", kStreams,
     "Partitions that this process reads"},

    {"millwright_model_source_up", kGauge, "model", "short", kModels,
     "Whether the source of a model answered last"},
    {"millwright_model_source_failures_total", kCounter, "model", "short", kModels,
     "Looks at a model's source that failed"},
    {"millwright_model_loads_total", kCounter, "model", "short", kModels,
     "Versions of a model that were loaded"},
    {"millwright_model_load_failures_total", kCounter, "model", "short", kModels,
     "Versions of a model that could not be loaded"},
    {"millwright_model_evictions_total", kCounter, "model", "short", kModels,
     "Times that a model was unloaded to make room"},
    {"millwright_model_memory_bytes", kGauge, "model version", "bytes", kModels,
     "Memory that a version in memory takes, as measured when it was loaded"},
    {"millwright_models_memory_bytes", kGauge, "", "bytes", kModels,
     "Memory that all models take, those that are leaving included"},
};

constexpr std::string_view kHistogramEnds[] = {"_bucket", "_sum", "_count"};

// In the words of alert rules; what each is for stands in its summary.
constexpr std::string_view kDefaultRules = R"yaml(rules:
- name: endpoint-errors
  expr: sum by (endpoint) (rate(millwright_endpoint_errors_total[5m])) / sum by (endpoint) (rate(millwright_endpoint_requests_total[5m]))
  above: 0.01
  resolve_at: 0.005
  for: 2m
  severity: critical
  annotations:
    summary: "{{ $value | humanizePercentage }} of the predictions of {{ $labels.endpoint }} fail"
- name: endpoint-slow
  expr: histogram_quantile(0.99, sum by (endpoint, le) (rate(millwright_endpoint_request_seconds_bucket[5m])))
  above: 1
  resolve_at: 0.8
  for: 5m
  annotations:
    summary: "One in a hundred predictions of {{ $labels.endpoint }} takes {{ $value | humanizeDuration }} or longer"
- name: replicas-missing
  expr: sum by (endpoint) (millwright_revision_replicas_wanted) - sum by (endpoint) (millwright_replica_ready)
  above: 0
  for: 2m
  annotations:
    summary: "{{ $labels.endpoint }} lacks {{ $value }} replicas"
- name: feature-drift
  expr: millwright_monitor_feature_drifted
  at_least: 1
  annotations:
    summary: "{{ $labels.feature }} of {{ $labels.endpoint }} has drifted, as the monitor {{ $labels.monitor }} judges"
- name: unreadable-monitor
  expr: millwright_monitor_readable
  below: 1
  for: 2m
  severity: critical
  annotations:
    summary: "What {{ $labels.monitor }} watches cannot be read: it sees nothing"
- name: prediction-log-drops
  expr: increase(millwright_prediction_log_dropped_total[5m]) + increase(millwright_prediction_log_lost_total[5m])
  above: 0
  annotations:
    summary: "{{ $value | humanize }} predictions of the last five minutes were not logged"
- name: prediction-log-unreadable
  expr: increase(millwright_prediction_log_set_aside_total[5m])
  above: 0
  annotations:
    summary: "Rows of the prediction log cannot be read and were set aside: see the server's log"
- name: pipeline-failed
  expr: increase(millwright_pipeline_runs_finished_total{state="failed"}[1h])
  above: 0
  annotations:
    summary: "A run of the pipeline {{ $labels.pipeline }} failed in the last hour"
- name: source-stale
  expr: time() - millwright_source_snapshot_timestamp_seconds
  above: 604800
  for: 10m
  severity: info
  annotations:
    summary: "The source {{ $labels.source }} was last collected {{ $value | humanizeDuration }} ago"
- name: disk-nearly-full
  expr: millwright_disk_free_bytes / millwright_disk_size_bytes
  below: 0.1
  resolve_at: 0.12
  for: 5m
  severity: critical
  annotations:
    summary: "{{ $value | humanizePercentage }} of the disk of the data folder is free"
- name: stream-behind
  expr: min_over_time(millwright_stream_lag[10m])
  above: 10000
  samples_min: 5
  annotations:
    summary: "A stream is {{ $value | humanize }} messages behind"
- name: server-errors
  expr: sum(rate(millwright_http_requests_total{status=~"5.."}[5m])) / sum(rate(millwright_http_requests_total[5m]))
  above: 0.01
  resolve_at: 0.005
  for: 2m
  annotations:
    summary: "{{ $value | humanizePercentage }} of the server's answers are errors of its own"
- name: messages-given-up
  expr: millwright_deliveries_dead
  above: 0
  severity: info
  annotations:
    summary: "{{ $value }} messages to {{ $labels.receiver }} were given up"
)yaml";

}  // namespace

std::span<const Series> AllSeries() {
  return kSeries;
}

const Series* FindSeries(std::string_view name) {
  const auto find = [](std::string_view wanted) {
    const auto* found = std::find_if(std::begin(kSeries), std::end(kSeries),
                                     [&](const Series& row) { return row.name == wanted; });
    return found == std::end(kSeries) ? nullptr : found;
  };
  if (const Series* row = find(name)) return row;
  for (const std::string_view end : kHistogramEnds) {
    if (!name.ends_with(end)) continue;
    const Series* row = find(name.substr(0, name.size() - end.size()));
    if (row != nullptr && row->type == kHistogram) return row;
  }
  return nullptr;
}

bool HasLabel(const Series& series, std::string_view name, std::string_view label) {
  // What other processes say has it, and everything that a Prometheus has scraped.
  if (label == "instance") return true;
  if (label == "le") return series.type == kHistogram && name.ends_with("_bucket");
  std::string_view left = series.labels;
  while (!left.empty()) {
    const size_t space = left.find(' ');
    if (left.substr(0, space) == label) return true;
    left.remove_prefix(space == std::string_view::npos ? left.size() : space + 1);
  }
  return false;
}

std::string NearestSeries(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Series& row : kSeries) known.push_back(row.name);
  return NearestName(name, known);
}

std::string_view DefaultRulesText() {
  return kDefaultRules;
}

std::vector<Rule> DefaultRules() {
  std::vector<Rule> rules;
  const Json document = ParseYaml(kDefaultRules);
  for (const Json& rule : document.At("rules").AsArray()) rules.push_back(Rule::FromJson(rule));
  return rules;
}

}  // namespace millwright::alerts
