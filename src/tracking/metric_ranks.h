#pragma once

#include <cstdint>
#include <mutex>

#include "storage/database.h"

namespace millwright::tracking {

// The values by which searches order and filter runs. A call that logs metrics raises the latest
// values only: moving each in the index of all runs' values costs more than all else that logging
// does, and of twenty steps logged between two searches the index needs the last. So a search first
// lets the index know what was logged since; a loop does so meanwhile, which keeps that little.
// (On PostgreSQL logging does it at once: there a row is written anew either way.)
//
// Any number may be at work on a database. Thread-safe.
class MetricRanks {
 public:
  explicit MetricRanks(storage::Database& database) : database_(database) {}

  // Returns when searches know everything that was logged before the call.
  void CatchUp();

 private:
  bool IsCaughtUp();
  // Takes up to kRankedRunsMax runs; returns whether there may be more.
  bool RankSome();

  storage::Database& database_;
  std::mutex turn_;
  std::mutex count_mutex_;
  uint64_t begun_ = 0;  // passes; guarded by count_mutex_
};

}  // namespace millwright::tracking
