#include "monitoring/window_judgement.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "statistics/drift_tests.h"

namespace millwright::monitoring {
namespace {

// How far back a score must come before its alert is closed.
constexpr double kDriftCloseFactor = 0.9;
constexpr double kAucCloseMargin = 0.01;
constexpr double kLossCloseFactor = 0.95;

// Figures of performance that may have a limit, by the names that alerts have.
struct Limited {
  std::string_view name, title;
  std::optional<double> PerformanceFigures::*value;
  std::optional<double> PerformanceFigures::*threshold;
  bool is_loss;  // too much rather than too little
};
constexpr Limited kLimited[] = {
    {"auc", "AUC", &PerformanceFigures::auc, &PerformanceFigures::threshold, false},
    {"mae", "MAE", &PerformanceFigures::mae, &PerformanceFigures::mae_threshold, true},
    {"rmse", "RMSE", &PerformanceFigures::rmse, &PerformanceFigures::rmse_threshold, true},
};

const statistics::DriftTest* TestOf(std::string_view method) {
  const auto tests = statistics::DriftTests();
  const auto found = std::find_if(tests.begin(), tests.end(),
                                  [&](const auto& test) { return test.name == method; });
  return found == tests.end() ? nullptr : &*found;
}

}  // namespace

bool IsChance(std::string_view method) {
  const statistics::DriftTest* test = TestOf(method);
  return test != nullptr && test->score == statistics::ScoreKind::kPValue;
}

namespace {

// Neither over nor clearly back.
bool IsBetween(const drift::FeatureDrift& feature) {
  return IsChance(feature.method) ? *feature.score <= feature.threshold / kDriftCloseFactor
                                  : *feature.score >= feature.threshold * kDriftCloseFactor;
}

std::vector<Crossing> FeatureCrossings(const MonitorSpec& spec, const MonitorWindow& window) {
  size_t drifted = 0;
  for (const drift::FeatureDrift& feature : window.features) drifted += feature.drifted;
  const bool enough = static_cast<double>(drifted) >=
                      spec.drift_share_min * static_cast<double>(window.features.size());
  std::vector<Crossing> crossings;
  for (const drift::FeatureDrift& feature : window.features) {
    if (!feature.score) continue;
    const bool is_over = feature.drifted && enough;
    if (!is_over && IsBetween(feature)) continue;
    crossings.push_back({AlertKind::kDrift, feature.name, *feature.score, feature.threshold,
                         is_over, feature.method});
  }
  return crossings;
}

std::optional<Crossing> LimitCrossing(const MonitorWindow& window, const Limited& figure) {
  const std::optional<double> value = window.performance.*figure.value;
  const std::optional<double> threshold = window.performance.*figure.threshold;
  if (!value || !threshold) return std::nullopt;
  const bool is_over = figure.is_loss ? *value > *threshold : *value < *threshold;
  const bool is_back = figure.is_loss ? *value <= *threshold * kLossCloseFactor
                                      : *value >= *threshold + kAucCloseMargin;
  if (!is_over && !is_back) return std::nullopt;
  return Crossing{
      AlertKind::kPerformance, std::string(figure.name), *value, *threshold, is_over, ""};
}

// An expectation of a suite is broken or not; there is no margin between.
std::vector<Crossing> ExpectationCrossings(const MonitorWindow& window) {
  std::vector<Crossing> crossings;
  for (const CheckedExpectation& check : window.validation.checks) {
    crossings.push_back({AlertKind::kExpectation, check.name, check.unexpected_share,
                         check.allowed_share, !check.success, check.message});
  }
  return crossings;
}

// Detectors of the error wait for outcomes, the others for nothing.
enum class Detectors { kOfRows, kOfError };

void AddChanges(const MonitorWindow& window, Detectors which, std::vector<Crossing>* crossings) {
  std::map<std::string, Crossing> by_name;  // of several detectors of one thing, the first to alarm
  for (const DetectedChange& change : window.changes) {
    const bool is_error = change.detector.of == DetectorOf::kError;
    if (is_error != (which == Detectors::kOfError) || change.rows == 0) continue;
    Crossing crossing{
        AlertKind::kChange,       change.detector.name(),
        change.after.value_or(0), change.before.value_or(0),
        change.alarms > 0,        std::string(DetectorMethodName(change.detector.method))};
    crossing.time_ms = change.first_ms.value_or(0);
    // What was measured before it was told when a change began.
    crossing.began_ms = change.began_ms.value_or(crossing.time_ms);
    const auto [known, added] = by_name.emplace(crossing.feature, crossing);
    const bool is_first =
        crossing.is_over && (!known->second.is_over || crossing.time_ms < known->second.time_ms);
    if (!added && is_first) known->second = crossing;
  }
  for (auto& [name, crossing] : by_name) crossings->push_back(std::move(crossing));
}

bool IsOverIn(const MonitorSpec& spec, const MonitorWindow& window, const Crossing& crossing) {
  if (crossing.kind == AlertKind::kPerformance) {
    for (const Limited& figure : kLimited) {
      if (figure.name != crossing.feature) continue;
      const auto own = LimitCrossing(window, figure);
      return own && own->is_over;
    }
    return false;
  }
  const std::vector<Crossing> all = crossing.kind == AlertKind::kExpectation
                                        ? ExpectationCrossings(window)
                                        : FeatureCrossings(spec, window);
  return std::any_of(all.begin(), all.end(), [&](const Crossing& own) {
    return own.feature == crossing.feature && own.is_over;
  });
}

// Two figures in as few digits as show that they differ, three at least.
std::pair<std::string, std::string> TellApart(double value, double limit) {
  constexpr int kDigits = 3, kDigitsMax = 17;
  for (int digits = kDigits;; ++digits) {
    std::string one = fmt::format("{:.{}g}", value, digits);
    std::string other = fmt::format("{:.{}g}", limit, digits);
    if (one != other || value == limit || digits == kDigitsMax) return {one, other};
  }
}

// An hourly window needs its hour; a window of days needs none.
std::string WindowName(const MonitorWindow& window) {
  const std::string time = FormatTime(window.start_ms);
  return window.end_ms - window.start_ms < kDayMs ? time.substr(0, 10) + " " + time.substr(11, 5)
                                                  : time.substr(0, 10);
}

}  // namespace

bool IsOfReference(const MonitorSpec& spec, const MonitorWindow& window) {
  return window.start_ms < spec.reference_to_ms && window.end_ms > spec.reference_from_ms;
}

bool IsJudgedForDrift(const MonitorSpec& spec, const MonitorWindow& window) {
  return !IsOfReference(spec, window) && window.complete && window.predictions >= spec.rows_min;
}

bool IsJudgedForPerformance(const MonitorSpec& spec, const MonitorWindow& window) {
  const auto is_limited = [&](const Limited& figure) {
    return window.performance.*figure.value &&
           (window.performance.*figure.threshold || !spec.detectors.empty());
  };
  return !IsOfReference(spec, window) && window.complete && window.outcomes >= spec.outcomes_min &&
         static_cast<double>(window.outcomes) >=
             spec.coverage_min * static_cast<double>(window.predictions) &&
         std::any_of(std::begin(kLimited), std::end(kLimited), is_limited);
}

std::vector<Crossing> JudgeDrift(const MonitorSpec& spec, const MonitorWindow& window) {
  if (!IsJudgedForDrift(spec, window)) return {};
  std::vector<Crossing> crossings = FeatureCrossings(spec, window);
  AddChanges(window, Detectors::kOfRows, &crossings);
  for (Crossing& crossing : ExpectationCrossings(window)) crossings.push_back(std::move(crossing));
  return crossings;
}

std::vector<Crossing> JudgePerformance(const MonitorSpec& spec, const MonitorWindow& window) {
  if (!IsJudgedForPerformance(spec, window)) return {};
  std::vector<Crossing> crossings;
  for (const Limited& figure : kLimited) {
    if (const auto crossing = LimitCrossing(window, figure)) crossings.push_back(*crossing);
  }
  AddChanges(window, Detectors::kOfError, &crossings);
  return crossings;
}

bool IsLasting(const MonitorSpec& spec, const WindowsByStart& windows, const MonitorWindow& window,
               const Crossing& crossing) {
  // A detector has weighed many rows already.
  if (crossing.kind == AlertKind::kChange) return true;
  const bool drifts = crossing.kind != AlertKind::kPerformance;
  int64_t in_a_row = 1;
  for (auto at = windows.lower_bound(window.start_ms); in_a_row < spec.consecutive_windows;) {
    if (at == windows.begin()) return false;
    --at;
    const bool is_judged =
        drifts ? IsJudgedForDrift(spec, at->second) : IsJudgedForPerformance(spec, at->second);
    if (!is_judged) continue;
    if (!IsOverIn(spec, at->second, crossing)) return false;
    ++in_a_row;
  }
  return true;
}

std::string_view DriftVerdict(const MonitorSpec& spec, const MonitorWindow& window) {
  if (window.predictions < spec.rows_min) return "not_enough_data";
  if (!window.complete) return "incomplete";
  if (IsOfReference(spec, window)) return "reference";
  const std::vector<Crossing> all = FeatureCrossings(spec, window);
  const bool drifted =
      std::any_of(all.begin(), all.end(), [](const auto& one) { return one.is_over; });
  return drifted ? "drifted" : "quiet";
}

std::string AlertMessage(const MonitorWindow& window, const Crossing& crossing) {
  const std::string when = WindowName(window);
  if (crossing.kind == AlertKind::kPerformance) {
    const auto [value, limit] = TellApart(crossing.value, crossing.threshold);
    for (const Limited& figure : kLimited) {
      if (figure.name != crossing.feature) continue;
      return fmt::format("{} {} is {} {} in the window from {} ({} outcomes)", figure.title, value,
                         figure.is_loss ? "above" : "below", limit, when, window.outcomes);
    }
  }
  if (crossing.kind == AlertKind::kChange) {
    const auto [after, before] = TellApart(crossing.value, crossing.threshold);
    return fmt::format("The mean of {} has changed: {} from {} to {}, when {} sounded, {} before",
                       crossing.feature, after, FormatTime(crossing.began_ms),
                       FormatTime(crossing.time_ms), crossing.method, before);
  }
  if (crossing.kind == AlertKind::kExpectation) {
    const std::string why = crossing.method.empty() ? "" : " (" + crossing.method + ")";
    return fmt::format("{}: {:.3g} % are not in the window from {}, {:.3g} % may be{}",
                       crossing.feature, 100 * crossing.value, when, 100 * crossing.threshold, why);
  }
  const statistics::DriftTest* test = TestOf(crossing.method);
  const auto [score, limit] = TellApart(crossing.value, crossing.threshold);
  return fmt::format("{} has drifted: {} {} {} {} in the window from {} ({} predictions)",
                     crossing.feature, test == nullptr ? "PSI" : test->title, score,
                     IsChance(crossing.method) ? "≤" : "≥", limit, when, window.predictions);
}

}  // namespace millwright::monitoring
