#include "api/prometheus/monitoring_metrics.h"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "api/prometheus/exposition.h"
#include "base/error.h"
#include "monitoring/monitors.h"

namespace millwright::api::prometheus {
namespace {

// Collects the samples of each metric, for they must stand together in the text.
class Samples {
 public:
  void Add(const std::string& metric, std::string labels, std::optional<double> value) {
    if (value) samples_[metric].emplace_back(std::move(labels), *value);
  }

  void Append(const char* metric, const char* help, Type type, std::string* out) const {
    const auto found = samples_.find(metric);
    if (found == samples_.end()) return;
    AppendHead(metric, help, type, out);
    for (const auto& [labels, value] : found->second) AppendSample(metric, labels, value, out);
  }

 private:
  std::map<std::string, std::vector<std::pair<std::string, double>>> samples_;
};

std::optional<double> Seconds(const std::optional<double>& ms) {
  return ms ? std::optional<double>(*ms / 1000) : std::nullopt;
}

// How right the model was, of a window whose outcomes have come: that is often not the newest.
void AddPerformance(const monitoring::MonitorWindow& window, const std::string& labels,
                    Samples* samples) {
  const monitoring::PerformanceFigures& figures = window.performance;
  samples->Add("millwright_monitor_auc", labels, figures.auc);
  samples->Add("millwright_monitor_log_loss", labels, figures.log_loss);
  samples->Add("millwright_monitor_accuracy", labels, figures.accuracy);
  samples->Add("millwright_monitor_mae", labels, figures.mae);
  samples->Add("millwright_monitor_rmse", labels, figures.rmse);
  samples->Add("millwright_monitor_bias", labels, figures.bias);
  samples->Add("millwright_monitor_cost", labels, figures.cost);
  samples->Add("millwright_monitor_cost_per_outcome", labels, figures.cost_per_outcome);
  samples->Add("millwright_monitor_known_window_end_timestamp_seconds", labels,
               double(window.end_ms) / 1000);
}

void AddQuality(const monitoring::MonitorWindow& window, const std::string& labels,
                Samples* samples) {
  const monitoring::WindowQuality& quality = window.quality;
  if (quality.rows == 0) return;
  samples->Add("millwright_monitor_outlier_share", labels, quality.outlier_share());
  samples->Add("millwright_monitor_stale_features", labels, double(quality.stale_features()));
  for (const auto& feature : quality.breaches) {
    const std::pair<const char*, int64_t> kinds[] = {
        {"missing", feature.missing},
        {"new_category", feature.new_category},
        {"out_of_range", feature.out_of_range},
        {"type_changed", feature.type_changed},
        {"stale", feature.stale},
        {"absent", feature.is_absent ? quality.rows : 0}};
    for (const auto& [kind, count] : kinds) {
      if (count == 0) continue;
      std::string own = labels;
      AppendLabel("feature", feature.feature, &own);
      AppendLabel("kind", kind, &own);
      samples->Add("millwright_monitor_feature_breaches", own, double(count));
    }
  }
  std::map<std::string, double> alarms;
  for (const auto& change : window.changes) alarms[change.detector.name()] += double(change.alarms);
  for (const auto& [name, count] : alarms) {
    std::string own = labels;
    AppendLabel("feature", name, &own);
    samples->Add("millwright_monitor_changes", own, count);
  }
}

// The features of which a monitor holds an alert of drift open: its own judgement, with the margin,
// the share of features and the windows in a row that it asks for.
std::set<std::string> JudgedDrifted(const monitoring::Monitors& monitors,
                                    const std::string& monitor) {
  std::set<std::string> drifted;
  for (const auto& alert : monitors.Alerts(monitor, true, monitoring::kAlertsMax))
    if (alert.kind == monitoring::AlertKind::kDrift) drifted.insert(alert.feature);
  return drifted;
}

void AddMonitor(monitoring::Monitors& monitors, const monitoring::MonitorSummary& monitor,
                const std::string& labels, Samples* samples) {
  const auto summary = monitors.Summary(monitor.name);
  samples->Add("millwright_monitor_predictions", labels, double(summary.predictions));
  samples->Add("millwright_monitor_outcomes", labels, double(summary.outcomes));
  samples->Add("millwright_monitor_outcome_coverage", labels, summary.coverage);
  samples->Add("millwright_monitor_errors", labels, double(summary.errors));
  if (summary.last_ms)
    samples->Add("millwright_monitor_newest_prediction_timestamp_seconds", labels,
                 double(*summary.last_ms) / 1000);
  samples->Add("millwright_monitor_latency_p50_seconds", labels, Seconds(summary.latency_p50_ms));
  samples->Add("millwright_monitor_latency_p99_seconds", labels, Seconds(summary.latency_p99_ms));
  samples->Add("millwright_monitor_positive_rate_predicted", labels,
               summary.positive_rate_predicted);
  samples->Add("millwright_monitor_positive_rate_actual", labels, summary.positive_rate_actual);
  samples->Add("millwright_monitor_open_alerts", labels, double(monitor.open_alerts));
  if (const auto known = monitors.LatestKnownWindow(monitor.name))
    AddPerformance(*known, labels, samples);
  const auto windows = monitors.Windows(monitor.name, 2);
  for (auto window = windows.rbegin(); window != windows.rend(); ++window) {
    if (!window->complete) continue;
    samples->Add("millwright_monitor_mean_predicted", labels, window->performance.mean_predicted);
    samples->Add("millwright_monitor_window_predictions", labels, double(window->predictions));
    samples->Add("millwright_monitor_window_outcomes", labels, double(window->outcomes));
    samples->Add("millwright_monitor_window_end_timestamp_seconds", labels,
                 double(window->end_ms) / 1000);
    double drifted = 0;
    for (const auto& feature : window->features) drifted += feature.drifted ? 1 : 0;
    samples->Add("millwright_monitor_features_drifted", labels, drifted);
    const std::set<std::string> judged = JudgedDrifted(monitors, monitor.name);
    for (const auto& feature : window->features) {
      std::string with_feature = labels;
      AppendLabel("feature", feature.name, &with_feature);
      samples->Add("millwright_monitor_feature_drifted", with_feature,
                   judged.contains(feature.name) ? 1 : 0);
      samples->Add("millwright_monitor_feature_drift", with_feature, feature.score);
    }
    AddQuality(*window, labels, samples);
    if (!window->validation.suite.empty()) {
      samples->Add("millwright_monitor_expectations_broken", labels,
                   double(window->validation.broken()));
    }
    break;
  }
}

}  // namespace

std::string MonitoringMetrics(monitoring::Monitors& monitors,
                              const monitoring::PredictionLog& log) {
  Samples samples;
  for (const auto& monitor : monitors.List()) {
    std::string labels;
    AppendLabel("monitor", monitor.name, &labels);
    AppendLabel("endpoint", monitor.endpoint, &labels);
    // One whose log cannot be read says so and does not keep the others from being seen.
    try {
      AddMonitor(monitors, monitor, labels, &samples);
      samples.Add("millwright_monitor_readable", labels, 1);
    } catch (const Error& error) {
      if (error.code() != Code::kNotFound) samples.Add("millwright_monitor_readable", labels, 0);
    }
  }
  const auto stats = log.stats();
  samples.Add("millwright_prediction_log_rows_total", "", double(stats.written));
  samples.Add("millwright_prediction_log_dropped_total", "", double(stats.dropped));
  samples.Add("millwright_prediction_log_lost_total", "", double(stats.lost));
  samples.Add("millwright_prediction_log_set_aside_total", "", double(stats.set_aside));
  samples.Add("millwright_prediction_log_queued", "", double(stats.queued));
  std::string out;
  using T = Type;
  samples.Append("millwright_monitor_feature_breaches",
                 "Rows of the latest complete window whose feature is not what it was in training",
                 T::kGauge, &out);
  samples.Append("millwright_monitor_stale_features",
                 "Features of the latest complete window that are old or do not change", T::kGauge,
                 &out);
  samples.Append("millwright_monitor_outlier_share",
                 "Share of the latest complete window's rows that are far from the reference's",
                 T::kGauge, &out);
  samples.Append("millwright_monitor_expectations_broken",
                 "Expectations of the monitor's suite that the latest complete window breaks",
                 T::kGauge, &out);
  samples.Append("millwright_monitor_changes",
                 "Alarms of the detectors in the latest complete window, by what they watch",
                 T::kGauge, &out);
  samples.Append("millwright_monitor_cost",
                 "Cost of the latest complete window's answers with a known outcome", T::kGauge,
                 &out);
  samples.Append("millwright_monitor_cost_per_outcome", "The same cost for each known outcome",
                 T::kGauge, &out);
  samples.Append("millwright_monitor_readable", "Whether what a monitor watches can be read",
                 T::kGauge, &out);
  samples.Append("millwright_monitor_outcome_coverage",
                 "Share of the predictions whose outcome is known", T::kGauge, &out);
  samples.Append("millwright_monitor_errors", "Predictions in the log that failed", T::kGauge,
                 &out);
  samples.Append("millwright_monitor_newest_prediction_timestamp_seconds",
                 "When the newest prediction happened, in event time", T::kGauge, &out);
  samples.Append("millwright_monitor_log_loss",
                 "Log loss of the latest window whose outcomes are known", T::kGauge, &out);
  samples.Append("millwright_monitor_accuracy",
                 "Accuracy of the latest window whose outcomes are known", T::kGauge, &out);
  samples.Append(
      "millwright_monitor_mae",
      "Mean absolute error of the latest window whose outcomes are known, of a regression",
      T::kGauge, &out);
  samples.Append(
      "millwright_monitor_rmse",
      "Root mean squared error of the latest window whose outcomes are known, of a regression",
      T::kGauge, &out);
  samples.Append("millwright_monitor_bias",
                 "By how much a regression answers too much on average in the latest window whose "
                 "outcomes are known",
                 T::kGauge, &out);
  samples.Append("millwright_monitor_mean_predicted",
                 "Mean answer of a regression in the latest complete window", T::kGauge, &out);
  samples.Append("millwright_monitor_window_predictions",
                 "Predictions of the latest complete window", T::kGauge, &out);
  samples.Append("millwright_monitor_window_outcomes",
                 "Known outcomes of the latest complete window", T::kGauge, &out);
  samples.Append("millwright_monitor_window_end_timestamp_seconds",
                 "When the latest complete window ended, in event time", T::kGauge, &out);
  samples.Append("millwright_monitor_known_window_end_timestamp_seconds",
                 "When the latest window whose outcomes are known ended, in event time", T::kGauge,
                 &out);
  samples.Append("millwright_monitor_features_drifted",
                 "Features that have drifted in the latest complete window", T::kGauge, &out);
  samples.Append("millwright_prediction_log_queued", "Rows that wait to be written", T::kGauge,
                 &out);
  samples.Append("millwright_monitor_predictions", "Predictions that the log has", T::kGauge, &out);
  samples.Append("millwright_monitor_outcomes",
                 "Predictions that the log has whose outcome is known", T::kGauge, &out);
  samples.Append("millwright_monitor_latency_p50_seconds", "Median latency", T::kGauge, &out);
  samples.Append("millwright_monitor_latency_p99_seconds", "99th percentile of latency", T::kGauge,
                 &out);
  samples.Append("millwright_monitor_positive_rate_predicted", "Share predicted positive",
                 T::kGauge, &out);
  samples.Append("millwright_monitor_positive_rate_actual", "Share that was positive", T::kGauge,
                 &out);
  samples.Append("millwright_monitor_auc", "AUC of the latest window whose outcomes are known",
                 T::kGauge, &out);
  samples.Append("millwright_monitor_feature_drifted",
                 "Whether the monitor says that a feature has drifted: its alert is open",
                 T::kGauge, &out);
  samples.Append("millwright_monitor_feature_drift", "Drift in the latest complete window",
                 T::kGauge, &out);
  samples.Append("millwright_monitor_open_alerts", "Alerts that are open", T::kGauge, &out);
  samples.Append("millwright_prediction_log_rows_total", "Rows of the prediction log", T::kCounter,
                 &out);
  samples.Append("millwright_prediction_log_dropped_total", "Rows refused by a full queue",
                 T::kCounter, &out);
  samples.Append("millwright_prediction_log_lost_total", "Rows that could not be written",
                 T::kCounter, &out);
  samples.Append("millwright_prediction_log_set_aside_total",
                 "Rows that were written and cannot be read: they lie in the log's folder aside",
                 T::kCounter, &out);
  return out;
}

}  // namespace millwright::api::prometheus
