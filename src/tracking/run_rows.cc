#include "tracking/run_rows.h"

#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/json.h"
#include "tracking/latest_metrics.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;

using RunsBySeq = std::unordered_map<int64_t, Run*>;

// Lists the short keys of runs as a JSON array.
std::string KeysOf(std::vector<RunRow>* rows, RunsBySeq* runs) {
  std::string keys = "[";
  for (auto& row : *rows) {
    if (keys.size() > 1) keys += ',';
    keys += std::to_string(row.seq);
    (*runs)[row.seq] = &row.run;
  }
  return keys + ']';
}

// Readers of rows that begin with a run's short key and a name.
auto ReadMetricOf(const RunsBySeq& runs) {
  return [&runs](const Row& row) {
    runs.at(row.Int(0))
        ->metrics.push_back(
            {row.Text(1), StoredValue(row.Double(2), row.Int(5)), row.Int(3), row.Int(4)});
    return true;
  };
}
auto ReadParamOf(const RunsBySeq& runs) {
  return [&runs](const Row& row) {
    runs.at(row.Int(0))->params.push_back({row.Text(1), row.Text(2)});
    return true;
  };
}
auto ReadTagOf(const RunsBySeq& runs) {
  return [&runs](const Row& row) {
    runs.at(row.Int(0))->tags.push_back({row.Text(1), row.Text(2)});
    return true;
  };
}

// Brings the metrics of those runs up to date that have logged a moment ago.
void AddWaitingOf(Connection& connection, const std::string& keys,
                  const std::unordered_set<std::string>* names, const RunsBySeq& runs) {
  for (const Row& row : connection.Select(sql::kUnraisedOfRuns, {keys})) {
    AddWaiting(connection, row.Int(0), names, &runs.at(row.Int(0))->metrics);
  }
}

void AddInputs(Connection& connection, const std::string& keys, const RunsBySeq& runs) {
  std::map<std::pair<int64_t, int64_t>, size_t> places;
  connection.ForEach(sql::kInputsOfRuns, {keys}, [&](const Row& row) {
    auto& inputs = runs.at(row.Int(0))->dataset_inputs;
    places[{row.Int(0), row.Int(1)}] = inputs.size();
    inputs.push_back({{row.Text(2), row.Text(3), row.Text(4), row.Text(5), row.OptionalText(6),
                       row.OptionalText(7)},
                      {}});
    return true;
  });
  if (places.empty()) return;
  connection.ForEach(sql::kInputTagsOfRuns, {keys}, [&](const Row& row) {
    const auto place = places.find({row.Int(0), row.Int(1)});
    if (place != places.end()) {
      auto& input = runs.at(row.Int(0))->dataset_inputs[place->second];
      input.tags.push_back({row.Text(2), row.Text(3)});
    }
    return true;
  });
}

}  // namespace

double StoredValue(double value, int64_t is_nan) {
  return is_nan != 0 ? std::numeric_limits<double>::quiet_NaN() : value;
}

RunRow ReadRun(const Row& row) {
  RunRow result;
  result.seq = row.Int(0);
  result.run.info = {.id = RunId(row.Text(1)),
                     .experiment_id = ExperimentId(std::to_string(row.Int(2))),
                     .name = row.Text(3),
                     .user_id = row.Text(4),
                     .status = FindRunStatus(row.Text(5)).value_or(RunStatus::kRunning),
                     .start_ms = row.Int(6),
                     .end_ms = row.OptionalInt(7),
                     .artifact_uri = row.Text(8),
                     .lifecycle = ParseLifecycle(row.Text(9))};
  return result;
}

Error NoRun(const RunId& id) {
  return Error(Code::kNotFound, fmt::format("Run with id={} not found", id.str()));
}

RunRow ReadRunById(Connection& connection, const RunId& id) {
  const auto row = connection.SelectOne(sql::kRunById, {id.str()});
  if (!row) throw NoRun(id);
  return ReadRun(*row);
}

void AddRunData(Connection& connection, std::vector<RunRow>* rows) {
  if (rows->empty()) return;
  RunsBySeq runs;
  const std::string keys = KeysOf(rows, &runs);
  connection.ForEach(sql::kMetricsOfRuns, {keys}, ReadMetricOf(runs));
  AddWaitingOf(connection, keys, nullptr, runs);
  connection.ForEach(sql::kParamsOfRuns, {keys}, ReadParamOf(runs));
  connection.ForEach(sql::kTagsOfRuns, {keys}, ReadTagOf(runs));
  AddInputs(connection, keys, runs);
  connection.ForEach(sql::kModelsOfRuns, {keys}, [&](const Row& row) {
    Run& run = *runs.at(row.Int(0));
    if (row.Text(1) == "input") {
      run.model_inputs.emplace_back(row.Text(2));
    } else {
      run.model_outputs.push_back({LoggedModelId(row.Text(2)), row.Int(3)});
    }
    return true;
  });
}

void AddRunColumns(Connection& connection, const RunColumns& columns, std::vector<RunRow>* rows) {
  const size_t count = columns.metrics.size() + columns.params.size() + columns.tags.size();
  if (count > kNamedColumnsMax) {
    throw InvalidArgument("columns may name at most {}, not {}", kNamedColumnsMax, count);
  }
  if (rows->empty()) return;
  RunsBySeq runs;
  const std::string keys = KeysOf(rows, &runs);
  const auto list = [](const std::vector<std::string>& names) {
    Json json = Json::MakeArray();
    for (const auto& name : names) json.Append(name);
    return json.Dump();
  };
  if (!columns.metrics.empty()) {
    connection.ForEach(sql::kNamedMetricsOfRuns, {keys, list(columns.metrics)}, ReadMetricOf(runs));
    const std::unordered_set<std::string> names(columns.metrics.begin(), columns.metrics.end());
    AddWaitingOf(connection, keys, &names, runs);
  }
  if (!columns.params.empty()) {
    connection.ForEach(sql::kNamedParamsOfRuns, {keys, list(columns.params)}, ReadParamOf(runs));
  }
  if (!columns.tags.empty()) {
    connection.ForEach(sql::kNamedTagsOfRuns, {keys, list(columns.tags)}, ReadTagOf(runs));
  }
}

}  // namespace millwright::tracking
