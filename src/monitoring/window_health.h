#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"
#include "monitoring/label_rule.h"
#include "monitoring/monitor.h"
#include "monitoring/prediction_log.h"

// What a window of a monitor says beside drift: how many asked, how long they waited, how often
// that failed, and how well it was answered, by what really happened and by what can be estimated
// before anybody knows.
namespace millwright::monitoring {

// Windows whose outcomes are known, from which an estimate learns how far to trust the model's own
// probabilities and how much figures vary from window to window: the first complete ones.
inline constexpr size_t kEstimateWindowsMin = 3;
inline constexpr size_t kEstimateWindowsMax = 6;

struct ServiceFigures {
  int64_t requests = 0;  // without shadows, failed ones included
  int64_t errors = 0;
  std::optional<double> latency_p50_ms, latency_p90_ms, latency_p99_ms;  // of those that said it
  // When they were asked, by the wall clock: a replay of old data is asked long after it happened.
  int64_t asked_first_ms = 0, asked_last_ms = 0;
};

struct HealthFigure {
  std::string name;                // roc_auc, accuracy, f1, precision, recall; mae, rmse
  std::optional<double> realised;  // where outcomes_min outcomes are known
  std::optional<double> estimated;
  std::optional<double> lower, upper;  // what the reference's windows keep within
  bool alert = false;                  // whether the estimate is beside them
  // The standard errors of both by the draw of the window's rows alone (drift/sampling_error.h),
  // where there is an estimate.
  std::optional<double> estimated_error, realised_error;

  // drift::kBandErrors of them about the figure, within what it can be.
  struct Band {
    double lower = 0, upper = 0;
  };
  std::optional<Band> EstimatedBand() const;
  std::optional<Band> RealisedBand() const;
};

// What an estimate was calibrated on.
struct EstimateReference {
  int64_t from_ms = 0;
  int64_t to_ms = 0;
  int64_t windows = 0;
  int64_t rows = 0;
  bool is_calibrated = false;  // whether the probabilities had to be corrected
  bool operator==(const EstimateReference&) const = default;
};

struct WindowHealth {
  MonitorWindow window;
  ServiceFigures service;
  ModelTask task = ModelTask::kNone;
  std::vector<HealthFigure> figures;
  std::optional<EstimateReference> reference;  // nothing: there is no estimate yet
};

// Measures some windows of a monitor, by their starts. `all` are its windows in order with their
// counts, among which the estimate's reference is found. Estimates are drift::EstimatePerformance
// of probabilities and drift::EstimateLoss of other numbers. Reads the log twice, whatever the
// number of windows.
std::vector<WindowHealth> MeasureHealth(analytics::Session& session, const LogSnapshot& snapshot,
                                        const MonitorSpec& spec,
                                        const std::vector<MonitorWindow>& all,
                                        const std::vector<int64_t>& starts);

// Of the windows that hold enough known outcomes, the first; fewer than kEstimateWindowsMin are
// none.
std::vector<int64_t> EstimateWindows(const MonitorSpec& spec,
                                     const std::vector<MonitorWindow>& all);

// What is stored of a window's health: all but `window`.
Json HealthToJson(const WindowHealth& health);
void ReadHealth(const Json& json, WindowHealth* health);

}  // namespace millwright::monitoring
