#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/database.h"
#include "storage/lease.h"

namespace millwright::tracking {

// When a run's appends are compacted, and how much at a time.
struct CompactionOptions {
  int64_t waiting_points = 16'384;
  int64_t waiting_appends = 256;
  int64_t waiting_ms = 60'000;  // the age of the oldest append, for runs that log little
  // A compaction takes appends until it has these many points or keys, so that its transaction
  // holds others up for milliseconds.
  size_t points_max = 262'144;
  size_t keys_max = 4096;
};

// Turns the appends of runs into segments: sorted, compressed, with summaries for charts. What is
// written is made beside the transaction that puts it in the place of the appends, so that this
// transaction is short. It counts the run's compactions, by which the loser of two that worked on
// the same run finds that its work is void; a crash leaves either the appends or the segments.
// Any number of servers may run one on the same PostgreSQL; a lease lets one of them work at a
// time.
//
// Segments grow by tiers: a new one takes in those before it that are not much larger, so that each
// point is rewritten a few times only and a history has few segments, however slowly it arrives.
// Thread-safe.
class MetricCompactor {
 public:
  MetricCompactor(storage::Database& database, const Clock& clock,
                  const CompactionOptions& options = {});

  // Compacts whatever has waited long enough, until told to stop. Returns how many compactions took
  // place; none when another server's compactor is at work.
  int64_t CompactDue(const std::stop_token& stop = {});
  // Compacts what waits in one run, up to the limits, whoever holds the lease. Returns false when
  // nothing does or another compactor was faster.
  bool CompactRun(int64_t run_seq);

 private:
  int64_t Compact(const std::vector<int64_t>& runs, const std::stop_token& stop);

  storage::Database& database_;
  const Clock& clock_;
  const CompactionOptions options_;
  const storage::Leases leases_;
  const std::string owner_;
};

}  // namespace millwright::tracking
