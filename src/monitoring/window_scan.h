#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "monitoring/monitor_reference.h"

namespace millwright::monitoring {

// Inputs that the log has as text although nearly all of their values are numbers: somebody once
// sent something else, and one such row makes a text of the whole column. A text that is a number
// in every row, or has leading zeros, was meant as text.
inline constexpr double kNumberShareMin = 0.99;
std::set<std::string> NumbersAmongTexts(analytics::Session& session, const LogSnapshot& snapshot);

// A statement about a monitor's windows, whose suite may ask anything, is ended after so long.
inline constexpr int64_t kSuiteMsMax = 600'000;
// How to open a session for a monitor: what is from outside, SQL in its suite, sees the snapshot
// alone and lives in a child process of `host`, if there is one.
analytics::SessionOptions MonitorSessionOptions(const MonitorSpec& spec,
                                                const LogSnapshot& snapshot,
                                                analytics::SessionHost* host);

// Measures the windows of one monitor out of the prediction log.
class WindowScan {
 public:
  // `snapshot` and `session` outlive this; the session must be used by nobody else meanwhile.
  WindowScan(analytics::Session& session, const LogSnapshot& snapshot, const MonitorSpec& spec,
             const MonitorReference& reference);

  // All windows with their counts, oldest first; nothing measured yet. A window is complete when
  // something happened after its end and it has ended by the wall clock too: rows with times in the
  // future complete nothing.
  std::vector<MonitorWindow> List(int64_t now_ms = std::numeric_limits<int64_t>::max());
  // Reads the rows between the two times, so that Measure asks each window from memory.
  void Load(int64_t from_ms, int64_t to_ms);
  void Measure(MonitorWindow& window);
  // A table expression of the watched columns between two times, named as in the reference, and of
  // when each row happened, in the reference's time column.
  std::string FeaturesSql(int64_t from_ms, int64_t to_ms) const;
  // A table expression of all inputs of what was loaded, without prefix, and of when each row
  // happened (kEventTimeColumn); those of `numbers` as numbers. Throws kFailedPrecondition when
  // there are none.
  std::string InputsSql(const std::set<std::string>& numbers = {}) const;
  // What finds the rows again that a window's quality counts.
  BreachConditions ConditionsOf(const WindowQuality& quality) const;
  // Of a window that was loaded.
  PerformanceFigures MeasurePerformance(const MonitorWindow& window);
  // What the score and the error were like in all of what was loaded, for the detectors of them.
  std::map<std::string, Level> MeasureLevels();

 private:
  WindowQuality MeasureQuality(const MonitorWindow& window);
  // The rows of a window as a suite names their columns: inputs by their names, outputs with their
  // prefix, and `outcome`.
  std::string RowsSql(const MonitorWindow& window) const;
  DetectedChange Detect(const DetectorSpec& detector, const MonitorWindow& window);
  // SQL of what a detector watches; nothing where the log does not have it as a number.
  std::optional<std::string> ValueSql(const DetectorSpec& detector);
  std::string SeasonSql() const;
  // What the answers of what was loaded are.
  ModelTask task();
  void MeasureLosses(const MonitorWindow& window, PerformanceFigures* figures);

  analytics::Session& session_;
  const LogSnapshot& snapshot_;
  const MonitorSpec& spec_;
  MonitorReference reference_;  // of the watched features
  quality::Profile values_;     // of the features that are columns as they are
  QualityRules rules_;
  std::vector<analytics::Column> columns_;
  LabelRule rule_;
  std::optional<std::string> probability_;
  std::optional<ModelTask> task_;  // once it was asked for
};

}  // namespace millwright::monitoring
