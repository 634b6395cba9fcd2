#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

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

// What a watched figure was like in the reference, in all and by place in the season.
struct Level {
  double mean = 0;
  double deviation = 0;
  std::map<int64_t, std::pair<double, double>> places;  // mean and deviation

  Json ToJson() const;
  static Level FromJson(const Json& json);
};

struct DetectorValue {
  int64_t time_ms = 0;
  double value = 0;
  int64_t place = 0;  // in the season
};

// What a detector saw in one window.
struct DetectedChange {
  DetectorSpec detector;
  int64_t rows = 0;
  int64_t alarms = 0;
  std::optional<int64_t> first_ms;      // when the first alarm was
  std::optional<double> before, after;  // the means before the window and from the alarm on

  Json ToJson() const;
  static DetectedChange FromJson(const Json& json);
};

// Runs a detector over rows in the order of their time. ADWIN, which takes values from 0 to 1,
// takes others in deviations of the rows before the window where the reference's level is not
// known. Alarms of the rows before `window_ms` teach it the level and do not count. Where the
// reference's level is known values are taken in its deviations at their place in the season.
// Values that are not finite are passed over. Throws kFailedPrecondition for CUSUM without a level.
DetectedChange Detect(const DetectorSpec& detector, const std::optional<Level>& reference_level,
                      const std::vector<DetectorValue>& values, int64_t window_ms);

}  // namespace millwright::monitoring
