#include "tracking/metric_history.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "tracking/limits.h"
#include "tracking/metric_segment.h"

namespace millwright::tracking {
namespace {

using storage::Connection;

// Points in order out of a segment or of the appends, a buffer at a time.
class Source {
 public:
  explicit Source(std::vector<MetricPoint> points) : points_(std::move(points)) {}
  Source(const Series& series, const Segment& segment, int64_t from_ms)
      : parts_(PartReader(series, segment, from_ms)) {}

  bool empty() const { return place_ == points_.size(); }
  const MetricPoint& head() const { return points_[place_]; }

  void Fill(Connection& connection) {
    if (!empty() || !parts_) return;
    points_ = parts_->Next(connection);
    place_ = 0;
  }
  void SkipTo(const MetricPoint& after) {
    place_ = std::upper_bound(points_.begin() + place_, points_.end(), after) - points_.begin();
  }
  // Moves points to `out` while they are not after `bound` and `out` has room; equal ones once.
  void Take(const std::optional<MetricPoint>& bound, size_t room, std::vector<MetricPoint>* out) {
    for (; place_ < points_.size() && out->size() < room; ++place_) {
      const MetricPoint& point = points_[place_];
      if (bound && *bound < point) return;
      if (out->empty() || out->back() < point) out->push_back(point);
    }
  }

 private:
  std::vector<MetricPoint> points_;
  size_t place_ = 0;
  std::optional<PartReader> parts_;
};

// Merges the sources of a history. Segments that follow one another are opened one by one; where
// they overlap, because points came late, they are read side by side.
class Merge {
 public:
  Merge(Connection& connection, const Series& series, const std::optional<MetricPoint>& after)
      : connection_(connection), series_(series), after_(after) {
    segments_ = ReadSegments(connection, series, from_ms());
    std::sort(segments_.begin(), segments_.end(),
              [](const Segment& a, const Segment& b) { return a.first_ms < b.first_ms; });
    std::vector<MetricPoint> waiting = ReadAppends(connection, series.run_seq, series.key);
    SortOnce(&waiting);
    Open(Source(std::move(waiting)));
  }

  // Adds points until `out` has `size` or there are no more.
  void Read(size_t size, std::vector<MetricPoint>* out) {
    while (out->size() < size) {
      OpenDue();
      if (open_.empty()) return;
      std::sort(open_.begin(), open_.end(),
                [](const Source& a, const Source& b) { return a.head() < b.head(); });
      Source& first = open_.front();
      first.Take(Bound(), size, out);
      Refill(first);
      std::erase_if(open_, [](const Source& source) { return source.empty(); });
    }
  }

 private:
  int64_t from_ms() const { return after_ ? after_->timestamp_ms : kLowest; }

  void Refill(Source& source) {
    source.Fill(connection_);
    // The first part of a segment may begin before the page; never a whole one lies before it.
    while (after_ && !source.empty()) {
      source.SkipTo(*after_);
      if (!source.empty()) return;
      source.Fill(connection_);
    }
  }
  void Open(Source source) {
    Refill(source);
    if (!source.empty()) open_.push_back(std::move(source));
  }
  // Opens the segments that begin no later than what is open.
  void OpenDue() {
    while (next_segment_ < segments_.size()) {
      const int64_t first_ms = segments_[next_segment_].first_ms;
      const bool due = std::all_of(open_.begin(), open_.end(), [&](const Source& source) {
        return first_ms <= source.head().timestamp_ms;
      });
      if (!due) return;
      Open(Source(series_, segments_[next_segment_++], from_ms()));
    }
  }
  // Up to where the first source may be read before another has its turn.
  std::optional<MetricPoint> Bound() const {
    std::optional<MetricPoint> bound;
    if (open_.size() > 1) bound = open_[1].head();
    if (next_segment_ < segments_.size()) {
      // All that is surely before whatever the next segment holds.
      const int64_t first_ms = segments_[next_segment_].first_ms;
      const MetricPoint before{first_ms - 1, kHighest, std::numeric_limits<double>::infinity()};
      if (!bound || before < *bound) bound = before;
    }
    return bound;
  }

  Connection& connection_;
  const Series& series_;
  const std::optional<MetricPoint> after_;
  std::vector<Segment> segments_;
  size_t next_segment_ = 0;
  std::vector<Source> open_;
};

// Calls `each` with stretches of a metric's points that touch a range of steps, in no order.
void ForEachStretch(Connection& connection, const Series& series, Range steps,
                    const std::function<void(const std::vector<MetricPoint>&)>& each) {
  for (const Segment& segment : ReadSegments(connection, series, kLowest, steps)) {
    PartReader parts(series, segment, kLowest, steps);
    for (auto part = parts.Next(connection); !part.empty(); part = parts.Next(connection)) {
      each(part);
    }
  }
  each(ReadAppends(connection, series.run_seq, series.key));
}

std::vector<int64_t> StepsOf(Connection& connection, const Series& series, Range range) {
  std::vector<int64_t> steps;
  ForEachStretch(connection, series, range, [&](const std::vector<MetricPoint>& points) {
    for (const auto& point : points) {
      if (range.Has(point.step) && (steps.empty() || steps.back() != point.step)) {
        steps.push_back(point.step);
      }
    }
  });
  SortOnce(&steps);
  return steps;
}

// Chooses at most `max` steps evenly and the last one.
std::vector<int64_t> SampleSteps(const std::vector<int64_t>& steps, int64_t max) {
  const auto count = static_cast<int64_t>(steps.size());
  if (count <= max) return steps;
  std::vector<int64_t> chosen;
  const double interval = static_cast<double>(count) / static_cast<double>(max);
  for (int64_t i = 0; i < max; ++i) {
    const auto at = static_cast<int64_t>(static_cast<double>(i) * interval);
    if (at < count) chosen.push_back(steps[at]);
  }
  chosen.push_back(steps.back());
  SortOnce(&chosen);
  return chosen;
}

// The points on some steps by step, time and value.
std::vector<MetricPoint> PointsOn(Connection& connection, const Series& series,
                                  const std::vector<int64_t>& steps) {
  std::vector<MetricPoint> points;
  if (steps.empty()) return points;
  ForEachStretch(connection, series, {steps.front(), steps.back()},
                 [&](const std::vector<MetricPoint>& stretch) {
                   for (const auto& point : stretch) {
                     if (std::binary_search(steps.begin(), steps.end(), point.step)) {
                       points.push_back(point);
                     }
                   }
                 });
  SortOnce(&points);
  std::stable_sort(points.begin(), points.end(),
                   [](const MetricPoint& a, const MetricPoint& b) { return a.step < b.step; });
  if (points.size() > kHistoryResultsMax) points.resize(kHistoryResultsMax);
  return points;
}

// A run of an interval; its steps are those within the range.
struct IntervalRun {
  std::optional<Series> series;
  std::optional<Range> steps;
};

}  // namespace

HistoryPage MetricHistory::Page(const RunId& run, const std::string& key, int64_t limit,
                                const std::optional<MetricPoint>& after) const {
  return database_.Read([&](Connection& connection) {
    HistoryPage page;
    const auto found = FindMetricRun(connection, run);
    if (!found) return page;
    const Series series{found->seq, key};
    Merge(connection, series, after).Read(static_cast<size_t>(limit) + 1, &page.points);
    if (static_cast<int64_t>(page.points.size()) > limit) {
      page.points.pop_back();
      page.next_after = page.points.back();
    }
    return page;
  });
}

std::vector<std::pair<RunId, std::vector<MetricPoint>>> MetricHistory::Interval(
    const IntervalRequest& request) const {
  const Range range{request.start_step.value_or(kLowest), request.end_step.value_or(kHighest)};
  return database_.Read([&](Connection& connection) {
    std::vector<IntervalRun> runs;
    std::vector<int64_t> all;
    for (const auto& id : request.runs) {
      IntervalRun& run = runs.emplace_back();
      const auto found = FindMetricRun(connection, id);
      if (!found) continue;
      run.series = Series{found->seq, request.key};
      const std::vector<int64_t> steps = StepsOf(connection, *run.series, range);
      if (steps.empty()) continue;
      run.steps = Range{steps.front(), steps.back()};
      std::vector<int64_t> merged;
      merged.reserve(std::max(all.size(), steps.size()));
      std::set_union(all.begin(), all.end(), steps.begin(), steps.end(),
                     std::back_inserter(merged));
      all = std::move(merged);
    }
    const std::vector<int64_t> sampled = SampleSteps(all, request.points_max);
    std::vector<std::pair<RunId, std::vector<MetricPoint>>> result;
    for (size_t i = 0; i < runs.size(); ++i) {
      auto& points = result.emplace_back(request.runs[i], std::vector<MetricPoint>()).second;
      if (!runs[i].steps) continue;
      std::vector<int64_t> wanted = sampled;
      wanted.insert(wanted.end(), {runs[i].steps->from, runs[i].steps->to});
      SortOnce(&wanted);
      points = PointsOn(connection, *runs[i].series, wanted);
    }
    return result;
  });
}

}  // namespace millwright::tracking
