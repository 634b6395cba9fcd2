#include "monitoring/window_judgement.h"

#include <fmt/format.h>

#include "base/clock.h"

namespace millwright::monitoring {
namespace {

// How far back a score must come before its alert is closed.
constexpr double kDriftCloseFactor = 0.9;
constexpr double kAucCloseMargin = 0.01;

}  // namespace

bool IsJudgedForDrift(const MonitorSpec& spec, const MonitorWindow& window) {
  return window.complete && window.predictions >= spec.rows_min;
}

bool IsJudgedForPerformance(const MonitorSpec& spec, const MonitorWindow& window) {
  const PerformanceFigures& figures = window.performance;
  return window.complete && window.outcomes >= spec.outcomes_min &&
         static_cast<double>(window.outcomes) >=
             spec.coverage_min * static_cast<double>(window.predictions) &&
         figures.auc && figures.threshold;
}

std::vector<Crossing> JudgeDrift(const MonitorSpec& spec, const MonitorWindow& window) {
  size_t drifted = 0;
  for (const drift::FeatureDrift& feature : window.features) drifted += feature.drifted;
  const bool enough = static_cast<double>(drifted) >=
                      spec.drift_share_min * static_cast<double>(window.features.size());
  std::vector<Crossing> crossings;
  for (const drift::FeatureDrift& feature : window.features) {
    if (!feature.score) continue;
    const bool is_over = feature.drifted && enough;
    if (!is_over && *feature.score >= feature.threshold * kDriftCloseFactor) continue;
    crossings.push_back(
        {AlertKind::kDrift, feature.name, *feature.score, feature.threshold, is_over});
  }
  return crossings;
}

std::optional<Crossing> JudgePerformance(const MonitorWindow& window) {
  const double auc = *window.performance.auc;
  const double threshold = *window.performance.threshold;
  const bool is_over = auc < threshold;
  if (!is_over && auc < threshold + kAucCloseMargin) return std::nullopt;
  return Crossing{AlertKind::kPerformance, "auc", auc, threshold, is_over};
}

std::string AlertMessage(const MonitorWindow& window, const Crossing& crossing) {
  const std::string when = FormatTime(window.start_ms).substr(0, 10);
  if (crossing.kind == AlertKind::kPerformance) {
    return fmt::format("AUC {:.3f} is below {:.3f} in the window from {} ({} outcomes)",
                       crossing.value, crossing.threshold, when, window.outcomes);
  }
  return fmt::format("{} has drifted: PSI {:.3f} ≥ {:.3f} in the window from {} ({} predictions)",
                     crossing.feature, crossing.value, crossing.threshold, when,
                     window.predictions);
}

}  // namespace millwright::monitoring
