#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/database.h"
#include "tracking/entities.h"

namespace millwright::tracking {

inline constexpr size_t kChartSeriesMax = 1000;
inline constexpr int64_t kChartWidthMax = 10'000;
// Of all series together: what an answer may hold.
inline constexpr int64_t kChartBucketsMax = 500'000;

enum class ChartAxis { kStep, kTime, kRelativeTime };

// Asks for the lines of every run with every key. On the axis of time x is a timestamp in
// milliseconds, of relative time what has passed since the run's start.
struct ChartRequest {
  std::vector<RunId> runs;
  std::vector<std::string> keys;
  ChartAxis axis = ChartAxis::kStep;
  // Both ends are included; where one is absent the chart reaches as far as the points do.
  std::optional<int64_t> from;
  std::optional<int64_t> to;
  int64_t width = 500;  // pixels
};

// What a line does within a pixel: every point of the range is in one bucket, and a bucket's first,
// last, least and greatest value are exactly those of its points. A bucket reaches no further than
// a pixel beyond where it begins.
struct ChartBucket {
  int64_t from = 0;  // x of its first and last point
  int64_t to = 0;
  // Of the finite values; without any they mean nothing.
  bool has_finite = false;
  double first = 0;
  double min = 0;
  double max = 0;
  double last = 0;
  bool has_nan = false;
  bool has_positive_infinity = false;
  bool has_negative_infinity = false;
};

struct ChartSeries {
  RunId run;
  std::string key;
  std::vector<ChartBucket> buckets;  // by x
};

struct Chart {
  // The range that was divided by the width; without points from > to.
  int64_t from = 0;
  int64_t to = -1;
  std::vector<ChartSeries> series;  // those with points
};

// Draws histories for a number of pixels, exact in the extremes, out of the summaries that segments
// carry: only where those are too coarse for a pixel, or cross the ends of the range, are points
// read. A series has all points that were logged before the call. Throws kInvalidArgument when more
// is asked for than the limits above allow. Thread-safe.
class ChartReader {
 public:
  explicit ChartReader(storage::Database& database) : database_(database) {}
  Chart Read(const ChartRequest& request) const;

 private:
  storage::Database& database_;
};

}  // namespace millwright::tracking
