#include "tracking/metric_ranks.h"

#include <vector>

#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;

// A transaction takes so many runs, or fewer when they have many metrics: it holds other writers up
// for some 20 ms.
constexpr int64_t kRankedRunsMax = 256;
constexpr int64_t kRankedRowsMax = 4096;

}  // namespace

void MetricRanks::CatchUp() {
  const auto passes = [this] {
    const std::lock_guard lock(count_mutex_);
    return begun_;
  };
  const uint64_t before = passes();
  const std::lock_guard turn(turn_);
  // A pass that began after this call, and is over now, has done what this call wants.
  if (passes() > before || IsCaughtUp()) return;
  {
    const std::lock_guard lock(count_mutex_);
    ++begun_;
  }
  while (RankSome()) {
  }
}

bool MetricRanks::IsCaughtUp() {
  return database_.Read([](Connection& connection) {
    return !connection.SelectOne(sql::kUnrankedRuns, {int64_t{1}});
  });
}

bool MetricRanks::RankSome() {
  return database_.Write([](Connection& connection) {
    const std::vector<Row> runs = connection.Select(sql::kUnrankedRuns, {kRankedRunsMax});
    int64_t rows = 0;
    for (size_t i = 0; i < runs.size(); ++i) {
      if (rows >= kRankedRowsMax) return true;
      const int64_t run_seq = runs[i].Int(0);
      rows += connection.Execute(sql::kRankMetrics, {run_seq});
      connection.Execute(sql::kUnmarkUnranked, {run_seq});
    }
    return static_cast<int64_t>(runs.size()) == kRankedRunsMax;
  });
}

}  // namespace millwright::tracking
