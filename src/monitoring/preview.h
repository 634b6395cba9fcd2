#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "monitoring/monitor_reference.h"
#include "monitoring/prediction_log.h"

namespace millwright::monitoring {

// What a preview looks at: the newest windows, as many as hold so many predictions together.
inline constexpr size_t kPreviewWindowsMax = 60;
inline constexpr int64_t kPreviewRowsMax = 2'000'000;
inline constexpr int64_t kPreviewMsMax =
    20'000;  // a question to the log that takes longer is ended

// An alert that a monitor would have opened.
struct PreviewedAlert {
  AlertKind kind = AlertKind::kDrift;
  std::string feature;
  double value = 0;
  double threshold = 0;
  std::string message;
  int64_t window_start_ms = 0;  // that opened it
  int64_t window_end_ms = 0;
  std::optional<int64_t> closed_ms;  // the end of the window that closed it
};

struct MonitorPreview {
  std::vector<MonitorWindow> windows;  // oldest first
  std::vector<PreviewedAlert> alerts;  // in the order in which they would have been opened
  int64_t rows = 0;
  bool is_partial = false;  // whether there are older windows
};

// Says what a monitor would have said over the predictions that are in the log: measures its
// windows and judges them one after another as Monitors does. Stores nothing. Throws
// kInvalidArgument where the reference lacks what the spec asks of it, kDeadlineExceeded.
MonitorPreview PreviewMonitor(const PredictionLog& log, const MonitorSpec& spec,
                              const MonitorReference& reference, int64_t now_ms);

}  // namespace millwright::monitoring
