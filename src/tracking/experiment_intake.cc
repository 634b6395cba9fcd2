// Experiments that come from another store.
#include "base/error.h"
#include "base/json.h"
#include "tracking/experiment_store.h"
#include "tracking/intake.h"
#include "tracking/mount.h"
#include "tracking/sql.h"
#include "tracking/taken_rows.h"

namespace millwright::tracking {

using storage::Connection;

int64_t MakeTakenExperiment(Connection& connection, const Experiment& experiment) {
  const std::string lifecycle(LifecycleName(experiment.lifecycle));
  const auto kept = connection.SelectOne(
      sql::kImportExperiment,
      {ExperimentNumber(experiment.id), experiment.name, experiment.artifact_location, lifecycle,
       experiment.created_ms, experiment.updated_ms});
  // PostgreSQL does not look at numbers that were given.
  connection.Select(sql::kNextExperimentNumber);
  if (kept) return kept->Int(0);
  const int64_t number =
      connection
          .SelectOne(sql::kInsertExperiment,
                     {experiment.name, experiment.artifact_location, experiment.created_ms})
          ->Int(0);
  connection.Execute(sql::kImportExperimentTimes,
                     {number, lifecycle, experiment.created_ms, experiment.updated_ms});
  return number;
}

Intake::Intake(storage::Database& database, events::EventLog& events, const Clock& clock,
               std::string artifact_root)
    : database_(database),
      events_(events),
      clock_(clock),
      artifact_root_(std::move(artifact_root)) {}

ExperimentId Intake::Take(const Experiment& experiment, const std::string& who) {
  if (experiment.name.empty()) {
    throw InvalidArgument("An imported experiment needs its name").WithField("name");
  }
  return database_.Write([&](Connection& connection) {
    const auto found = connection.SelectOne(sql::kExperimentByName, {experiment.name});
    if (found && ParseLifecycle(found->Text(3)) == Lifecycle::kDeleted &&
        experiment.lifecycle == Lifecycle::kActive) {
      throw FailedPrecondition(
          "Experiment '{}' is deleted here: restore it, or rename one of the two, then import "
          "again",
          experiment.name);
    }
    const int64_t number = found ? found->Int(0) : MakeTakenExperiment(connection, experiment);
    const ExperimentId id(std::to_string(number));
    RequireNotMounted(connection, id);
    if (!found && experiment.artifact_location.empty()) {
      connection.Execute(sql::kSetExperimentLocation, {number, artifact_root_ + "/" + id.str()});
    }
    for (const auto& tag : experiment.tags) {
      connection.Execute(sql::kSetExperimentTag, {number, tag.key, tag.value});
    }
    if (!found) {
      events_.Append(connection, "experiment.imported", "experiment:" + id.str(), who,
                     Json::Of({{"name", experiment.name}, {"old_id", experiment.id.str()}}));
    }
    return id;
  });
}

}  // namespace millwright::tracking
