#pragma once

#include <cstdint>
#include <ostream>

#include "base/json.h"
#include "cli/client.h"

namespace millwright::cli {

// Write a run as MLflow answers it with the whole history of each metric, a page at a time, so that
// a run of any size needs the memory of a page. Return how many points were written.

// One JSON document: {"run": …, "metric_history": {key: [{"value", "timestamp", "step"}, …]}}.
int64_t ExportRunAsJson(Client& client, const Json& run, std::ostream& out);

// One table "kind,key,value,step,timestamp": a row for each field of the run's info, each param,
// each tag and each point of each metric. Quoted as RFC 4180 says.
int64_t ExportRunAsCsv(Client& client, const Json& run, std::ostream& out);

}  // namespace millwright::cli
