#include "monitoring/health_report.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "monitoring/window_judgement.h"

namespace millwright::monitoring {
namespace {

// The newest window that is judged for drift; of a log without one the newest that was measured.
std::optional<MonitorWindow> Judged(const ModelHealth& health) {
  std::optional<MonitorWindow> found;
  for (const WindowHealth& one : health.windows) {
    const bool is_judged = IsJudgedForDrift(health.monitor.spec, one.window);
    if (is_judged || !found || !IsJudgedForDrift(health.monitor.spec, *found)) found = one.window;
  }
  return found;
}

std::vector<drift::Distribution> Distributions(const HealthReader& health,
                                               const std::string& monitor,
                                               const MonitorWindow& window, const LogSlice& slice) {
  std::vector<drift::Distribution> distributions;
  for (const drift::FeatureDrift& feature : window.features) {
    if (distributions.size() == kReportFeaturesMax) break;
    try {
      distributions.push_back(health.Distribution(
          monitor, feature.name, {{window.start_ms, window.end_ms}, slice.where, slice.is_wanted}));
    } catch (const Error& error) {
      // A column that vanished, or something observed of one that has no bars.
      if (error.code() != Code::kFailedPrecondition && error.code() != Code::kNotFound) throw;
    }
  }
  return distributions;
}

}  // namespace

SliceOptions SlicesOf(const Monitor& monitor) {
  SliceOptions options;
  options.skips_absent = true;
  if (monitor.spec.costs) options.costs = *monitor.spec.costs;
  if (monitor.spec.features.empty()) return options;
  for (const auto& column :
       ProfileOfColumns(monitor.reference.Of(monitor.spec.features).drift).columns) {
    options.inputs.push_back(column.name);
  }
  return options;
}

HealthReport MakeHealthReport(const HealthReader& health, PredictionReader& reader,
                              const std::string& monitor, const LogSlice& slice, int64_t made_ms) {
  HealthReport report{
      .health = health.Read(monitor, slice), .where = slice.where, .made_ms = made_ms};
  const ModelHealth& found = report.health;
  if (found.windows.empty()) return report;
  const MonitorSpec& spec = found.monitor.spec;
  report.judged = Judged(found);
  report.distributions = Distributions(health, monitor, *report.judged, slice);
  if (found.task == ModelTask::kNone) return report;
  const LogSlice all{{found.windows.front().window.start_ms, found.windows.back().window.end_ms},
                     slice.where,
                     slice.is_wanted};
  LabelRule rule = spec.Rule();
  rule.task = found.task;
  report.slices = reader.Performance(spec.endpoint, all, rule, SlicesOf(found.monitor));
  return report;
}

drift::DriftReport WindowDriftReport(const Monitor& monitor, const MonitorWindow& window) {
  const MonitorSpec& spec = monitor.spec;
  drift::DriftReport report;
  report.preset = std::string(DriftPresetName(spec.preset));
  report.reference = spec.reference;
  report.current = spec.endpoint + " from " + FormatTime(window.start_ms);
  report.reference_rows = monitor.reference.drift.profile.row_count;
  report.current_rows = window.predictions;
  report.drift_share = spec.drift_share_min;
  report.features = window.features;
  return report;
}

}  // namespace millwright::monitoring
