#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/error.h"
#include "storage/database.h"
#include "tracking/entities.h"
#include "tracking/run_search.h"

namespace millwright::tracking {

// A run as read so far and its row key.
struct RunRow {
  int64_t seq = 0;
  Run run;
};

// What is thrown when there is no such run, in MLflow's words.
Error NoRun(const RunId& id);

// Reads the ten columns of run_by_id and search_runs.
RunRow ReadRun(const storage::Row& row);
// Finds a run, a deleted one too, or throws kNotFound.
RunRow ReadRunById(storage::Connection& connection, const RunId& id);

// Adds metrics, params, tags, inputs and outputs to runs, with one query each for all.
void AddRunData(storage::Connection& connection, std::vector<RunRow>* rows);

// Adds the named metrics, params and tags alone. Throws kInvalidArgument when more than
// kNamedColumnsMax are named.
void AddRunColumns(storage::Connection& connection, const RunColumns& columns,
                   std::vector<RunRow>* rows);

// Restores a metric's value from how it is stored: NaN is a mark beside 0.
double StoredValue(double value, int64_t is_nan);

}  // namespace millwright::tracking
