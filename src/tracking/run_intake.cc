// Runs that come from another store whole.
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "tracking/experiment_store.h"
#include "tracking/intake.h"
#include "tracking/metric_append.h"
#include "tracking/mount.h"
#include "tracking/sql.h"
#include "tracking/taken_rows.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Value;

// Makes the run or brings it up to date; returns its short key and whether it was made.
std::pair<int64_t, bool> WriteInfo(Connection& connection, const RunInfo& info, int64_t now_ms,
                                   const std::string& who) {
  const bool known = connection.SelectOne(sql::kRunKey, {info.id.str()}).has_value();
  Value deleted_ms;
  if (info.lifecycle == Lifecycle::kDeleted) deleted_ms = now_ms;
  const auto row = connection.SelectOne(
      sql::kImportRun,
      {info.id.str(), ExperimentNumber(info.experiment_id), info.name, info.user_id,
       std::string(RunStatusName(info.status)), info.start_ms, storage::Optional(info.end_ms),
       info.artifact_uri, std::string(LifecycleName(info.lifecycle)), deleted_ms, who});
  if (!row) {
    throw FailedPrecondition("Run {} is here already, in another experiment than {}", info.id.str(),
                             info.experiment_id.str());
  }
  return {row->Int(0), !known};
}

void WriteInputs(Connection& connection, const Run& run, int64_t run_seq) {
  const int64_t experiment = ExperimentNumber(run.info.experiment_id);
  for (const auto& [dataset, tags] : run.dataset_inputs) {
    connection.Execute(
        sql::kInsertDataset,
        {experiment, dataset.name, dataset.digest, dataset.source_type, dataset.source,
         storage::Optional(dataset.schema), storage::Optional(dataset.profile)});
    const int64_t dataset_seq =
        connection.SelectOne(sql::kDatasetKey, {experiment, dataset.name, dataset.digest})->Int(0);
    connection.Execute(sql::kInsertRunInput, {run_seq, dataset_seq});
    for (const auto& tag : tags) {
      connection.Execute(sql::kInsertRunInputTag, {run_seq, dataset_seq, tag.key, tag.value});
    }
  }
  for (const auto& model : run.model_inputs) {
    connection.Execute(sql::kInsertRunModel, {run_seq, "input", model.str(), int64_t{0}});
  }
  for (const auto& output : run.model_outputs) {
    connection.Execute(sql::kInsertRunModel,
                       {run_seq, "output", output.model_id.str(), output.step});
  }
}

void WriteData(Connection& connection, const Run& run, int64_t run_seq) {
  std::vector<std::vector<Value>> params;
  for (const auto& param : run.params) params.push_back({run_seq, param.key, param.value});
  if (!params.empty()) connection.ExecuteMany(sql::kImportParam, params);
  std::vector<std::vector<Value>> tags;
  for (const auto& tag : run.tags) tags.push_back({run_seq, tag.key, tag.value});
  if (!tags.empty()) connection.ExecuteMany(sql::kSetRunTag, tags);
  WriteInputs(connection, run, run_seq);
}

void RequireRun(const Run& run) {
  if (run.info.id.empty())
    throw InvalidArgument("An imported run needs its id").WithField("run_id");
  for (const auto& metric : run.metrics) {
    if (metric.key.empty()) {
      throw InvalidArgument("Run {} has a metric without a name", run.info.id.str());
    }
  }
}

}  // namespace

TakenRun WriteTakenRun(Connection& connection, const Run& run, int64_t now_ms,
                       const std::string& who) {
  const auto [seq, made] = WriteInfo(connection, run.info, now_ms, who);
  WriteData(connection, run, seq);
  return {seq, made};
}

void Intake::Take(const std::vector<Run>& runs, const std::string& who) {
  std::vector<MetricAppend> appends;
  for (const auto& run : runs) {
    RequireRun(run);
    appends.emplace_back(run.metrics, MetricAppend::Raise::kNow);
  }
  database_.Write([&](Connection& connection) {
    std::set<ExperimentId> experiments;
    for (size_t i = 0; i < runs.size(); ++i) {
      const Run& run = runs[i];
      if (experiments.insert(run.info.experiment_id).second) {
        RequireNotMounted(connection, FindExperiment(connection, run.info.experiment_id).id);
      }
      const TakenRun taken = WriteTakenRun(connection, run, clock_.NowMs(), who);
      appends[i].Write(connection, run.info.id, taken.seq, clock_.NowMs());
      // A history of millions of points comes in parts; it is told once.
      if (!taken.is_new) continue;
      events_.Append(connection, "run.imported", "run:" + run.info.id.str(), who,
                     Json::Of({{"experiment_id", run.info.experiment_id.str()},
                               {"name", run.info.name},
                               {"status", RunStatusName(run.info.status)}}));
    }
  });
}

}  // namespace millwright::tracking
