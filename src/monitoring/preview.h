#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "monitoring/monitor_reference.h"
#include "monitoring/monitors.h"
#include "monitoring/prediction_log.h"

namespace millwright::monitoring {

// What a preview looks at: the newest windows, as many as are within all of these, for somebody
// waits for it; one window however large it is.
struct PreviewLimits {
  size_t windows_max = 60;
  int64_t rows_max = 2'000'000;
  size_t feature_windows_max = 12'000;  // windows times features
  int64_t cells_max = 500'000;  // rows times columns of texts and images, which are read by cell
};
// A question to the log that takes longer is ended.
inline constexpr int64_t kPreviewMsMax = 60'000;
// How long what was read is kept for the next preview.
inline constexpr int64_t kPreviewKeptMs = 120'000;

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

// Says what monitors would have said over the predictions that are in the log: measures windows and
// judges them one after another as Monitors does, and stores nothing. What a log holds is read once
// and kept in memory while somebody tries one monitor after another, as long as nothing is added to
// the log: in a child process of `host` where the monitor has a suite, which may hold SQL from
// outside. Thread-safe; previews are made one after another.
class MonitorPreviewer {
 public:
  explicit MonitorPreviewer(const PredictionLog& log, analytics::SessionHost* host = nullptr,
                            const PreviewLimits& limits = {})
      : log_(log), host_(host), limits_(limits) {}

  // Throws kInvalidArgument where the reference lacks what the spec asks of it, kDeadlineExceeded.
  MonitorPreview Preview(const MonitorSpec& spec, const MonitorReference& reference,
                         int64_t now_ms);
  // Monitors::MeasureReference, kept like what the log holds.
  Monitors::WindowReference Reference(const Monitors& monitors, const MonitorSpec& spec,
                                      int64_t from_ms, int64_t to_ms);
  // Gives the memory back when nobody has asked for kPreviewKeptMs. To be called now and then.
  void DropIdle();

 private:
  // The newest predictions of a log as tables of a session.
  struct Kept {
    std::string of;  // the log, and which columns of it
    LogCounts counts;
    bool is_partial = false;
    LogSnapshot snapshot;  // over the tables
    std::unique_ptr<analytics::Session> session;
  };

  Kept& Keep(const MonitorSpec& spec);
  MonitorPreview PreviewKept(const MonitorSpec& spec, const MonitorReference& reference,
                             int64_t now_ms);

  const PredictionLog& log_;
  analytics::SessionHost* const host_;
  const PreviewLimits limits_;
  std::mutex mutex_;  // guards what follows
  std::optional<Kept> kept_;
  std::string reference_of_;
  Monitors::WindowReference reference_;
  int64_t asked_us_ = 0;
};

}  // namespace millwright::monitoring
