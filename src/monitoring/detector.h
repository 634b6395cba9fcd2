#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "monitoring/level.h"

// Detectors that look at one row after another (drift/online_detectors.h) as parts of a monitor.
namespace millwright::monitoring {

enum class DetectorMethod { kCusum, kPageHinkley, kAdwin };
std::string_view DetectorMethodName(DetectorMethod method);

// Whose mean is watched: the error (how far the answer was from what happened, where that is
// known), the score (the probability, or the number of a regression) or an input that is a number.
enum class DetectorOf { kError, kScore, kFeature };
std::string_view DetectorOfName(DetectorOf of);

inline constexpr size_t kDetectorsMax = 50;
// Rows before a window that its detectors have seen when it begins.
inline constexpr int64_t kDetectorHistoryRows = 20'000;

struct DetectorSpec {
  DetectorOf of = DetectorOf::kScore;
  std::string feature;  // of kFeature
  DetectorMethod method = DetectorMethod::kPageHinkley;
  // The average run length: so many rows lie between two false alarms on average (at least so many
  // with ADWIN) while rows are independent of one another.
  double rows_between_false_alarms = 100'000;
  // The change to be found soonest, in standard deviations. ADWIN takes none.
  double shift = 0.5;

  // "error", "score" or the feature's name.
  std::string name() const {
    return of == DetectorOf::kFeature ? feature : std::string(DetectorOfName(of));
  }
  Json ToJson() const;
  // Throws kInvalidArgument naming the field.
  static DetectorSpec FromJson(const Json& json);
  bool operator==(const DetectorSpec&) const = default;
};

// What a detector saw in one window.
struct DetectedChange {
  DetectorSpec detector;
  int64_t rows = 0;
  int64_t alarms = 0;
  // Of the first alarm: when the change began, as far as can be told, and when it sounded; the mean
  // from its begin to the alarm, and that of before, back to the alarm before it or to the first
  // row that was looked at. Where the level has cycles `before` is what the rows of the change
  // would have been had nothing changed.
  std::optional<int64_t> began_ms, first_ms;
  std::optional<double> before, after;

  Json ToJson() const;
  static DetectedChange FromJson(const Json& json);
};

struct WindowSpan {
  int64_t start_ms = 0;
  int64_t end_ms = std::numeric_limits<int64_t>::max();
};

// Runs a detector over the rows of a window and those before it, in the order of their time. Alarms
// of the rows before the window teach it the level and do not count. Where the reference's level is
// known values are taken in its deviations from what is usual at their time, and rows that depend
// on one another batch by batch, once a batch's time is over; a batch that two windows share
// belongs to the later one. Without one the rows before the window say whether they have cycles and
// depend on one another, and where they are neither of eight days nor kDetectorHistoryRows nothing
// is judged. ADWIN, which takes values from 0 to 1, takes others in deviations of these rows.
// Values that are not finite are passed over. Throws kFailedPrecondition for CUSUM without a level.
DetectedChange Detect(const DetectorSpec& detector, const std::optional<Level>& level,
                      const std::vector<DetectorValue>& values, const WindowSpan& window);

}  // namespace millwright::monitoring
