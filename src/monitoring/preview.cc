#include "monitoring/preview.h"

#include <map>
#include <utility>

#include "monitoring/window_judgement.h"
#include "monitoring/window_scan.h"

namespace millwright::monitoring {
namespace {

// Follows the windows in their order, with at most one open alert of a kind and feature.
class Judge {
 public:
  Judge(const MonitorSpec& spec, std::vector<PreviewedAlert>* alerts)
      : spec_(spec), alerts_(alerts) {}

  void Follow(const MonitorWindow& window) {
    seen_[window.start_ms] = window;
    if (IsJudgedForDrift(spec_, window)) {
      for (const Crossing& crossing : JudgeDrift(spec_, window)) Cross(window, crossing);
    }
    if (!IsJudgedForPerformance(spec_, window)) return;
    if (const auto crossing = JudgePerformance(window)) Cross(window, *crossing);
  }

 private:
  void Cross(const MonitorWindow& window, const Crossing& crossing) {
    const auto key = std::pair(crossing.kind, crossing.feature);
    const auto open = open_.find(key);
    if (!crossing.is_over) {
      if (open == open_.end()) return;
      (*alerts_)[open->second].closed_ms = window.end_ms;
      open_.erase(open);
      return;
    }
    if (open != open_.end() || !IsLasting(spec_, seen_, window, crossing)) return;
    open_[key] = alerts_->size();
    alerts_->push_back({crossing.kind,
                        crossing.feature,
                        crossing.value,
                        crossing.threshold,
                        AlertMessage(window, crossing),
                        window.start_ms,
                        window.end_ms,
                        {}});
  }

  const MonitorSpec& spec_;
  std::vector<PreviewedAlert>* alerts_;
  WindowsByStart seen_;
  std::map<std::pair<AlertKind, std::string>, size_t> open_;  // places in alerts_
};

// The newest windows within the limits; one of them is taken however large it is.
std::vector<MonitorWindow> Newest(std::vector<MonitorWindow> windows, MonitorPreview* preview) {
  size_t first = windows.size();
  while (first > 0 && windows.size() - first < kPreviewWindowsMax) {
    const int64_t rows = preview->rows + windows[first - 1].predictions;
    if (rows > kPreviewRowsMax && first < windows.size()) break;
    preview->rows = rows;
    --first;
  }
  preview->is_partial = first > 0;
  windows.erase(windows.begin(), windows.begin() + static_cast<ptrdiff_t>(first));
  return windows;
}

}  // namespace

MonitorPreview PreviewMonitor(const PredictionLog& log, const MonitorSpec& spec,
                              const MonitorReference& reference, int64_t now_ms) {
  CheckReference(spec, reference);
  const LogSnapshot snapshot = log.Open(spec.endpoint);
  analytics::Session session({.time_limit_ms = kPreviewMsMax});
  WindowScan scan(session, snapshot, spec, reference);
  MonitorPreview preview;
  preview.windows = Newest(scan.List(now_ms), &preview);
  if (preview.windows.empty()) return preview;
  scan.Load(preview.windows.front().start_ms, preview.windows.back().end_ms);
  Judge judge(spec, &preview.alerts);
  for (MonitorWindow& window : preview.windows) {
    scan.Measure(window);
    judge.Follow(window);
  }
  return preview;
}

}  // namespace millwright::monitoring
