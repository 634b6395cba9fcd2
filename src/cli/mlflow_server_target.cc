#include "cli/mlflow_server_target.h"

#include <algorithm>

#include "base/error.h"
#include "cli/mlflow_batch.h"
#include "cli/mlflow_json.h"

namespace millwright::cli {
namespace {

constexpr std::string_view kProxied = "mlflow-artifacts:/";
constexpr std::string_view kParentTag = "mlflow.parentRunId";
// Numbers of versions that are missing in the source, for each of which a version is made and
// deleted so that the next one has its number.
constexpr int64_t kNumbersSkippedMax = 1000;
constexpr size_t kModelParamsPerRequest = 100;

bool IsRefusal(const Error& error) {
  return error.code() == Code::kInvalidArgument || error.code() == Code::kFailedPrecondition ||
         error.code() == Code::kAlreadyExists || error.code() == Code::kNotFound;
}

template <typename T>
Json KeyValues(const std::vector<T>& items) {
  Json list = Json::MakeArray();
  for (const auto& item : items) list.Append(Json::Of({{"key", item.key}, {"value", item.value}}));
  return list;
}

Json TagJson(std::string_view key, const std::string& value) {
  return Json::Of({{"key", key}, {"value", value}});
}

std::string StatusName(tracking::LoggedModelStatus status) {
  using enum tracking::LoggedModelStatus;
  if (status == kReady) return "LOGGED_MODEL_READY";
  return status == kUploadFailed ? "LOGGED_MODEL_UPLOAD_FAILED" : "LOGGED_MODEL_PENDING";
}

Json DatasetJson(const tracking::DatasetInput& input) {
  const auto& [dataset, tags] = input;
  Json json = Json::Of({{"name", dataset.name},
                        {"digest", dataset.digest},
                        {"source_type", dataset.source_type},
                        {"source", dataset.source}});
  if (dataset.schema) json.Set("schema", *dataset.schema);
  if (dataset.profile) json.Set("profile", *dataset.profile);
  return Json::Of({{"dataset", json}, {"tags", KeyValues(tags)}});
}

}  // namespace

MlflowServerTarget::MlflowServerTarget(Client& client, moving::Problems& problems)
    : client_(client),
      problems_(problems),
      origins_(client),
      contents_(client, problems, origins_) {}

void MlflowServerTarget::Try(const std::string& what, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    if (!IsRefusal(error)) throw;
    problems_.Add(what, error.message());
  }
}

tracking::Experiment MlflowServerTarget::Put(const tracking::Experiment& experiment) {
  tracking::Experiment there;
  try {
    there = ExperimentFromMlflow(
        client_.MlflowGet("experiments/get-by-name", {{"experiment_name", experiment.name}})
            .At("experiment"));
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) throw;
    const Json made =
        client_.MlflowPost("experiments/create", Json::Of({{"name", experiment.name}}));
    there.id = tracking::ExperimentId(made.GetString("experiment_id"));
  }
  if (there.lifecycle == tracking::Lifecycle::kDeleted) {
    // Runs are written to an active one only; Finish deletes it again.
    if (experiment.lifecycle != tracking::Lifecycle::kDeleted) {
      throw FailedPrecondition("It is deleted there; restore it or delete it for good");
    }
    client_.MlflowPost("experiments/restore", Json::Of({{"experiment_id", there.id.str()}}));
  }
  origins_.Learn(there.id);
  for (const auto& tag : experiment.tags) {
    Try(fmt::format("tag '{}' of experiment '{}'", tag.key, experiment.name), [&] {
      client_.MlflowPost(
          "experiments/set-experiment-tag",
          Json::Of({{"experiment_id", there.id.str()}, {"key", tag.key}, {"value", tag.value}}));
    });
  }
  there.name = experiment.name;
  return there;
}

void MlflowServerTarget::Finish(const tracking::Experiment& experiment,
                                const tracking::Experiment& there) {
  if (experiment.lifecycle != tracking::Lifecycle::kDeleted) return;
  // Also when others use it there: what is deleted can be restored, and the next export does so.
  client_.MlflowPost("experiments/delete", Json::Of({{"experiment_id", there.id.str()}}));
}

void MlflowServerTarget::Announce(const moving::Source::RunGroup& runs) {
  for (const auto& run : runs) {
    const std::string& origin = run.info.id.str();
    if (origins_.FindRun(origin) != nullptr) continue;
    Json tags = Json::MakeArray();
    tags.Append(TagJson(kOriginRun, origin));
    if (run.info.name.empty()) tags.Append(TagJson(kOriginUnnamed, "true"));
    const tracking::Run made = RunFromMlflow(
        client_
            .MlflowPost("runs/create", Json::Of({{"experiment_id", run.info.experiment_id.str()},
                                                 {"user_id", run.info.user_id},
                                                 {"start_time", run.info.start_ms},
                                                 {"run_name", run.info.name},
                                                 {"tags", tags}}))
            .At("run"));
    origins_.AddRun(origin, {made.info.id.str(), made.info.artifact_uri});
  }
}

void MlflowServerTarget::Put(const moving::Source::RunGroup& runs) {
  Announce(runs);
  for (const auto& run : runs) PutRun(run);
}

void MlflowServerTarget::PutRun(const tracking::Run& run) {
  Counterpart& there = *origins_.FindRun(run.info.id.str());
  if (there.is_deleted) {
    client_.MlflowPost("runs/restore", Json::Of({{"run_id", there.id}}));
    there.is_deleted = false;
  }
  LogBatches(there.id, run);
  LogInputs(there.id, run);
  Json update =
      Json::Of({{"run_id", there.id}, {"status", tracking::RunStatusName(run.info.status)}});
  if (run.info.end_ms) update.Set("end_time", *run.info.end_ms);
  if (!run.info.name.empty()) update.Set("run_name", run.info.name);
  client_.MlflowPost("runs/update", update);
  if (run.info.lifecycle == tracking::Lifecycle::kDeleted) {
    client_.MlflowPost("runs/delete", Json::Of({{"run_id", there.id}}));
    there.is_deleted = true;
  }
}

void MlflowServerTarget::LogBatches(const std::string& id, const tracking::Run& run) {
  tracking::Run there = run;
  for (auto& tag : there.tags) {
    if (tag.key == kParentTag) tag.value = origins_.RunIdThere(tag.value);
  }
  for (auto& metric : there.metrics) {
    if (!metric.model_id.empty()) metric.model_id = origins_.ModelIdThere(metric.model_id);
  }
  ForEachMlflowBatch(there, [&](const MlflowBatch& batch) {
    try {
      client_.MlflowPost("runs/log-batch", batch.ToJson(id));
      return;
    } catch (const Error& error) {
      if (!IsRefusal(error)) throw;
    }
    // One of them is at fault: each alone shows which.
    const std::string of = " of run " + run.info.id.str();
    for (const auto& one : batch.Singles()) {
      Try(one.what + of, [&] { client_.MlflowPost("runs/log-batch", one.batch.ToJson(id)); });
    }
  });
}

void MlflowServerTarget::LogInputs(const std::string& id, const tracking::Run& run) {
  const std::string of = " of run " + run.info.id.str();
  if (!run.dataset_inputs.empty()) {
    Json datasets = Json::MakeArray();
    for (const auto& input : run.dataset_inputs) datasets.Append(DatasetJson(input));
    Try("datasets" + of, [&] {
      client_.MlflowPost("runs/log-inputs", Json::Of({{"run_id", id}, {"datasets", datasets}}));
    });
  }
  if (!run.model_inputs.empty()) {
    Json models = Json::MakeArray();
    for (const auto& model : run.model_inputs) {
      models.Append(Json::Of({{"model_id", origins_.ModelIdThere(model.str())}}));
    }
    Try("input models" + of, [&] {
      client_.MlflowPost("runs/log-inputs", Json::Of({{"run_id", id}, {"models", models}}));
    });
  }
  if (!run.model_outputs.empty()) {
    Json models = Json::MakeArray();
    for (const auto& output : run.model_outputs) {
      models.Append(Json::Of(
          {{"model_id", origins_.ModelIdThere(output.model_id.str())}, {"step", output.step}}));
    }
    Try("output models" + of, [&] {
      client_.MlflowPost("runs/outputs", Json::Of({{"run_id", id}, {"models", models}}));
    });
  }
}

void MlflowServerTarget::Put(const tracking::LoggedModel& model) {
  const std::string& origin = model.id.str();
  if (origins_.FindModel(origin) == nullptr) {
    CreateModel(model);
  } else if (!model.tags.empty()) {
    client_.Patch("/api/2.0/mlflow/logged-models/" + origins_.ModelIdThere(origin) + "/tags",
                  Json::Of({{"tags", KeyValues(model.tags)}}));
  }
  const std::string id = origins_.ModelIdThere(origin);
  for (const auto& [metric, run_id] : model.metrics) {
    tracking::Metric there = metric;
    there.model_id = id;
    Json metrics = Json::MakeArray();
    metrics.Append(MlflowMetricJson(there));
    Try(fmt::format("metric '{}' of logged model {}", metric.key, origin), [&] {
      client_.MlflowPost("runs/log-batch", Json::Of({{"run_id", origins_.RunIdThere(run_id.str())},
                                                     {"metrics", metrics}}));
    });
  }
  if (model.status == tracking::LoggedModelStatus::kPending) return;
  client_.Patch("/api/2.0/mlflow/logged-models/" + id,
                Json::Of({{"model_id", id}, {"status", StatusName(model.status)}}));
}

void MlflowServerTarget::CreateModel(const tracking::LoggedModel& model) {
  auto tags = model.tags;
  tags.push_back({std::string(kOriginModel), model.id.str()});
  auto first = model.params;
  first.resize(std::min(first.size(), kModelParamsPerRequest));
  const Json made = client_.MlflowPost(
      "logged-models", Json::Of({{"experiment_id", model.experiment_id.str()},
                                 {"name", model.name},
                                 {"model_type", model.model_type},
                                 {"source_run_id", origins_.RunIdThere(model.source_run_id)},
                                 {"params", KeyValues(first)},
                                 {"tags", KeyValues(tags)}}));
  const auto there = LoggedModelFromMlflow(made.At("model"));
  origins_.AddModel(model.id.str(), {there.id.str(), there.artifact_uri});
  for (size_t at = first.size(); at < model.params.size(); at += kModelParamsPerRequest) {
    const auto begin = model.params.begin() + static_cast<ptrdiff_t>(at);
    const auto end =
        begin + static_cast<ptrdiff_t>(std::min(kModelParamsPerRequest, model.params.size() - at));
    client_.MlflowPost("logged-models/" + there.id.str() + "/params",
                       Json::Of({{"params", KeyValues(std::vector(begin, end))}}));
  }
}

void MlflowServerTarget::Put(const registry::RegisteredModel& model,
                             const std::vector<registry::ModelVersion>& versions) {
  const std::string& name = model.name.str();
  Json body = Json::Of({{"name", name}});
  if (model.description) body.Set("description", *model.description);
  try {
    client_.MlflowGet("registered-models/get", {{"name", name}});
    if (model.description) client_.Patch("/api/2.0/mlflow/registered-models/update", body);
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) throw;
    client_.MlflowPost("registered-models/create", body);
  }
  for (const auto& tag : model.tags) {
    Try(fmt::format("tag '{}' of '{}'", tag.key, name), [&] {
      client_.MlflowPost("registered-models/set-tag",
                         Json::Of({{"name", name}, {"key", tag.key}, {"value", tag.value}}));
    });
  }
  for (const auto& version : versions) {
    Try(fmt::format("version {} of '{}'", version.version, name),
        [&] { CompleteVersion(version, FindOrPutVersion(version)); });
  }
}

int64_t MlflowServerTarget::FindOrPutVersion(const registry::ModelVersion& version) {
  const auto& known = origins_.VersionNumbers(version.name);
  const auto found = known.find(version.version);
  if (found == known.end()) return PutVersion(version);
  if (found->second >= version.version) return found->second;
  DeleteVersion(version.name, found->second);  // an export was broken off before it came so far
  return PutVersion(version);
}

void MlflowServerTarget::CompleteVersion(const registry::ModelVersion& version, int64_t number) {
  const std::string& name = version.name.str();
  if (number != version.version) {
    problems_.Add(fmt::format("version {} of '{}'", version.version, name),
                  fmt::format("has the number {} there", number));
  }
  const std::string text = std::to_string(number);
  for (const auto& tag : version.tags) {
    client_.MlflowPost(
        "model-versions/set-tag",
        Json::Of({{"name", name}, {"version", text}, {"key", tag.key}, {"value", tag.value}}));
  }
  if (version.description) {
    client_.Patch(
        "/api/2.0/mlflow/model-versions/update",
        Json::Of({{"name", name}, {"version", text}, {"description", *version.description}}));
  }
  client_.MlflowPost("model-versions/transition-stage",
                     Json::Of({{"name", name},
                               {"version", text},
                               {"stage", registry::StageName(version.stage)},
                               {"archive_existing_versions", false}}));
}

// Makes versions until one has the number that it has in the source; those before are deleted.
int64_t MlflowServerTarget::PutVersion(const registry::ModelVersion& version) {
  for (int64_t tries = 0;; ++tries) {
    const int64_t number = CreateVersion(version);
    if (number >= version.version || tries == kNumbersSkippedMax) {
      origins_.AddVersion(version.name, version.version, number);
      return number;
    }
    DeleteVersion(version.name, number);
  }
}

void MlflowServerTarget::DeleteVersion(const registry::ModelName& name, int64_t number) {
  client_.Delete("/api/2.0/mlflow/model-versions/delete",
                 Json::Of({{"name", name.str()}, {"version", std::to_string(number)}}));
}

int64_t MlflowServerTarget::CreateVersion(const registry::ModelVersion& version) {
  Json tags = Json::MakeArray();
  tags.Append(TagJson(kOriginVersion, std::to_string(version.version)));
  tags.Append(TagJson(kOriginSource, version.source));
  Json body = Json::Of({{"name", version.name.str()},
                        {"source", origins_.VersionSourceThere(version)},
                        {"run_id", origins_.RunIdThere(version.run_id)},
                        {"run_link", version.run_link},
                        {"tags", tags}});
  if (!version.model_id.empty()) body.Set("model_id", origins_.ModelIdThere(version.model_id));
  const Json made = client_.MlflowPost("model-versions/create", body);
  return VersionFromMlflow(made.At("model_version")).version;
}

void MlflowServerTarget::PutAlias(const registry::ModelName& name, const registry::Alias& alias) {
  const auto& numbers = origins_.VersionNumbers(name);
  const auto found = numbers.find(alias.version);
  if (found == numbers.end()) throw NotFound("Model version", std::to_string(alias.version));
  client_.MlflowPost("registered-models/alias",
                     Json::Of({{"name", name.str()},
                               {"alias", alias.alias},
                               {"version", std::to_string(found->second)}}));
}

void MlflowServerTarget::PutFile(const moving::FileOwner& owner, const std::string& path,
                                 const std::filesystem::path& file) {
  const Counterpart* there =
      owner.is_model ? origins_.FindModel(owner.id) : origins_.FindRun(owner.id);
  if (there == nullptr) throw NotFound(owner.is_model ? "Logged model" : "Run", owner.id);
  if (!there->artifact_uri.starts_with(kProxied)) {
    throw FailedPrecondition("The server does not keep {} itself; files cannot be sent there",
                             there->artifact_uri);
  }
  client_.Upload("/api/2.0/mlflow-artifacts/artifacts/" +
                     fetch::PercentEncode(there->artifact_uri.substr(kProxied.size()) + "/" + path,
                                          fetch::Slashes::kKeep),
                 file);
}

std::string MlflowServerTarget::FolderUri(const tracking::Experiment& /*there*/,
                                          const std::string& id, bool is_model) const {
  const Counterpart* known = is_model ? origins_.FindModel(id) : origins_.FindRun(id);
  return known == nullptr ? "" : known->artifact_uri;
}

}  // namespace millwright::cli
