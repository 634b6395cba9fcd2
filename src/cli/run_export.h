#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>

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

// One of the two by the name of its format, which --format gives. Throws kInvalidArgument.
using RunExporter = int64_t (*)(Client&, const Json&, std::ostream&);
RunExporter FindRunExporter(const std::string& format);

// Writes a file that is there when it is whole, and not before. Throws kPermissionDenied and
// kResourceExhausted.
int64_t WriteWhole(const std::filesystem::path& file,
                   const std::function<int64_t(std::ostream&)>& write);

}  // namespace millwright::cli
