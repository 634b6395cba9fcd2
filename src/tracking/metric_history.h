#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/database.h"
#include "tracking/entities.h"
#include "tracking/metric_point.h"

namespace millwright::tracking {

// A stretch of a history and the point after which the next one begins, if there is one.
struct HistoryPage {
  std::vector<MetricPoint> points;
  std::optional<MetricPoint> next_after;
};

// A sampled stretch of a metric's history over several runs, for charts.
struct IntervalRequest {
  std::vector<RunId> runs;
  std::string key;
  std::optional<int64_t> start_step;
  std::optional<int64_t> end_step;
  int64_t points_max = 320;
};

// Reads what runs have logged of metrics. Each call sees one snapshot, in which every point that
// was acknowledged before is there once, whether it was compacted or not. Thread-safe.
class MetricHistory {
 public:
  explicit MetricHistory(storage::Database& database) : database_(database) {}

  // The points of a metric by time, step and value, at most `limit` (1 …) of those after `after`.
  // A page deep in a history costs what the first one costs. Empty for an unknown run or key.
  HistoryPage Page(const RunId& run, const std::string& key, int64_t limit,
                   const std::optional<MetricPoint>& after = std::nullopt) const;

  // Points of several runs on steps chosen evenly from all of theirs, by step, time and value;
  // first and last of each run are kept. At most kHistoryResultsMax of each run.
  std::vector<std::pair<RunId, std::vector<MetricPoint>>> Interval(
      const IntervalRequest& request) const;

 private:
  storage::Database& database_;
};

}  // namespace millwright::tracking
