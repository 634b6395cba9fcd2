#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "drift/feature_drift.h"
#include "events/event_log.h"
#include "monitoring/monitors.h"
#include "monitoring/prediction_reader.h"
#include "monitoring/window_health.h"
#include "storage/database.h"

namespace millwright::monitoring {

// Windows and predictions of a slice that are measured while somebody waits; the newest.
inline constexpr int kSlicedWindowsMax = 120;
inline constexpr int64_t kSlicedRowsMax = 5'000'000;

// What a monitor's windows say, oldest first.
struct ModelHealth {
  Monitor monitor;
  std::vector<WindowHealth> windows;
  ModelTask task = ModelTask::kNone;           // of the newest window that tells
  std::optional<EstimateReference> reference;  // of its estimate
  bool is_partial = false;                     // of a slice: there are older windows
};

// What is wrong with single rows of a window, and what finds them again.
struct QualityDetails {
  MonitorWindow window;
  BreachConditions conditions;
};

// Where an instant of the wall clock lies in the time of the data: at what had been asked by then.
// The same where predictions are asked as they happen; what lies before the first window is at its
// start at the latest.
int64_t HappenedAt(const std::vector<WindowHealth>& windows, int64_t asked_ms);

// The health of a model, out of what was measured beforehand: Refresh measures the windows that
// have changed since and stores that, so that a page about millions of predictions reads some
// hundred rows. A slice, which anybody may type, is measured when it is asked for. Thread-safe.
class HealthReader {
 public:
  HealthReader(storage::Database& database, events::EventLog& events, const Monitors& monitors,
               const PredictionLog& log, analytics::SessionHost* host = nullptr)
      : database_(database), events_(events), monitors_(monitors), log_(log), host_(host) {}

  // Measures what the monitors' evaluations have changed; cheap when nothing has. Returns how many
  // windows were measured (event report.created a monitor). A monitor that fails is logged and
  // does not stop the others.
  int Refresh();
  // The same for one monitor. Throws kNotFound.
  int RefreshNow(const std::string& monitor);

  // Windows that begin within the slice's range. Throws kNotFound, and for a condition that cannot
  // be answered or is too large kInvalidArgument.
  ModelHealth Read(const std::string& monitor, const LogSlice& slice = {}) const;
  // What is wrong with the rows of the window that begins at a time, of all or of a slice, whose
  // own range is not looked at. Throws
  // as Read, and kNotFound for a window that is not there.
  QualityDetails Quality(const std::string& monitor, int64_t start_ms, LogSlice slice) const;
  // How a feature is distributed between two times of a slice and in the reference; both times 0
  // stand for the newest window that could be judged. Throws kNotFound for an unknown feature,
  // kFailedPrecondition where no prediction has it.
  drift::Distribution Distribution(const std::string& monitor, const std::string& feature,
                                   LogSlice slice) const;

 private:
  struct Stored {
    WindowHealth health;
    int64_t updated_ms = 0;  // when the window was measured last
    std::optional<int64_t> measured_of_ms;
  };

  std::vector<Stored> Load(const std::string& monitor) const;
  int Measure(const Monitor& monitor);
  ModelHealth ReadSlice(Monitor monitor, const LogSlice& slice) const;

  storage::Database& database_;
  events::EventLog& events_;
  const Monitors& monitors_;
  const PredictionLog& log_;
  analytics::SessionHost* const host_;  // of slices; null for none
  std::mutex measuring_;                // held over a measurement
};

}  // namespace millwright::monitoring
