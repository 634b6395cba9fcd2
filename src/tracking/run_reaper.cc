#include "tracking/run_reaper.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/json.h"
#include "tracking/entities.h"
#include "tracking/run_lease.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;

// How often a lease is looked at, which is by how much a sign of life, and a death, is seen late.
constexpr int64_t kLooksPerLease = 6;
constexpr int64_t kWaitMsMin = 100;
constexpr int64_t kWaitMsMax = 30'000;
// While there is no lease: how soon the first one is seen.
constexpr int64_t kIdleWaitMs = 1'000;

// What does not take longer is no break in watching: two looks in the time that it should be.
int64_t BreakMs(int64_t lease_ms) {
  return 2 * lease_ms / kLooksPerLease;
}

constexpr const char* kWho = "system";

}  // namespace

RunReaper::RunReaper(storage::Database& database, events::EventLog& events, const Clock& clock,
                     SteadyClock steady_clock)
    : database_(database), events_(events), clock_(clock), steady_clock_(std::move(steady_clock)) {}

int64_t RunReaper::Look() {
  const int64_t now_ms = steady_clock_();
  // Should this throw, nothing is watched any more, and the next look begins anew.
  WatchedRuns watched = ReadLeases(std::exchange(watched_, {}), now_ms);
  std::vector<int64_t> dead;
  int64_t wait_ms = watched.empty() ? kIdleWaitMs : kWaitMsMax;
  for (const auto& [run_seq, run] : watched) {
    wait_ms = std::min(wait_ms, run.lease_ms / kLooksPerLease);
    if (now_ms - run.since_ms >= SilenceMaxMs(run.lease_ms)) dead.push_back(run_seq);
  }
  End(dead, watched, now_ms);
  watched_ = std::move(watched);
  looked_ms_ = now_ms;
  return std::max(wait_ms, kWaitMsMin);
}

RunReaper::WatchedRuns RunReaper::ReadLeases(const WatchedRuns& before, int64_t now_ms) const {
  const int64_t gap_ms = now_ms - looked_ms_;
  WatchedRuns watched;
  database_.Read([&](Connection& connection) {
    watched.clear();
    connection.ForEach(sql::kLeasedRuns, {kRunsWatchedMax}, [&](const Row& row) {
      Watched run{row.Int(1), row.Int(2), now_ms};
      const auto known = before.find(row.Int(0));
      if (known != before.end() && known->second.renewed_ms == run.renewed_ms &&
          gap_ms <= BreakMs(run.lease_ms)) {
        run.since_ms = known->second.since_ms;
      }
      watched.emplace(row.Int(0), run);
      return true;
    });
  });
  return watched;
}

void RunReaper::End(const std::vector<int64_t>& dead, const WatchedRuns& watched, int64_t now_ms) {
  for (size_t begin = 0; begin < dead.size(); begin += kEndsPerWriteMax) {
    const size_t end = std::min(dead.size(), begin + kEndsPerWriteMax);
    database_.Write([&](Connection& connection) {
      const int64_t delay_ms = steady_clock_() - now_ms;
      for (size_t i = begin; i < end; ++i) {
        const Watched& run = watched.at(dead[i]);
        // Signs of life may have waited as long as this did, and some of their senders given up.
        if (delay_ms > BreakMs(run.lease_ms)) continue;
        EndRun(connection, dead[i], run, now_ms - run.since_ms);
      }
    });
  }
}

void RunReaper::EndRun(Connection& connection, int64_t run_seq, const Watched& run,
                       int64_t silence_ms) {
  const auto row =
      connection.SelectOne(sql::kEndSilentRun, {run_seq, run.renewed_ms, clock_.NowMs()});
  if (!row) return;  // it was heard of, or another server was faster
  // A sign of life may be that much younger than the one that is stored.
  const int64_t certain_ms = silence_ms - run.lease_ms / 3;
  const std::string reason = fmt::format("no sign of life for {} s (lease of {} s)",
                                         certain_ms / 1000, run.lease_ms / 1000);
  connection.Execute(sql::kSetRunTag, {run_seq, std::string(kEndReasonTag), reason});
  events_.Append(connection, "run.finished", "run:" + row->Text(0), kWho,
                 Json::Of({{"status", RunStatusName(RunStatus::kFailed)},
                           {"experiment_id", std::to_string(row->Int(1))},
                           {"name", row->Text(2)},
                           {"reason", reason}}));
}

}  // namespace millwright::tracking
