#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drift/drift_report.h"
#include "monitoring/health.h"
#include "monitoring/slice_performance.h"

namespace millwright::monitoring {

// What a report shows; the rest is told as "… and N more". With this much it stays below 1 MB.
inline constexpr size_t kReportFeaturesMax = 60;
inline constexpr size_t kReportSlicesMax = 20;
inline constexpr size_t kReportEntriesMax = 100;

// Something that was done or noticed, in the time of the data.
struct ReportEntry {
  int64_t event_time_ms = 0;
  std::string kind;  // alert, decision, deployment
  std::string title;
  std::string detail;
};

// The health of a model over some windows, for people.
struct HealthReport {
  ModelHealth health;
  std::string where;  // the slice, empty for all
  int64_t made_ms = 0;
  std::optional<SlicePerformance> slices;
  std::vector<drift::Distribution> distributions;  // of the newest judged window
  std::optional<MonitorWindow> judged;             // that window
  std::vector<ReportEntry> entries;                // newest first
};

// By which inputs, and at which costs, the slices of a monitor are cut: its features that are
// inputs as they are.
SliceOptions SlicesOf(const Monitor& monitor);

// Collects what a report shows of the windows that begin within the slice's range. `entries` are
// for the caller to fill. Errors are those of HealthReader::Read.
HealthReport MakeHealthReport(const HealthReader& health, PredictionReader& reader,
                              const std::string& monitor, const LogSlice& slice, int64_t made_ms);

// Renders it as one page that needs nothing else and reads well on paper.
std::string RenderHealth(const HealthReport& report);

// What a window of a monitor says, as a comparison of tables; drift::EvidentlyJson writes that as
// Evidently does.
drift::DriftReport WindowDriftReport(const Monitor& monitor, const MonitorWindow& window);

}  // namespace millwright::monitoring
