#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "analytics/session.h"
#include "loop/policy.h"
#include "monitoring/log_store.h"

namespace millwright::loop {

// Which columns of a table of predictions are what, and what of it is meant. An empty name stands
// for the log's own: id, time_ms or event_time_ms, model_version and outcome; what is left over is
// an input.
struct HistoryColumns {
  std::string id;
  std::string time;
  std::string version;
  std::string output;  // that the policy's label rule reads
  std::string outcome;
  int64_t from_ms = 0;  // event time; what happened before is left out
};

// A log of predictions that is over, as a server keeps it: for questions about what would have
// been.
struct History {
  monitoring::LogSnapshot snapshot;
  int64_t from_ms = 0;  // event time
  int64_t to_ms = 0;    // after the last
  int64_t predictions = 0;
  int64_t outcomes = 0;
};

// Opens one of
// - the folder of a server's log (DATA/predictions, with predictions/ENDPOINT/… and
//   outcomes/ENDPOINT/…): what has been turned into Parquet of the policy's endpoint,
// - a folder of Parquet files, or a Parquet, CSV or JSON lines file, as `predictions export` writes
//   it or with columns that are named.
// The session is used as long as the history is. Throws kInvalidArgument, also where there is no
// prediction.
History OpenHistory(analytics::Session& session, const std::filesystem::path& path,
                    const Policy& policy, const HistoryColumns& columns);

}  // namespace millwright::loop
