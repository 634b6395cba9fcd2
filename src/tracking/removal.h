#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/database.h"
#include "tracking/entities.h"

namespace millwright::tracking {

// What was deleted and can be restored until it is removed for good. Mounted folders' runs and
// experiments are not among it: another tool owns them. All of it works within a transaction.

struct DeletedRun {
  int64_t seq = 0;
  RunId id;
  std::string name;
  ExperimentId experiment_id;
  std::string artifact_uri;
  int64_t deleted_ms = 0;  // 0: it is not
};
struct DeletedExperiment {
  ExperimentId id;
  std::string name;
  std::string artifact_location;
  int64_t deleted_ms = 0;
};
// A logged model that was deleted, or any of an experiment that was.
struct DeletedModel {
  LoggedModelId id;
  std::string name;
  ExperimentId experiment_id;
  std::string artifact_uri;
  int64_t deleted_ms = 0;
};

// In the order of their making, behind `after` (DeletedRun::seq, an experiment's number, a model's
// id).
std::vector<DeletedRun> ListDeletedRuns(storage::Connection& connection, int64_t after,
                                        int64_t max);
std::vector<DeletedExperiment> ListDeletedExperiments(storage::Connection& connection,
                                                      int64_t after, int64_t max);
std::vector<DeletedModel> ListDeletedModels(storage::Connection& connection,
                                            const std::string& after, int64_t max);

// Nothing where FindDeletedRun throws.
std::optional<DeletedRun> LookUpDeletedRun(storage::Connection& connection, const RunId& id);
// Find what is to be removed by its id. Throw kNotFound, and kFailedPrecondition when it is not
// deleted.
DeletedRun FindDeletedRun(storage::Connection& connection, const RunId& id);
DeletedExperiment FindDeletedExperiment(storage::Connection& connection, const ExperimentId& id);
DeletedModel FindDeletedModel(storage::Connection& connection, const LoggedModelId& id);

// The runs of an experiment, deleted or not, behind a DeletedRun::seq, and its models.
std::vector<DeletedRun> RunsOf(storage::Connection& connection, const ExperimentId& id,
                               int64_t after, int64_t max);
std::vector<DeletedModel> ModelsOf(storage::Connection& connection, const ExperimentId& id);

// Remove rows. An experiment's go after those of all its runs and models.
void RemoveRun(storage::Connection& connection, int64_t seq);
void RemoveModel(storage::Connection& connection, const LoggedModelId& id);
void RemoveExperiment(storage::Connection& connection, const ExperimentId& id);

}  // namespace millwright::tracking
