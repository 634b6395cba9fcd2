#include "tracking/metric_compactor.h"

#include <iterator>

#include "base/error.h"
#include "base/id.h"
#include "tracking/latest_metrics.h"
#include "tracking/metric_segment.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;
using storage::Value;

constexpr std::string_view kLeaseKind = "metric_compactor";
constexpr const char* kLeaseId = "all";
constexpr int64_t kLeaseMs = 10'000;
constexpr int64_t kRunsAtOnceMax = 64;
// A segment goes into a newer one while it has at most so many times its points…
constexpr size_t kTierFactor = 2;
// … and is not half full: full ones stay as they are for ever.
constexpr size_t kMergeablePointsMax = kSegmentPointsMax / 2;

// What a compaction will put in the place of what it has read.
struct Compaction {
  int64_t run_seq = 0;
  int64_t counted = 0;  // compactions of the run before
  std::string appends = "[";
  int64_t appends_count = 0;
  PointsByKey points;
  LatestPoints latest;
  std::vector<std::vector<Value>> replaced;  // {run, key, segment}
  std::vector<std::vector<Value>> segments;
  std::vector<std::vector<Value>> parts;
};

void ReadWaiting(Connection& connection, const CompactionOptions& options, Compaction* compaction) {
  size_t points = 0;
  connection.ForEach(sql::kMetricAppendsOfRun, {compaction->run_seq}, [&](const Row& row) {
    const AppendedPoints appended = DecodeAppend(row.Blob(1));
    std::vector<std::vector<MetricPoint>*> lists;
    for (const auto key : appended.keys) {
      lists.push_back(&compaction->points[std::string(key)]);
    }
    for (size_t i = 0; i < appended.points.size(); ++i) {
      lists[appended.key_of[i]]->push_back(appended.points[i]);
    }
    if (compaction->appends_count++ > 0) compaction->appends += ',';
    compaction->appends += std::to_string(row.Int(0));
    points += appended.points.size();
    return points < options.points_max && compaction->points.size() < options.keys_max;
  });
  compaction->appends += ']';
}

// Adds the points of segments that are small beside what comes, the newest first, and marks them
// replaced. Returns the number for the next segment.
int64_t TakeSmallSegments(Connection& connection, const Series& series,
                          std::vector<MetricPoint>* points, Compaction* compaction) {
  const std::vector<Segment> segments = ReadSegments(connection, series);
  const int64_t next = segments.empty() ? 0 : segments.back().number + 1;
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    const auto count = static_cast<size_t>(segment->points);
    if (count > kMergeablePointsMax || count > kTierFactor * points->size()) break;
    PartReader parts(series, *segment);
    for (auto part = parts.Next(connection); !part.empty(); part = parts.Next(connection)) {
      points->insert(points->end(), part.begin(), part.end());
    }
    compaction->replaced.push_back({series.run_seq, series.key, segment->number});
  }
  return next;
}

void AddSegments(const Series& series, int64_t number, std::span<const MetricPoint> points,
                 Compaction* compaction) {
  for (size_t start = 0; start < points.size(); start += kSegmentPointsMax) {
    SegmentRows rows =
        MakeSegment(series, number++,
                    points.subspan(start, std::min(kSegmentPointsMax, points.size() - start)));
    compaction->segments.push_back(std::move(rows.segment));
    std::move(rows.parts.begin(), rows.parts.end(), std::back_inserter(compaction->parts));
  }
}

Compaction Prepare(Connection& connection, int64_t run_seq, const CompactionOptions& options) {
  Compaction compaction{.run_seq = run_seq};
  if (const auto row = connection.SelectOne(sql::kMetricCompactionCount, {run_seq})) {
    compaction.counted = row->Int(0);
  }
  ReadWaiting(connection, options, &compaction);
  compaction.latest = LatestOf(compaction.points);
  for (auto& [key, points] : compaction.points) {
    const Series series{run_seq, key};
    const int64_t number = TakeSmallSegments(connection, series, &points, &compaction);
    SortOnce(&points);
    AddSegments(series, number, points, &compaction);
    points = {};
  }
  return compaction;
}

// Returns false when another compactor was faster.
bool Replace(Connection& connection, const Compaction& compaction) {
  if (connection.Execute(sql::kCountMetricCompaction, {compaction.run_seq, compaction.counted}) ==
      0) {
    return false;
  }
  const int64_t removed =
      connection.Execute(sql::kDeleteMetricAppends, {compaction.run_seq, compaction.appends});
  if (removed != compaction.appends_count) {
    throw Internal("Appends of metrics are gone before they were compacted: {} of {}",
                   compaction.appends_count - removed, compaction.appends_count);
  }
  // What waits to be raised goes with the appends.
  if (IsUnraised(connection, compaction.run_seq)) {
    RaiseLatest(connection, compaction.run_seq, compaction.latest);
  }
  if (!compaction.replaced.empty()) {
    connection.ExecuteMany(sql::kDeleteMetricSegment, compaction.replaced);
    connection.ExecuteMany(sql::kDeleteMetricParts, compaction.replaced);
  }
  connection.ExecuteMany(sql::kInsertMetricSegment, compaction.segments);
  if (!compaction.parts.empty()) {
    connection.ExecuteMany(sql::kInsertMetricPart, compaction.parts);
  }
  return true;
}

}  // namespace

MetricCompactor::MetricCompactor(storage::Database& database, const Clock& clock,
                                 const CompactionOptions& options)
    : database_(database), clock_(clock), options_(options), leases_(clock), owner_(NewHexId()) {}

int64_t MetricCompactor::CompactDue(const std::stop_token& stop) {
  int64_t compactions = 0;
  while (!stop.stop_requested()) {
    std::vector<int64_t> runs;
    database_.Read([&](Connection& connection) {
      for (const Row& row : connection.Select(
               sql::kRunsToCompact, {options_.waiting_points, options_.waiting_appends,
                                     clock_.NowMs() - options_.waiting_ms, kRunsAtOnceMax})) {
        runs.push_back(row.Int(0));
      }
    });
    const int64_t progress = runs.empty() ? 0 : Compact(runs, stop);
    if (progress == 0) break;
    compactions += progress;
  }
  return compactions;
}

int64_t MetricCompactor::Compact(const std::vector<int64_t>& runs, const std::stop_token& stop) {
  int64_t compactions = 0;
  const auto compact = [&] {
    for (const int64_t run : runs) {
      if (!stop.stop_requested() && CompactRun(run)) ++compactions;
    }
  };
  if (database_.dialect() == storage::Dialect::kSqlite) {
    compact();  // a file has one server; a lease would only cost its commits
    return compactions;
  }
  const auto lease = database_.Write([&](Connection& connection) {
    return leases_.Acquire(connection, kLeaseKind, kLeaseId, owner_, kLeaseMs);
  });
  if (!lease) return 0;
  compact();
  database_.Write([&](Connection& connection) { leases_.Release(connection, *lease); });
  return compactions;
}

bool MetricCompactor::CompactRun(int64_t run_seq) {
  const Compaction compaction = database_.Read(
      [&](Connection& connection) { return Prepare(connection, run_seq, options_); });
  if (compaction.appends_count == 0) return false;
  return database_.Write([&](Connection& connection) { return Replace(connection, compaction); });
}

}  // namespace millwright::tracking
