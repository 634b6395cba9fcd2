#pragma once

#include <cstdint>
#include <string>

#include "storage/database.h"
#include "tracking/entities.h"

namespace millwright::tracking {

// The rows of what comes from another store, within a transaction. What is here already is brought
// up to date: its info, and the tags and params that are given.

struct TakenRun {
  int64_t seq = 0;
  bool is_new = false;
};
// Without its metrics. Throws kFailedPrecondition for a run that is in another experiment here.
TakenRun WriteTakenRun(storage::Connection& connection, const Run& run, int64_t now_ms,
                       const std::string& who);

// With its metrics; returns whether it is new. Throws kFailedPrecondition for a model that is in
// another experiment here.
bool WriteTakenModel(storage::Connection& connection, const LoggedModel& model);

// Makes an experiment, with its own number when that is free; returns the number. The name must be
// free. An empty artifact location stays empty.
int64_t MakeTakenExperiment(storage::Connection& connection, const Experiment& experiment);

}  // namespace millwright::tracking
