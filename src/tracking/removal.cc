#include "tracking/removal.h"

#include "base/error.h"
#include "tracking/experiment_store.h"
#include "tracking/run_rows.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Query;
using storage::Row;
using storage::Value;

constexpr const Query* kRemovalsOfRun[] = {&sql::kRemoveRunParams,
                                           &sql::kRemoveRunTags,
                                           &sql::kRemoveMetricAppends,
                                           &sql::kRemoveMetricSegments,
                                           &sql::kRemoveMetricParts,
                                           &sql::kRemoveMetricCompactions,
                                           &sql::kRemoveLatestMetrics,
                                           &sql::kRemoveRunInputTags,
                                           &sql::kRemoveRunInputs,
                                           &sql::kRemoveRunModels,
                                           &sql::kRemoveMountedRuns,
                                           &sql::kUnmarkUnraised,
                                           &sql::kRemoveRun};
constexpr const Query* kRemovalsOfModel[] = {
    &sql::kRemoveLoggedModelParams, &sql::kRemoveLoggedModelTags, &sql::kRemoveLoggedModelMetrics,
    &sql::kRemoveLoggedModel};
constexpr const Query* kRemovalsOfExperiment[] = {
    &sql::kRemoveDatasets, &sql::kDeleteExperimentTags, &sql::kDeleteExperiment};

DeletedRun RunFromRow(const Row& row) {
  return {.seq = row.Int(0),
          .id = RunId(row.Text(1)),
          .name = row.Text(2),
          .experiment_id = ExperimentId(std::to_string(row.Int(3))),
          .artifact_uri = row.Text(4),
          .deleted_ms = row.OptionalInt(5).value_or(0)};
}

DeletedExperiment ExperimentFromRow(const Row& row) {
  return {.id = ExperimentId(std::to_string(row.Int(0))),
          .name = row.Text(1),
          .artifact_location = row.Text(2),
          .deleted_ms = row.Int(3)};
}

DeletedModel ModelFromRow(const Row& row) {
  return {.id = LoggedModelId(row.Text(0)),
          .name = row.Text(1),
          .experiment_id = ExperimentId(std::to_string(row.Int(2))),
          .artifact_uri = row.Text(3),
          .deleted_ms = row.Int(4)};
}

template <typename FromRow>
auto All(Connection& connection, const Query& query, const std::vector<Value>& parameters,
         FromRow from_row) {
  std::vector<decltype(from_row(std::declval<const Row&>()))> list;
  for (const Row& row : connection.Select(query, parameters)) list.push_back(from_row(row));
  return list;
}

// The row of what must be there.
Row RequireRow(const std::optional<Row>& row, const char* what, const std::string& id) {
  if (!row) throw NotFound(what, id);
  return *row;
}

Error NotDeleted(const char* what, const std::string& id) {
  return FailedPrecondition("{} {} is not deleted; only what is deleted can be removed for good",
                            what, id);
}

}  // namespace

std::vector<DeletedRun> ListDeletedRuns(Connection& connection, int64_t after, int64_t max) {
  return All(connection, sql::kDeletedRuns, {after, max}, RunFromRow);
}

std::vector<DeletedExperiment> ListDeletedExperiments(Connection& connection, int64_t after,
                                                      int64_t max) {
  return All(connection, sql::kDeletedExperiments, {after, max}, ExperimentFromRow);
}

std::vector<DeletedModel> ListDeletedModels(Connection& connection, const std::string& after,
                                            int64_t max) {
  return All(connection, sql::kDeletedLoggedModels, {after, max}, ModelFromRow);
}

std::optional<DeletedRun> LookUpDeletedRun(Connection& connection, const RunId& id) {
  const auto row = connection.SelectOne(sql::kRunToRemove, {id.str()});
  if (!row || row->Text(6) != LifecycleName(Lifecycle::kDeleted)) return std::nullopt;
  return RunFromRow(*row);
}

DeletedRun FindDeletedRun(Connection& connection, const RunId& id) {
  const Row row = RequireRow(connection.SelectOne(sql::kRunToRemove, {id.str()}), "Run", id.str());
  if (row.Text(6) != LifecycleName(Lifecycle::kDeleted)) throw NotDeleted("Run", id.str());
  return RunFromRow(row);
}

DeletedExperiment FindDeletedExperiment(Connection& connection, const ExperimentId& id) {
  const Row row = RequireRow(connection.SelectOne(sql::kExperimentToRemove, {ExperimentNumber(id)}),
                             "Experiment", id.str());
  if (row.Text(4) != LifecycleName(Lifecycle::kDeleted)) throw NotDeleted("Experiment", id.str());
  return ExperimentFromRow(row);
}

DeletedModel FindDeletedModel(Connection& connection, const LoggedModelId& id) {
  const Row row = RequireRow(connection.SelectOne(sql::kLoggedModelToRemove, {id.str()}),
                             "Logged model", id.str());
  if (row.Text(5) != LifecycleName(Lifecycle::kDeleted)) throw NotDeleted("Logged model", id.str());
  return ModelFromRow(row);
}

std::vector<DeletedRun> RunsOf(Connection& connection, const ExperimentId& id, int64_t after,
                               int64_t max) {
  return All(connection, sql::kRunsOfExperiment, {ExperimentNumber(id), after, max}, RunFromRow);
}

std::vector<DeletedModel> ModelsOf(Connection& connection, const ExperimentId& id) {
  return All(connection, sql::kModelsOfExperiment, {ExperimentNumber(id)}, ModelFromRow);
}

void RemoveRun(Connection& connection, int64_t seq) {
  for (const Query* removal : kRemovalsOfRun) connection.Execute(*removal, {seq});
}

void RemoveModel(Connection& connection, const LoggedModelId& id) {
  for (const Query* removal : kRemovalsOfModel) connection.Execute(*removal, {id.str()});
}

void RemoveExperiment(Connection& connection, const ExperimentId& id) {
  const int64_t number = ExperimentNumber(id);
  for (const Query* removal : kRemovalsOfExperiment) connection.Execute(*removal, {number});
}

}  // namespace millwright::tracking
