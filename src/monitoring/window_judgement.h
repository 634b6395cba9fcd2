#pragma once

#include <optional>
#include <string>
#include <vector>

#include "monitoring/monitor.h"

// What a measured window says against the thresholds of its monitor: pure functions, for the
// monitors and for replays of history.
namespace millwright::monitoring {

// A figure that is too high or low, or clearly back: below 0.9 of the threshold, an AUC 0.01 above
// it. Between the two it says nothing, so that an alert does not flutter.
struct Crossing {
  AlertKind kind = AlertKind::kDrift;
  std::string feature;
  double value = 0;
  double threshold = 0;
  bool is_over = false;
};

// Whether a window is complete and has enough rows, or enough known outcomes.
bool IsJudgedForDrift(const MonitorSpec& spec, const MonitorWindow& window);
bool IsJudgedForPerformance(const MonitorSpec& spec, const MonitorWindow& window);

// Of a window that is judged.
std::vector<Crossing> JudgeDrift(const MonitorSpec& spec, const MonitorWindow& window);
std::optional<Crossing> JudgePerformance(const MonitorWindow& window);

// "AUC 0.702 is below 0.710 in the window from 2001-05-06 (3800 outcomes)"
std::string AlertMessage(const MonitorWindow& window, const Crossing& crossing);

}  // namespace millwright::monitoring
