#include "moving/database_source.h"

#include <cmath>
#include <limits>
#include <map>
#include <unordered_map>

#include "base/error.h"
#include "base/json.h"
#include "moving/local_folder.h"
#include "moving/run_origin.h"
#include "moving/sql.h"
#include "storage/foreign_database.h"

namespace millwright::moving {
namespace {

namespace fs = std::filesystem;
using storage::Row;

// Runs whose params, tags and inputs are in memory at a time. A database of before MLflow 1.27 has
// no index by run, so that each group reads the whole table of points once.
constexpr size_t kRunsAtOnce = 500;

// Without what PostgreSQL's addresses carry: "postgresql://user:secret@host/db?password=…".
std::string WithoutPassword(const std::string& uri) {
  const size_t scheme = uri.find("://");
  std::string shown = uri.substr(0, uri.find('?'));
  const size_t at = shown.rfind('@');
  if (!uri.starts_with("postgres") || scheme == std::string::npos || at == std::string::npos) {
    return shown;
  }
  return shown.substr(0, scheme + 3) + shown.substr(at + 1);
}

std::unique_ptr<storage::Connection> Open(const DatabaseSource::Options& options) {
  return storage::OpenForeignDatabase(options.uri);
}

Schema ReadSchema(storage::Connection& connection, const std::string& where) {
  Schema schema = [&] {
    try {
      return Schema(connection);
    } catch (const Error& error) {
      throw InvalidArgument("{} cannot be read as a database: {}", where, error.message());
    }
  }();
  if (schema.Has("runs", "run_seq")) {
    throw InvalidArgument(
        "{} is a database of Millwright, not of MLflow: start its server and import from its "
        "address (http://…)",
        where);
  }
  for (const char* table : {"experiments", "runs", "metrics", "params", "tags"}) {
    if (schema.Has(table)) continue;
    throw InvalidArgument(
        "{} is no database of MLflow: it has no table {}. Give the file or address that "
        "`mlflow server --backend-store-uri` was given",
        where, table);
  }
  return schema;
}

tracking::Lifecycle LifecycleOf(const std::string& text) {
  return text == "deleted" ? tracking::Lifecycle::kDeleted : tracking::Lifecycle::kActive;
}

fs::path FolderOfSqlite(const std::string& uri) {
  if (!uri.starts_with("sqlite")) return fs::current_path();
  return fs::absolute(uri.substr(uri.find("://") + 4)).parent_path();
}

}  // namespace

DatabaseSource::DatabaseSource(const Options& options, Problems& problems)
    : where_(WithoutPassword(options.uri)),
      problems_(problems),
      connection_(Open(options)),
      schema_(ReadSchema(*connection_, where_)),
      base_(FolderOfSqlite(options.uri)),
      artifact_root_(options.artifact_root.empty() ? base_ / "mlartifacts"
                                                   : options.artifact_root) {}

void DatabaseSource::ForEach(const storage::Query& query,
                             const std::vector<storage::Value>& parameters,
                             const std::function<void(const Row&)>& each) {
  const Schema::Fitted fitted = schema_.Fit(query);
  connection_->ForEach(fitted.query(), parameters, [&](const Row& row) {
    each(row);
    return true;
  });
}

std::vector<tracking::Experiment> DatabaseSource::Experiments() {
  std::vector<tracking::Experiment> experiments;
  ForEach(sql::kForeignExperiments, {}, [&](const Row& row) {
    experiments.push_back({.id = tracking::ExperimentId(std::to_string(row.Int(0))),
                           .name = row.Text(1),
                           .artifact_location = row.Text(2),
                           .lifecycle = LifecycleOf(row.Text(3)),
                           .created_ms = row.OptionalInt(4).value_or(0),
                           .updated_ms = row.OptionalInt(5).value_or(0),
                           .tags = {}});
  });
  if (!schema_.Has("experiment_tags")) return experiments;
  for (auto& experiment : experiments) {
    ForEach(sql::kForeignExperimentTags, {int64_t{std::stoll(experiment.id.str())}},
            [&](const Row& row) {
              experiment.tags.push_back({row.Text(0), row.Text(1)});
            });
  }
  return experiments;
}

int64_t DatabaseSource::CountRuns(const tracking::Experiment& experiment) {
  int64_t count = 0;
  ForEach(sql::kForeignRunCount, {int64_t{std::stoll(experiment.id.str())}},
          [&](const Row& row) { count = row.Int(0); });
  return count;
}

void DatabaseSource::ForEachRunGroup(const tracking::Experiment& experiment,
                                     const std::function<bool(RunGroup)>& each) {
  std::vector<std::string> ids;
  ForEach(sql::kForeignRunIds, {int64_t{std::stoll(experiment.id.str())}},
          [&](const Row& row) { ids.push_back(row.Text(0)); });
  for (size_t from = 0; from < ids.size(); from += kRunsAtOnce) {
    Json group = Json::MakeArray();
    for (size_t i = from; i < std::min(ids.size(), from + kRunsAtOnce); ++i) group.Append(ids[i]);
    if (!each(ReadRuns(experiment, group.Dump()))) return;
  }
}

Source::RunGroup DatabaseSource::ReadRuns(const tracking::Experiment& experiment,
                                          const std::string& ids) {
  RunGroup runs;
  std::unordered_map<std::string, size_t> places;
  std::vector<RunOrigin> origins;
  ForEach(sql::kForeignRuns, {ids}, [&](const Row& row) {
    tracking::Run run;
    run.info = {
        .id = tracking::RunId(row.Text(0)),
        .experiment_id = experiment.id,
        .name = row.Text(1),
        .user_id = row.Text(2),
        .status = tracking::FindRunStatus(row.Text(3)).value_or(tracking::RunStatus::kRunning),
        .start_ms = row.Int(4),
        .end_ms = row.OptionalInt(5),
        .artifact_uri = row.Text(6),
        .lifecycle = LifecycleOf(row.Text(7))};
    places[row.Text(0)] = runs.size();
    origins.push_back({row.Text(8), row.Text(9), row.Text(10), row.Text(11)});
    runs.push_back(std::move(run));
  });
  ForEach(sql::kForeignParams, {ids}, [&](const Row& row) {
    runs[places.at(row.Text(0))].params.push_back({row.Text(1), row.Text(2)});
  });
  ForEach(sql::kForeignTags, {ids}, [&](const Row& row) {
    runs[places.at(row.Text(0))].tags.push_back({row.Text(1), row.Text(2)});
  });
  for (size_t i = 0; i < runs.size(); ++i) {
    tracking::Run& run = runs[i];
    AddOriginTags(origins[i], &run);
    if (!run.info.name.empty()) continue;
    for (const auto& tag : run.tags) {  // where MLflow 1.x keeps the name
      if (tag.key == "mlflow.runName") run.info.name = tag.value;
    }
  }
  AddInputs(ids, &runs);
  return runs;
}

void DatabaseSource::AddInputs(const std::string& ids, RunGroup* runs) {
  if (!schema_.Has("inputs")) return;
  std::unordered_map<std::string, tracking::Run*> by_id;
  for (auto& run : *runs) by_id[run.info.id.str()] = &run;
  std::map<std::string, std::vector<tracking::Tag>> tags;
  ForEach(sql::kForeignInputTags, {ids}, [&](const Row& row) {
    tags[row.Text(1)].push_back({row.Text(2), row.Text(3)});
  });
  ForEach(sql::kForeignDatasetInputs, {ids}, [&](const Row& row) {
    by_id.at(row.Text(0))
        ->dataset_inputs.push_back({{row.Text(2), row.Text(3), row.Text(4), row.Text(5),
                                     row.OptionalText(6), row.OptionalText(7)},
                                    tags[row.Text(1)]});
  });
  ForEach(sql::kForeignRunModels, {ids}, [&](const Row& row) {
    tracking::Run& run = *by_id.at(row.Text(0));
    const tracking::LoggedModelId model(row.Text(2));
    if (row.Text(1) == "RUN_INPUT") {
      run.model_inputs.push_back(model);
    } else {
      run.model_outputs.push_back({model, row.Int(3)});
    }
  });
}

void DatabaseSource::ForEachPoint(const RunGroup& runs,
                                  const std::function<void(size_t index, tracking::Metric)>& each) {
  std::unordered_map<std::string, size_t> places;
  Json ids = Json::MakeArray();
  for (size_t i = 0; i < runs.size(); ++i) {
    places[runs[i].info.id.str()] = i;
    ids.Append(runs[i].info.id.str());
  }
  ForEach(sql::kForeignPoints, {ids.Dump()}, [&](const Row& row) {
    tracking::Metric metric{row.Text(1), row.Double(2), row.Int(3), row.Int(4)};
    if (row.Int(5) != 0) metric.value = std::numeric_limits<double>::quiet_NaN();
    each(places.at(row.Text(0)), std::move(metric));
  });
}

std::vector<tracking::LoggedModel> DatabaseSource::LoggedModels(
    const tracking::Experiment& experiment) {
  std::vector<tracking::LoggedModel> models;
  if (!schema_.Has("logged_models")) return models;
  const std::vector<storage::Value> number = {int64_t{std::stoll(experiment.id.str())}};
  std::unordered_map<std::string, size_t> places;
  ForEach(sql::kForeignLoggedModels, number, [&](const Row& row) {
    tracking::LoggedModel model;
    model.id = tracking::LoggedModelId(row.Text(0));
    model.experiment_id = experiment.id;
    model.name = row.Text(1);
    model.artifact_uri = row.Text(2);
    const bool known = row.Int(3) >= 1 && row.Int(3) <= 3;
    model.status = known ? static_cast<tracking::LoggedModelStatus>(row.Int(3)) : model.status;
    model.model_type = row.Text(4);
    model.source_run_id = row.Text(5);
    model.lifecycle = LifecycleOf(row.Text(6));
    model.created_ms = row.Int(7);
    model.updated_ms = row.Int(8);
    places[row.Text(0)] = models.size();
    models.push_back(std::move(model));
  });
  const auto model_of = [&](const Row& row) -> tracking::LoggedModel* {
    const auto place = places.find(row.Text(0));
    return place == places.end() ? nullptr : &models[place->second];
  };
  ForEach(sql::kForeignLoggedModelParams, number, [&](const Row& row) {
    if (auto* model = model_of(row)) model->params.push_back({row.Text(1), row.Text(2)});
  });
  ForEach(sql::kForeignLoggedModelTags, number, [&](const Row& row) {
    if (auto* model = model_of(row)) model->tags.push_back({row.Text(1), row.Text(2)});
  });
  ForEach(sql::kForeignLoggedModelMetrics, number, [&](const Row& row) {
    auto* model = model_of(row);
    if (model == nullptr) return;
    const double value = row.OptionalDouble(2).value_or(std::numeric_limits<double>::quiet_NaN());
    model->metrics.push_back(
        {{row.Text(1), value, row.Int(3), row.Int(4), row.Text(0), row.Text(6), row.Text(7)},
         tracking::RunId(row.Text(5))});
  });
  return models;
}

std::vector<registry::RegisteredModel> DatabaseSource::Models() {
  std::vector<registry::RegisteredModel> models;
  if (!schema_.Has("registered_models")) return models;
  ForEach(sql::kForeignModels, {}, [&](const Row& row) {
    registry::RegisteredModel model;
    model.name = registry::ModelName(row.Text(0));
    model.description = row.OptionalText(1);
    model.created_ms = row.OptionalInt(2).value_or(0);
    model.updated_ms = row.OptionalInt(3).value_or(model.created_ms);
    models.push_back(std::move(model));
  });
  for (auto& model : models) {
    if (schema_.Has("registered_model_tags")) {
      ForEach(sql::kForeignModelTags, {model.name.str()}, [&](const Row& row) {
        model.tags.push_back({row.Text(0), row.Text(1)});
      });
    }
    if (schema_.Has("registered_model_aliases")) {
      ForEach(sql::kForeignAliases, {model.name.str()}, [&](const Row& row) {
        model.aliases.push_back({row.Text(0), row.Int(1)});
      });
    }
  }
  return models;
}

std::vector<registry::ModelVersion> DatabaseSource::Versions(const registry::ModelName& name) {
  std::vector<registry::ModelVersion> versions;
  if (!schema_.Has("model_versions")) return versions;
  ForEach(sql::kForeignVersions, {name.str()}, [&](const Row& row) {
    registry::ModelVersion version;
    version.name = name;
    version.version = row.Int(0);
    version.description = row.OptionalText(1);
    version.source = row.Text(2);
    version.artifact_uri = row.Text(3);
    version.run_id = row.Text(4);
    version.run_link = row.Text(5);
    version.stage = registry::ParseStage(row.Text(6));
    version.created_ms = row.Int(7);
    version.updated_ms = row.Int(8);
    versions.push_back(std::move(version));
  });
  if (!schema_.Has("model_version_tags")) return versions;
  ForEach(sql::kForeignVersionTags, {name.str()}, [&](const Row& row) {
    for (auto& version : versions) {
      if (version.version == row.Int(0)) version.tags.push_back({row.Text(1), row.Text(2)});
    }
  });
  return versions;
}

std::vector<int64_t> DatabaseSource::DeletedVersions(const registry::ModelName& name) {
  std::vector<int64_t> versions;
  if (!schema_.Has("model_versions")) return versions;
  ForEach(sql::kForeignDeletedVersions, {name.str()},
          [&](const Row& row) { versions.push_back(row.Int(0)); });
  return versions;
}

bool DatabaseSource::CanFetch(const FileOwner& owner) const {
  return LocalFolder(owner.uri, base_, artifact_root_).has_value();
}

std::optional<std::vector<StoredFile>> DatabaseSource::Files(const FileOwner& owner) {
  const auto folder = LocalFolder(owner.uri, base_, artifact_root_);
  if (!folder) return std::nullopt;
  return FilesBelow(*folder, problems_);
}

fs::path DatabaseSource::Fetch(const FileOwner& owner, const std::string& path, const fs::path&) {
  return *LocalFolder(owner.uri, base_, artifact_root_) / path;
}

}  // namespace millwright::moving
