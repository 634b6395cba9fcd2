#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "storage/database.h"
#include "tracking/entities.h"
#include "tracking/metric_point.h"
#include "tracking/metric_segment.h"

namespace millwright::tracking {

// The latest point of each metric of a run: the one with the greatest step, then time, then value,
// NaN counting as 0. `latest_metrics` has it, and the index by which runs are searched.
//
// On SQLite a call that logs metrics does not touch them: raising each, and its entry in the index
// of all runs, is most of what logging costs, and of twenty steps logged between two looks the last
// counts. It notes the run in `unraised_runs`. Who reads a run's latest metrics looks at what
// waits as well (AddWaiting); who searches by them, or reads them by SQL, catches up first
// (LatestMetrics), which a loop does as well, so that it is little. On PostgreSQL logging raises
// them at once: a changed row is written anew there either way, and writers run beside each other.

// The latest point of each key, by key.
using LatestPoints = std::vector<std::pair<std::string, MetricPoint>>;
LatestPoints LatestOf(const std::vector<Metric>& metrics);
LatestPoints LatestOf(const PointsByKey& points);

// Whether there may be later points among a run's appends.
bool IsUnraised(storage::Connection& connection, int64_t run_seq);

// Raises the latest metrics of a run to these points where they are later. Only inside Write.
void RaiseLatest(storage::Connection& connection, int64_t run_seq, const LatestPoints& points);

// Brings metrics of a run, read from latest_metrics and sorted by key, up to what waits among its
// appends. With `keys`, only these.
void AddWaiting(storage::Connection& connection, int64_t run_seq,
                const std::unordered_set<std::string>* keys, std::vector<Metric>* metrics);

// Any number may be at work on a database. Thread-safe.
class LatestMetrics {
 public:
  explicit LatestMetrics(storage::Database& database) : database_(database) {}

  // Returns when latest_metrics has everything that was logged before the call, or when it cannot
  // have it because the disk is full: what is there may be searched all the same.
  void CatchUp();

 private:
  bool IsCaughtUp();
  // Takes up to kRaisedRunsMax runs; returns whether there may be more.
  bool RaiseSome();

  storage::Database& database_;
  std::atomic<uint64_t> begun_ = 0;  // passes
  std::mutex turn_;                  // guards what follows
  uint64_t done_ = 0;                // the number of the last pass that came to its end
};

}  // namespace millwright::tracking
