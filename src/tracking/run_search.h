#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/search_page.h"
#include "tracking/entities.h"

namespace millwright::tracking {

// A search that takes longer is given up with kFailedPrecondition.
inline constexpr int64_t kSearchTimeLimitMs = 10'000;
inline constexpr int64_t kCountMax = 10'000'000;    // of runs
inline constexpr size_t kGroupKeysMax = 4;          // of one grouping
inline constexpr size_t kGroupMetricsMax = 50;      // measured for each group
inline constexpr size_t kGroupsMax = 100'000;       // kept while runs are read
inline constexpr int64_t kGroupResultsMax = 1'000;  // of an answer
inline constexpr int64_t kColumnResultsMax = 1'000;
inline constexpr size_t kNamedColumnsMax = 1'000;  // of what runs logged, in one search

// What runs logged, by name.
struct RunColumns {
  std::vector<std::string> metrics;
  std::vector<std::string> params;
  std::vector<std::string> tags;
};

// The runs that a search is about.
struct RunFilter {
  std::vector<ExperimentId> experiment_ids;
  std::string filter;
  View view = View::kActiveOnly;
};

struct RunSearch {
  std::vector<ExperimentId> experiment_ids;
  std::string filter;
  std::vector<std::string> order_by;  // start time, newest first, when empty
  View view = View::kActiveOnly;
  int64_t limit = 1000;  // 1 … kSearchResultsMax
  std::string page_token = {};
  // What of the runs is read; absent: all that they logged, their inputs and their outputs.
  std::optional<RunColumns> columns = {};
  int64_t time_limit_ms = kSearchTimeLimitMs;
};

struct RunCount {
  int64_t runs = 0;
  bool is_exact = true;  // false: there are more
};

// Groups of runs with equal values of `keys`, written as in a filter ("params.model", "status").
struct RunGrouping {
  RunFilter runs;
  std::vector<std::string> keys;     // 1 … kGroupKeysMax
  std::vector<std::string> metrics;  // whose figures are wanted: keys of metrics
  int64_t limit = 100;               // the largest groups, up to kGroupResultsMax
};

// The figures of a metric's latest values over a group, NaN left out. The standard deviation is
// that of a sample; nothing with fewer than two values.
struct MetricFigures {
  int64_t count = 0;
  double mean = 0;
  double min = 0;
  double max = 0;
  std::optional<double> std;
};

struct RunGroup {
  std::vector<std::optional<std::string>> values;  // of the keys; nothing where a run has none
  int64_t runs = 0;
  std::vector<MetricFigures> metrics;
};

struct RunGroups {
  std::vector<RunGroup> groups;  // the largest first
  int64_t groups_total = 0;
  int64_t runs_total = 0;
};

// Which keys the runs that match have logged.
struct ColumnSearch {
  enum class Kind { kMetric, kParam, kTag };
  RunFilter runs;
  Kind kind = Kind::kMetric;
  std::string text;   // part of the key, minding no case of A to Z; empty: all
  std::string after;  // the last key of the page before
  int64_t limit = 100;
};

}  // namespace millwright::tracking
