// Logged models that come from another store.
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "tracking/experiment_store.h"
#include "tracking/intake.h"
#include "tracking/mount.h"
#include "tracking/sql.h"
#include "tracking/taken_rows.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Value;

std::vector<std::vector<Value>> MetricRows(const LoggedModel& model) {
  std::vector<std::vector<Value>> rows;
  for (const auto& [metric, run_id] : model.metrics) {
    const bool nan = std::isnan(metric.value);
    rows.push_back({model.id.str(), metric.key, run_id.str(), metric.dataset_name,
                    metric.dataset_digest, metric.timestamp_ms, metric.step,
                    nan ? 0.0 : metric.value, int64_t{nan}});
  }
  return rows;
}

}  // namespace

bool WriteTakenModel(Connection& connection, const LoggedModel& model) {
  const bool known = connection.SelectOne(sql::kLoggedModelById, {model.id.str()}).has_value();
  const int64_t written = connection.Execute(
      sql::kImportLoggedModel,
      {model.id.str(), ExperimentNumber(model.experiment_id), model.name, model.artifact_uri,
       static_cast<int64_t>(model.status), model.model_type, model.source_run_id,
       std::string(LifecycleName(model.lifecycle)), model.created_ms, model.updated_ms});
  if (written == 0) {
    throw FailedPrecondition("Logged model {} is here already, in another experiment than {}",
                             model.id.str(), model.experiment_id.str());
  }
  for (const auto& param : model.params) {
    connection.Execute(sql::kInsertLoggedModelParam, {model.id.str(), param.key, param.value});
  }
  for (const auto& tag : model.tags) {
    connection.Execute(sql::kSetLoggedModelTag, {model.id.str(), tag.key, tag.value});
  }
  const auto rows = MetricRows(model);
  if (!rows.empty()) connection.ExecuteMany(sql::kSetLoggedModelMetric, rows);
  return !known;
}

void Intake::Take(const LoggedModel& model, const std::string& who) {
  if (model.id.empty()) {
    throw InvalidArgument("An imported model needs its id").WithField("model_id");
  }
  database_.Write([&](Connection& connection) {
    RequireNotMounted(connection, FindExperiment(connection, model.experiment_id).id);
    if (!WriteTakenModel(connection, model)) return;
    events_.Append(connection, "logged_model.imported", "logged_model:" + model.id.str(), who,
                   Json::Of({{"experiment_id", model.experiment_id.str()}, {"name", model.name}}));
  });
}

}  // namespace millwright::tracking
