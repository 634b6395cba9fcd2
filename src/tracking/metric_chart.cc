#include "tracking/metric_chart.h"

#include <algorithm>
#include <future>
#include <set>
#include <span>

#include "base/error.h"
#include "tracking/metric_segment.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;

// The summaries of a segment from coarse to fine; each cell of one covers as many of the next.
enum Level : size_t { kCoarse, kOverview, kDetail, kLevels };
constexpr size_t kPointsOf[kLevels] = {kCoarsePoints, kOverviewPoints, kDetailPoints};
constexpr size_t kNextInCell = 8;
static_assert(kCoarsePoints == kNextInCell * kOverviewPoints &&
              kOverviewPoints == kNextInCell * kDetailPoints &&
              kPartPointsMax % kDetailPoints == 0);

// A chart takes up to half of the database's readers, each for so many lines at least (8 ms).
constexpr size_t kThreadsMax = 2;
constexpr size_t kLinesOfThreadMin = 64;

uint64_t Distance(int64_t from, int64_t to) {
  return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
}

// The axis of one run: how its points lie on it.
struct Axis {
  ChartAxis kind = ChartAxis::kStep;
  int64_t origin_ms = 0;

  bool by_step() const { return kind == ChartAxis::kStep; }
  // Where points and cells are, saturated at the ends of what is representable.
  int64_t Of(int64_t time_ms) const {
    int64_t x = 0;
    if (!__builtin_sub_overflow(time_ms, origin_ms, &x)) return x;
    return origin_ms > 0 ? kLowest : kHighest;
  }
  int64_t TimeAt(int64_t x) const {
    int64_t time_ms = 0;
    if (!__builtin_add_overflow(x, origin_ms, &time_ms)) return time_ms;
    return origin_ms > 0 ? kHighest : kLowest;
  }
  int64_t Of(const MetricPoint& point) const {
    return by_step() ? point.step : Of(point.timestamp_ms);
  }
  Range Of(const MetricCell& cell) const {
    return by_step() ? Range{cell.step_min, cell.step_max}
                     : Range{Of(cell.first_ms), Of(cell.last_ms)};
  }
  Range Of(const Segment& segment) const {
    return by_step() ? Range{segment.step_min, segment.step_max}
                     : Range{Of(segment.first_ms), Of(segment.last_ms)};
  }
};

// Collects the cells of one line by pixel.
class Pixels {
 public:
  Pixels(Range range, int64_t width)
      : range_(range),
        width_(width),
        span_(static_cast<double>(Distance(range.from, range.to)) + 1),
        buckets_(width) {}

  const Range& range() const { return range_; }

  // Whether what a cell holds may be drawn as one: it lies in the range and within a pixel.
  bool IsFine(const MetricCell& cell, const Range& x, const Axis& axis) const {
    if (x.from < range_.from || x.to > range_.to) return false;
    if (axis.by_step() && (cell.marks & Marks::kDisordered) != 0) return x.from == x.to;
    return static_cast<double>(Distance(x.from, x.to)) * static_cast<double>(width_) < span_;
  }

  void Add(const MetricCell& cell, const Range& x) {
    Bucket& bucket = buckets_[PixelOf(x.from)];
    ChartBucket& drawn = bucket.drawn;
    if (!bucket.used) {
      drawn.from = x.from;
      drawn.to = x.to;
      bucket.used = true;
    }
    drawn.from = std::min(drawn.from, x.from);
    drawn.to = std::max(drawn.to, x.to);
    drawn.has_nan |= (cell.marks & Marks::kNan) != 0;
    drawn.has_positive_infinity |= (cell.marks & Marks::kPositiveInfinity) != 0;
    drawn.has_negative_infinity |= (cell.marks & Marks::kNegativeInfinity) != 0;
    if ((cell.marks & Marks::kFinite) != 0) AddFinite(cell, x, &bucket);
  }

  std::vector<ChartBucket> Finish() {
    std::vector<ChartBucket> drawn;
    for (const Bucket& bucket : buckets_) {
      if (bucket.used) drawn.push_back(bucket.drawn);
    }
    return drawn;
  }

 private:
  // A place in a line: by x, then by time.
  struct Place {
    int64_t x = 0;
    int64_t time_ms = 0;
    auto operator<=>(const Place&) const = default;
  };
  struct Bucket {
    ChartBucket drawn;
    bool used = false;
    Place first;
    Place last;
  };

  size_t PixelOf(int64_t x) const {
    const double share = static_cast<double>(Distance(range_.from, x)) / span_;
    const auto pixel = static_cast<size_t>(share * static_cast<double>(width_));
    return std::min(pixel, buckets_.size() - 1);
  }

  // Cells of one segment come in their order, those of others and late points in any.
  static void AddFinite(const MetricCell& cell, const Range& x, Bucket* bucket) {
    ChartBucket& drawn = bucket->drawn;
    const Place first{x.from, cell.first_ms};
    const Place last{x.to, cell.last_ms};
    if (!drawn.has_finite) {
      drawn.has_finite = true;
      drawn.first = cell.first;
      drawn.last = cell.last;
      drawn.min = cell.min;
      drawn.max = cell.max;
      bucket->first = first;
      bucket->last = last;
      return;
    }
    if (first < bucket->first || (first == bucket->first && cell.first < drawn.first)) {
      bucket->first = first;
      drawn.first = cell.first;
    }
    if (last > bucket->last || (last == bucket->last && cell.last > drawn.last)) {
      bucket->last = last;
      drawn.last = cell.last;
    }
    drawn.min = std::min(drawn.min, cell.min);
    drawn.max = std::max(drawn.max, cell.max);
  }

  const Range range_;
  const int64_t width_;
  const double span_;
  std::vector<Bucket> buckets_;
};

// Draws the segments of one line.
class Line {
 public:
  // `start` is the level to begin at, and is left as the one at which the next line should: lines
  // of a chart are mostly alike.
  Line(Connection& connection, const Series& series, const Axis& axis, Pixels* pixels, Level* start)
      : connection_(connection), series_(series), axis_(axis), pixels_(*pixels), start_(*start) {}

  void Draw(const std::vector<MetricPoint>& points) {
    for (const auto& point : points) {
      const int64_t x = axis_.Of(point);
      if (pixels_.range().Has(x)) pixels_.Add(CellOf(point), {x, x});
    }
  }

  void DrawSegments() {
    const Level start = start_;
    const Range& range = pixels_.range();
    const Range steps = axis_.by_step() ? range : Range{};
    const Range times =
        axis_.by_step() ? Range{} : Range{axis_.TimeAt(range.from), axis_.TimeAt(range.to)};
    for (const Row& row : connection_.Select(
             start == kCoarse ? sql::kMetricCoarseOfKey : sql::kMetricOverviewsOfKey,
             {series_.run_seq, series_.key, times.from, times.to, steps.from, steps.to})) {
      const Segment segment = ReadSegment(row);
      if (segment.has_parts()) {
        for (auto& cells : cells_) cells.clear();
        cells_[start] = Decode(row.Blob(6), segment, start);
        DrawCells(segment, start, 0, cells_[start].size());
      } else {
        Draw(DecodePart(row.Blob(7)));
      }
    }
    if (cells_seen_ > 0) start_ = cells_opened_ * 2 > cells_seen_ ? kOverview : kCoarse;
  }

 private:
  static bool IsOutside(const Range& x, const Range& range) {
    return x.to < range.from || x.from > range.to;
  }

  static std::vector<MetricCell> Decode(std::string_view bytes, const Segment& segment,
                                        Level level) {
    std::vector<MetricCell> cells = DecodeCells(bytes);
    if (cells.size() != (segment.points + kPointsOf[level] - 1) / kPointsOf[level]) {
      throw Internal("A stored summary of metrics does not fit its points");
    }
    return cells;
  }

  // Cells of a segment; those of a finer level are read when a cell is too coarse.
  const std::vector<MetricCell>& Cells(const Segment& segment, Level level) {
    if (cells_[level].empty()) {
      const auto row = connection_.SelectOne(
          level == kOverview ? sql::kMetricSegmentOverview : sql::kMetricSegmentDetail,
          {series_.run_seq, series_.key, segment.number});
      cells_[level] = Decode(row.value().Blob(0), segment, level);
    }
    return cells_[level];
  }

  void DrawCells(const Segment& segment, Level level, size_t from, size_t to) {
    const std::vector<MetricCell>& cells = Cells(segment, level);
    for (size_t i = from; i < std::min(to, cells.size()); ++i) {
      const Range x = axis_.Of(cells[i]);
      if (IsOutside(x, pixels_.range())) continue;
      const bool fine = pixels_.IsFine(cells[i], x, axis_);
      if (fine) {
        pixels_.Add(cells[i], x);
      } else if (level == kDetail) {
        DrawPoints(segment, i * kDetailPoints);
      } else {
        DrawCells(segment, static_cast<Level>(level + 1), i * kNextInCell, (i + 1) * kNextInCell);
      }
      if (level == kCoarse) Count(!fine);
    }
  }

  void Count(bool opened) {
    ++cells_seen_;
    cells_opened_ += opened ? 1 : 0;
  }

  void DrawPoints(const Segment& segment, size_t start) {
    const std::vector<MetricPoint>& part = Part(segment, start / kPartPointsMax);
    const size_t end = std::min(part.size(), start % kPartPointsMax + kDetailPoints);
    for (size_t i = start % kPartPointsMax; i < end; ++i) {
      const int64_t x = axis_.Of(part[i]);
      if (pixels_.range().Has(x)) pixels_.Add(CellOf(part[i]), {x, x});
    }
  }

  // The points of a part; the last one is kept, for cells come in order.
  const std::vector<MetricPoint>& Part(const Segment& segment, size_t number) {
    const auto place = std::make_pair(segment.number, static_cast<int64_t>(number));
    if (part_place_ != place) {
      PartReader reader(series_, segment);
      reader.Seek(place.second);
      part_ = reader.Next(connection_);
      part_place_ = place;
    }
    return part_;
  }

  Connection& connection_;
  const Series& series_;
  const Axis& axis_;
  Pixels& pixels_;
  Level& start_;
  std::vector<MetricCell> cells_[kLevels];  // of the segment being drawn
  size_t cells_seen_ = 0;                   // coarse ones
  size_t cells_opened_ = 0;
  std::vector<MetricPoint> part_;
  std::pair<int64_t, int64_t> part_place_ = {-1, -1};
};

// A run as a chart needs it: where it is and what waits to be compacted of the keys asked for.
struct ChartRun {
  RunId id;
  int64_t seq = 0;
  Axis axis;
  PointsByKey waiting;
};

void RequireDrawable(const ChartRequest& request) {
  const auto refuse = [](std::string_view field, std::string_view text, auto max) {
    throw InvalidArgument("{}, at most {}", text, max).WithField(std::string(field));
  };
  if (request.width < 1 || request.width > kChartWidthMax) {
    refuse("width", "A chart has a width of at least one pixel", kChartWidthMax);
  }
  // Each factor is looked at first, so that the product cannot overflow.
  if (request.runs.size() > kChartSeriesMax || request.keys.size() > kChartSeriesMax ||
      request.runs.size() * request.keys.size() > kChartSeriesMax) {
    refuse("runs", "A chart has a line for each run and key", kChartSeriesMax);
  }
  const auto lines = static_cast<int64_t>(request.runs.size() * request.keys.size());
  if (lines * request.width > kChartBucketsMax) {
    refuse("width", "The lines of a chart times its width are too many", kChartBucketsMax);
  }
  if (request.from && request.to && *request.from > *request.to) {
    throw InvalidArgument("A chart cannot begin after its end: {} > {}", *request.from, *request.to)
        .WithField("from");
  }
}

std::vector<ChartRun> FindRuns(Connection& connection, const ChartRequest& request) {
  std::vector<ChartRun> runs;
  const std::set<std::string_view> keys(request.keys.begin(), request.keys.end());
  for (const auto& id : request.runs) {
    const auto found = FindMetricRun(connection, id);
    if (!found) continue;
    const int64_t origin = request.axis == ChartAxis::kRelativeTime ? found->start_ms : 0;
    ChartRun& run = runs.emplace_back(ChartRun{id, found->seq, {request.axis, origin}, {}});
    run.waiting = ReadAppends(connection, found->seq);
    std::erase_if(run.waiting, [&](const auto& entry) { return !keys.contains(entry.first); });
  }
  return runs;
}

// Widens a range by another; an empty one has from > to.
void Widen(Range* range, const Range& by) {
  range->from = std::min(range->from, by.from);
  range->to = std::max(range->to, by.to);
}

// From where to where the points of all lines reach.
Range Reach(Connection& connection, const std::vector<ChartRun>& runs,
            const std::vector<std::string>& keys) {
  Range reach{kHighest, kLowest};
  for (const auto& run : runs) {
    for (const auto& [key, points] : run.waiting) {
      for (const auto& point : points) Widen(&reach, {run.axis.Of(point), run.axis.Of(point)});
    }
    for (const auto& key : keys) {
      const auto row = connection.SelectOne(sql::kMetricBoundsOfKey, {run.seq, key});
      if (!row || row->IsNull(0)) continue;
      Widen(&reach, run.axis.Of(Segment{.first_ms = row->Int(0),
                                        .last_ms = row->Int(1),
                                        .step_min = row->Int(2),
                                        .step_max = row->Int(3)}));
    }
  }
  return reach;
}

// What a chart has of one run and key.
struct ChartLine {
  const ChartRun* run = nullptr;
  const std::string* key = nullptr;
  std::vector<ChartBucket> buckets = {};
};

void DrawLines(Connection& connection, const Range& range, int64_t width,
               std::span<ChartLine> lines) {
  Level start = kCoarse;
  for (ChartLine& drawn : lines) {
    const Series series{drawn.run->seq, *drawn.key};
    Pixels pixels(range, width);
    Line line(connection, series, drawn.run->axis, &pixels, &start);
    line.DrawSegments();
    const auto waiting = drawn.run->waiting.find(*drawn.key);
    if (waiting != drawn.run->waiting.end()) line.Draw(waiting->second);
    drawn.buckets = pixels.Finish();
  }
}

// Draws lines on several threads where there are many. Each reads for itself what is compacted
// after what waits was read, so that points may come twice, which a bucket does not mind, and none
// is missed.
void DrawAll(storage::Database& database, const Range& range, int64_t width,
             std::span<ChartLine> lines) {
  const size_t threads = std::clamp<size_t>(lines.size() / kLinesOfThreadMin, 1, kThreadsMax);
  const size_t share = (lines.size() + threads - 1) / threads;
  std::vector<std::future<void>> others;
  const auto draw = [&](size_t from) {
    database.Read([&](Connection& connection) {
      DrawLines(connection, range, width,
                lines.subspan(from, std::min(share, lines.size() - from)));
    });
  };
  for (size_t from = share; from < lines.size(); from += share) {
    others.push_back(std::async(std::launch::async, draw, from));
  }
  draw(0);
  for (auto& other : others) other.get();
}

}  // namespace

Chart ChartReader::Read(const ChartRequest& request) const {
  RequireDrawable(request);
  Chart chart;
  std::vector<ChartRun> runs;
  Range range{request.from.value_or(kLowest), request.to.value_or(kHighest)};
  database_.Read([&](Connection& connection) {
    runs = FindRuns(connection, request);
    if (request.from && request.to) return;
    const Range reach = Reach(connection, runs, request.keys);
    range = {request.from.value_or(reach.from), request.to.value_or(reach.to)};
  });
  if (range.from > range.to) return chart;
  chart.from = range.from;
  chart.to = range.to;
  std::vector<ChartLine> lines;
  for (const auto& run : runs) {
    for (const auto& key : request.keys) lines.push_back({&run, &key});
  }
  if (lines.empty()) return chart;
  DrawAll(database_, range, request.width, lines);
  for (auto& line : lines) {
    if (!line.buckets.empty()) {
      chart.series.push_back({line.run->id, *line.key, std::move(line.buckets)});
    }
  }
  return chart;
}

}  // namespace millwright::tracking
