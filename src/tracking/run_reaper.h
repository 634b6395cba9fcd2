#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"

namespace millwright::tracking {

// Runs that are watched at a time, the oldest first; younger ones come in as these end.
inline constexpr int64_t kRunsWatchedMax = 100'000;
// Runs that one transaction ends.
inline constexpr size_t kEndsPerWriteMax = 100;

// Marks runs dead whose lease was missed: FAILED as of their last sign of life, with the reason in
// the tag millwright.end_reason and an event run.finished that says it too.
//
// No two clocks are compared. A run is dead when this object has looked on, without a break, for as
// long as SilenceMaxMs says, while what is stored as its sign of life stayed the same; that the
// clock jumped, or that servers have different ones, changes nothing. Whatever keeps it from
// looking for a third of a lease (the server was stopped or has just begun, the database was slow
// or gone) makes it begin anew, so that the run has its whole lease to be heard of again.
//
// Any number of servers may run one on the same PostgreSQL: an end is written only where the sign
// of life is still the one that was watched, so that a run is ended once. Used by one thread.
class RunReaper {
 public:
  // Reads a clock in milliseconds that never goes back.
  using SteadyClock = std::function<int64_t()>;

  RunReaper(storage::Database& database, events::EventLog& events, const Clock& clock,
            SteadyClock steady_clock);

  // Looks once and ends what is dead. Returns after how many milliseconds to look again.
  int64_t Look();

 private:
  struct Watched {
    int64_t lease_ms = 0;
    int64_t renewed_ms = 0;  // as it is stored
    int64_t since_ms = 0;    // when this was first seen, on the steady clock
  };
  using WatchedRuns = std::unordered_map<int64_t, Watched>;  // by run_seq

  WatchedRuns ReadLeases(const WatchedRuns& before, int64_t now_ms) const;
  void End(const std::vector<int64_t>& dead, const WatchedRuns& watched, int64_t now_ms);
  void EndRun(storage::Connection& connection, int64_t run_seq, const Watched& run,
              int64_t silence_ms);

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const SteadyClock steady_clock_;
  WatchedRuns watched_;
  int64_t looked_ms_ = 0;
};

}  // namespace millwright::tracking
