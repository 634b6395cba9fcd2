#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "monitoring/monitor.h"

// What a measured window says against the thresholds of its monitor: pure functions, for the
// monitors and for replays of history.
namespace millwright::monitoring {

// A figure that is too high or low, or clearly back: a distance below 0.9 of the threshold, a
// chance above the threshold over 0.9, an AUC 0.01 above it, an error below 0.95 of it. Between the
// two it says nothing, so that an alert does not flutter.
struct Crossing {
  AlertKind kind = AlertKind::kDrift;
  std::string feature;
  double value = 0;
  double threshold = 0;
  bool is_over = false;
  // Of drift; of an expectation, why it could not be judged or what was seen.
  std::string method;
  // Of a change: when it began, as far as can be told, and when it sounded.
  int64_t began_ms = 0, time_ms = 0;
};

// Whether the score of a test is a chance, which falls as things change.
bool IsChance(std::string_view method);

// Whether a window reaches into the span of the log that is its monitor's reference.
bool IsOfReference(const MonitorSpec& spec, const MonitorWindow& window);
// Whether a window is complete and has enough rows, or enough known outcomes, and is not of the
// reference.
bool IsJudgedForDrift(const MonitorSpec& spec, const MonitorWindow& window);
bool IsJudgedForPerformance(const MonitorSpec& spec, const MonitorWindow& window);

// What is over or clearly back in a window; nothing in one that is not judged. Drift is of the
// features, of the detectors of features and scores and of the suite; performance is of AUC, MAE
// and RMSE, where they have a threshold, and of the detectors of the error: what waits for
// outcomes.
std::vector<Crossing> JudgeDrift(const MonitorSpec& spec, const MonitorWindow& window);
std::vector<Crossing> JudgePerformance(const MonitorSpec& spec, const MonitorWindow& window);

// Windows by their starts.
using WindowsByStart = std::map<int64_t, MonitorWindow>;

// Whether a crossing of a judged window, which is over, was over in as many judged windows before
// it as the spec asks for. Windows that are not judged are passed over.
bool IsLasting(const MonitorSpec& spec, const WindowsByStart& windows, const MonitorWindow& window,
               const Crossing& crossing);

// What a window says as a whole, for lists: "incomplete", "not_enough_data", "reference",
// "drifted" or "quiet".
std::string_view DriftVerdict(const MonitorSpec& spec, const MonitorWindow& window);

// "AUC 0.702 is below 0.710 in the window from 2001-05-06 (3800 outcomes)"
std::string AlertMessage(const MonitorWindow& window, const Crossing& crossing);

}  // namespace millwright::monitoring
