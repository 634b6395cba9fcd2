#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.h"
#include "tracking/entities.h"
#include "tracking/metric_cells.h"
#include "tracking/metric_codec.h"

// How the points of a metric are stored, for those who read and compact them. All functions run
// inside the caller's transaction and see its snapshot: in it each acknowledged point is in an
// append or in a segment. A point that was logged twice may be in several of them.
namespace millwright::tracking {

inline constexpr size_t kSegmentPointsMax = 65'536;
// How many points a cell of each summary covers, from fine to coarse.
inline constexpr size_t kDetailPoints = 64;
inline constexpr size_t kOverviewPoints = 512;
inline constexpr size_t kCoarsePoints = 4096;

inline constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
inline constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();

// A range of steps or times, both ends included.
struct Range {
  int64_t from = kLowest;
  int64_t to = kHighest;
  bool Has(int64_t x) const { return x >= from && x <= to; }
};

struct MetricRun {
  int64_t seq = 0;
  int64_t start_ms = 0;
  int64_t compactions = 0;
};
std::optional<MetricRun> FindMetricRun(storage::Connection& connection, const RunId& run);

// The points of a run that wait to be compacted, by key, as they came.
using PointsByKey = std::map<std::string, std::vector<MetricPoint>, std::less<>>;
PointsByKey ReadAppends(storage::Connection& connection, int64_t run_seq);
// Those of one key.
std::vector<MetricPoint> ReadAppends(storage::Connection& connection, int64_t run_seq,
                                     std::string_view key);

// A segment as found, without its points. One of at most kPartPointsMax points has no summaries.
struct Segment {
  int64_t number = 0;
  int64_t points = 0;
  int64_t first_ms = 0;
  int64_t last_ms = 0;
  int64_t step_min = 0;
  int64_t step_max = 0;
  bool has_parts() const { return points > static_cast<int64_t>(kPartPointsMax); }
};
Segment ReadSegment(const storage::Row& row);

// One metric of one run.
struct Series {
  int64_t run_seq = 0;
  std::string key;
};
std::vector<Segment> ReadSegments(storage::Connection& connection, const Series& series,
                                  int64_t from_ms = kLowest, Range steps = {});

// Reads the parts of a segment one after another, those that reach `from_ms` and touch `steps`. The
// series outlives it.
class PartReader {
 public:
  PartReader(const Series& series, const Segment& segment, int64_t from_ms = kLowest,
             Range steps = {})
      : series_(&series), segment_(segment), from_ms_(from_ms), steps_(steps) {}
  // Returns no points at the end.
  std::vector<MetricPoint> Next(storage::Connection& connection);
  // Goes on at a part, by its number.
  void Seek(int64_t part) { next_ = part; }

 private:
  const Series* series_;
  Segment segment_;
  int64_t from_ms_;
  Range steps_;
  int64_t next_ = 0;
};

// The rows of a new segment of sorted points.
struct SegmentRows {
  std::vector<storage::Value> segment;
  std::vector<std::vector<storage::Value>> parts;
};
SegmentRows MakeSegment(const Series& series, int64_t number, std::span<const MetricPoint> points);

}  // namespace millwright::tracking
