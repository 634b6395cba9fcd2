#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/json.h"
#include "drift/reference_drift.h"
#include "monitoring/detector.h"
#include "monitoring/prediction_reader.h"
#include "monitoring/slice_performance.h"
#include "monitoring/window_quality.h"
#include "monitoring/window_validation.h"
#include "quality/profile.h"

namespace millwright::monitoring {

using MonitorName = Id<struct MonitorTag>;
using AlertId = Id<struct AlertTag>;

inline constexpr int64_t kDayMs = 86'400'000;
inline constexpr int kWindowsMax = 500;  // the newest that a monitor keeps measuring and lists
inline constexpr int64_t kConsecutiveWindowsMax = 50;

// How a window is held against the reference.
//   millwright  A feature has drifted when its PSI passes a floor (or what windows of this length
//               vary by within the reference, whichever is more) and chance does not explain it,
//               with all features of the window in mind (drift::MillwrightPreset).
//   evidently   Evidently's rule: a test by the kind of the feature and the size of the reference.
//   psi         A PSI at or above the threshold, and nothing else.
enum class DriftPreset { kMillwright, kEvidently, kPsi };
std::string_view DriftPresetName(DriftPreset preset);
// Throws kInvalidArgument with the names that there are.
DriftPreset ParseDriftPreset(std::string_view name);

// A test of a column that the preset evidently may be told to take.
struct ColumnTest {
  std::string_view name, title;
  double threshold = 0;
  bool numeric = true, categorical = true;  // what it is for
};
std::vector<ColumnTest> ColumnTests();

// What to watch and what is too much. Windows are slices of event time, `window_ms` long, counted
// from `window_origin_ms`.
struct MonitorSpec {
  std::string name;
  std::string endpoint;
  std::string model;      // "flights-late"
  std::string reference;  // what the profile is of: "flights-late@1"
  // Where that is a span of the log itself. Windows that reach into it are measured and not judged:
  // what they are is what is held to be right.
  int64_t reference_from_ms = 0, reference_to_ms = 0;
  std::vector<std::string> features;  // of the profile; all of them when empty
  LabelRule label;
  int64_t window_ms = 7 * kDayMs;
  int64_t window_origin_ms = 0;
  // Predictions asked before this instant of the wall clock are left out.
  int64_t since_ms = 0;

  DriftPreset preset = DriftPreset::kMillwright;
  // Rows are compared with those of the same hour of the day, weekday, hour of the week or month of
  // the reference, in UTC. The reference must have been made with it.
  drift::Season season = drift::Season::kNone;
  int64_t rows_min = 500;  // a window with fewer predictions is not judged for drift
  // Of the presets millwright (the floor) and psi.
  double psi_threshold = 0.1;
  std::map<std::string, double> psi_thresholds;  // by feature
  // Of the preset millwright: the share of the features called drifted that may be so by chance.
  double false_discovery_rate = 0.05;
  // Of the preset evidently, by feature: tests by their names (statistics::DriftTests) and
  // thresholds, instead of its rule's own.
  std::map<std::string, std::string> tests;
  std::map<std::string, double> test_thresholds;
  // A drift alert needs at least this share of the features to have drifted; 0 means any one.
  double drift_share_min = 0;
  // An alert needs a figure to be over in so many judged windows one after another.
  int64_t consecutive_windows = 1;

  int64_t outcomes_min = 200;  // a window with fewer outcomes is not judged for performance
  double coverage_min = 0.5;   // and so is one with a smaller share of known outcomes
  std::optional<double> auc_min;
  std::optional<double> reference_auc;
  std::optional<double> auc_drop_max;  // from reference_auc
  // Of a regression: the largest mean error, and by what share it may lie above the reference's.
  std::optional<double> mae_max, rmse_max;
  std::optional<double> reference_mae, reference_rmse;
  std::optional<double> mae_rise_max, rmse_rise_max;
  // What each answer costs; then each window says what its answers with known outcomes cost.
  std::optional<CostMatrix> costs;

  // Detectors of single changes; an alarm of one opens an alert, whatever consecutive_windows says.
  std::vector<DetectorSpec> detectors;
  // Inputs that say when a feature's value was made, and how old one may be.
  std::map<std::string, std::string> feature_times;
  int64_t stale_after_ms = 0;
  // Of quality's suites, "name" or "name@version": each window's rows are held against it.
  std::string suite;

  // What a figure may not pass: the stricter of its two rules, if there are any. An AUC below it is
  // too low, an error above it too high.
  std::optional<double> AucThreshold() const;
  std::optional<double> MaeThreshold() const;
  std::optional<double> RmseThreshold() const;
  // `label`, whose task, where nobody gave one, is that of the figures which have limits.
  LabelRule Rule() const;
  // The length that the natural variation of the reference is taken of: the longest of hour, day,
  // week and month that a window is not shorter than.
  drift::Period NaturalPeriod() const;
  Json ToJson() const;
  // Throws kInvalidArgument naming the field. Unknown fields are refused. `window` ("hour", "day",
  // "week") stands for `window_ms`; weeks then begin on Mondays. Without a preset, PSI thresholds
  // mean the preset psi, which is what they were before there were presets.
  static MonitorSpec FromJson(const Json& json);
};

enum class MonitorState { kActive, kPaused };
std::string_view MonitorStateName(MonitorState state);

struct PerformanceFigures {
  std::optional<double> auc, log_loss, accuracy;
  std::optional<double> positive_rate_predicted, positive_rate_actual;
  std::optional<double> mae, rmse, bias;              // of a regression; bias: of what was too high
  std::optional<double> mean_predicted, mean_actual;  // of a regression
  std::optional<double> threshold;                    // of auc
  std::optional<double> mae_threshold, rmse_threshold;
  std::optional<double> cost;  // of all answers with a known outcome
  std::optional<double> cost_per_outcome;
};

// What was measured in one window. It is complete once something happened after its end.
struct MonitorWindow {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t predictions = 0;
  int64_t outcomes = 0;
  int64_t outcomes_digest = 0;  // of which prediction has which outcome: a correction changes it
  bool complete = false;
  std::vector<drift::FeatureDrift> features;
  PerformanceFigures performance;
  WindowQuality quality;
  std::vector<DetectedChange> changes;  // by detector, in the spec's order
  WindowValidation validation;
};

enum class AlertKind { kDrift, kPerformance, kChange, kExpectation };
std::string_view AlertKindName(AlertKind kind);
// Throws kInvalidArgument.
AlertKind ParseAlertKind(std::string_view name);

struct Alert {
  AlertId id;
  std::string monitor;
  std::string endpoint;
  std::string model;
  AlertKind kind = AlertKind::kDrift;
  // The drifted one; "auc", "mae" or "rmse" for performance; what a detector watched for a change,
  // whose value is the mean from where it began to where it sounded and whose threshold the mean
  // before; what is expected, in words, whose value is the share of what is not so and whose
  // threshold the share that may be.
  std::string feature;
  double value = 0;
  double threshold = 0;
  bool open = true;
  int64_t opened_ms = 0;
  std::optional<int64_t> closed_ms;
  int64_t window_start_ms = 0;
  int64_t window_end_ms = 0;
  std::string message;
  std::optional<std::string> pipeline_run;
};

struct MonitorSummary {
  std::string name;
  std::string endpoint;
  std::string model;
  MonitorState state = MonitorState::kActive;
  int64_t created_ms = 0;
  int64_t open_alerts = 0;
};

// Read and write what a window measured, as it is stored.
Json FeaturesToJson(const std::vector<drift::FeatureDrift>& features);
std::vector<drift::FeatureDrift> FeaturesFromJson(const Json& json);
Json ChangesToJson(const std::vector<DetectedChange>& changes);
std::vector<DetectedChange> ChangesFromJson(const Json& json);
Json PerformanceToJson(const PerformanceFigures& figures);
PerformanceFigures PerformanceFromJson(const Json& json);

}  // namespace millwright::monitoring
