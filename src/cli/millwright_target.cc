#include "cli/millwright_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "base/error.h"

namespace millwright::cli {
namespace {

// Runs of one request and about how many bytes of params, tags and points.
constexpr size_t kRunsPerRequest = 500;
constexpr size_t kBodyBytes = 8 << 20;
// Their files are scanned before the answer.
constexpr size_t kVersionsPerRequest = 10;

void WriteKeyValues(JsonWriter& json, std::string_view field, const auto& items) {
  json.Key(field).BeginArray();
  for (const auto& item : items) {
    json.BeginObject().Field("key", item.key).Field("value", item.value).EndObject();
  }
  json.EndArray();
}

void WriteInfo(JsonWriter& json, const tracking::RunInfo& info) {
  json.Key("info")
      .BeginObject()
      .Field("run_id", info.id.str())
      .Field("experiment_id", info.experiment_id.str())
      .Field("run_name", info.name)
      .Field("user_id", info.user_id)
      .Field("status", tracking::RunStatusName(info.status))
      .Field("start_time", info.start_ms);
  if (info.end_ms) json.Field("end_time", *info.end_ms);
  json.Field("artifact_uri", info.artifact_uri)
      .Field("lifecycle_stage", tracking::LifecycleName(info.lifecycle))
      .EndObject();
}

void WriteInputs(JsonWriter& json, const tracking::Run& run) {
  json.Key("dataset_inputs").BeginArray();
  for (const auto& [dataset, tags] : run.dataset_inputs) {
    json.BeginObject().Key("dataset").BeginObject();
    json.Field("name", dataset.name)
        .Field("digest", dataset.digest)
        .Field("source_type", dataset.source_type)
        .Field("source", dataset.source);
    if (dataset.schema) json.Field("schema", *dataset.schema);
    if (dataset.profile) json.Field("profile", *dataset.profile);
    json.EndObject();
    WriteKeyValues(json, "tags", tags);
    json.EndObject();
  }
  json.EndArray().Key("model_inputs").BeginArray();
  for (const auto& model : run.model_inputs) json.String(model.str());
  json.EndArray().Key("model_outputs").BeginArray();
  for (const auto& output : run.model_outputs) {
    json.BeginObject()
        .Field("model_id", output.model_id.str())
        .Field("step", output.step)
        .EndObject();
  }
  json.EndArray();
}

// Points as columns, a metric at a time.
void WritePoints(JsonWriter& json, const std::vector<tracking::Metric>& points) {
  std::map<std::string_view, std::vector<const tracking::Metric*>> by_key;
  for (const auto& point : points) by_key[point.key].push_back(&point);
  json.Key("points").BeginArray();
  for (const auto& [key, column] : by_key) {
    json.BeginObject().Field("key", key).Key("timestamps").BeginArray();
    for (const auto* point : column) json.Int(point->timestamp_ms);
    json.EndArray().Key("steps").BeginArray();
    for (const auto* point : column) json.Int(point->step);
    json.EndArray().Key("values").BeginArray();
    for (const auto* point : column) json.Double(point->value);
    json.EndArray().EndObject();
  }
  json.EndArray();
}

void WriteRun(JsonWriter& json, const tracking::Run& run) {
  json.BeginObject();
  WriteInfo(json, run.info);
  WriteKeyValues(json, "params", run.params);
  WriteKeyValues(json, "tags", run.tags);
  WriteInputs(json, run);
  WritePoints(json, run.metrics);
  json.EndObject();
}

std::string ModelBody(const tracking::LoggedModel& model) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject()
      .Field("model_id", model.id.str())
      .Field("experiment_id", model.experiment_id.str())
      .Field("name", model.name)
      .Field("artifact_uri", model.artifact_uri)
      .Field("status", static_cast<int64_t>(model.status))
      .Field("model_type", model.model_type)
      .Field("source_run_id", model.source_run_id)
      .Field("lifecycle_stage", tracking::LifecycleName(model.lifecycle))
      .Field("creation_time", model.created_ms)
      .Field("last_update_time", model.updated_ms);
  WriteKeyValues(json, "params", model.params);
  WriteKeyValues(json, "tags", model.tags);
  json.Key("metrics").BeginArray();
  for (const auto& [metric, run_id] : model.metrics) {
    json.BeginObject()
        .Field("key", metric.key)
        .Field("value", metric.value)
        .Field("timestamp", metric.timestamp_ms)
        .Field("step", metric.step)
        .Field("dataset_name", metric.dataset_name)
        .Field("dataset_digest", metric.dataset_digest)
        .Field("run_id", run_id.str())
        .EndObject();
  }
  json.EndArray().EndObject();
  return body;
}

void WriteVersion(JsonWriter& json, const registry::ModelVersion& version) {
  json.BeginObject().Field("version", version.version);
  if (version.description) json.Field("description", *version.description);
  json.Field("source", version.source)
      .Field("artifact_uri", version.artifact_uri)
      .Field("run_id", version.run_id)
      .Field("run_link", version.run_link)
      .Field("model_id", version.model_id)
      .Field("stage", registry::StageName(version.stage))
      .Field("creation_time", version.created_ms)
      .Field("last_update_time", version.updated_ms);
  WriteKeyValues(json, "tags", version.tags);
  json.EndObject();
}

std::string VersionsBody(const registry::RegisteredModel& model,
                         std::span<const registry::ModelVersion> versions) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject().Key("model").BeginObject().Field("name", model.name.str());
  if (model.description) json.Field("description", *model.description);
  json.Field("creation_time", model.created_ms).Field("last_update_time", model.updated_ms);
  WriteKeyValues(json, "tags", model.tags);
  json.EndObject().Key("versions").BeginArray();
  for (const auto& version : versions) WriteVersion(json, version);
  json.EndArray().EndObject();
  return body;
}

// What the server says of versions that did not come in as they were.
void AddHeld(const Json& answer, std::string_view field, std::string_view prefix,
             const registry::ModelName& model, moving::Problems* problems) {
  const Json* versions = answer.Find(field);
  if (versions == nullptr) return;
  for (const Json& version : versions->AsArray(field)) {
    problems->Add(fmt::format("version {} of '{}'", version.GetInt("version"), model.str()),
                  fmt::format("{}{}", prefix, version.GetString("reason")));
  }
}

std::string Post(Client& client, const std::string& path, std::string body) {
  return client
      .Send({.method = "POST",
             .url = path,
             .headers = {{"Content-Type", "application/json"}},
             .body = std::move(body),
             .timeout_ms = 300'000,
             .retries = 3})  // every import is safe to repeat
      .body;
}

}  // namespace

MillwrightTarget::MillwrightTarget(Client& client, moving::Problems& problems)
    : client_(client), problems_(problems), contents_(client, problems) {
  const auto answer = client_.SendRaw({.url = "/api/v1/overview"});
  if (answer.status == 404) {
    throw InvalidArgument(
        "{} is no Millwright server; runs keep their ids only there. Start one with "
        "`millwright server` and name it by --uri or MILLWRIGHT_URI",
        client_.uri());
  }
}

tracking::Experiment MillwrightTarget::Put(const tracking::Experiment& experiment) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject()
      .Field("experiment_id", experiment.id.str())
      .Field("name", experiment.name)
      .Field("lifecycle_stage", tracking::LifecycleName(experiment.lifecycle))
      .Field("creation_time", experiment.created_ms)
      .Field("last_update_time", experiment.updated_ms);
  WriteKeyValues(json, "tags", experiment.tags);
  json.EndObject();
  const Json answer = ParseJson(Post(client_, "/api/v1/import/experiments", std::move(body)));
  tracking::Experiment there = experiment;
  there.id = tracking::ExperimentId(answer.GetString("experiment_id"));
  there.artifact_location = answer.GetString("artifact_location");
  return there;
}

void MillwrightTarget::Put(const moving::Source::RunGroup& runs) {
  for (size_t at = 0; at < runs.size();) {
    std::string body;
    JsonWriter json(&body);
    json.BeginObject().Key("runs").BeginArray();
    for (size_t count = 0; at < runs.size() && count < kRunsPerRequest && body.size() < kBodyBytes;
         ++at, ++count) {
      WriteRun(json, runs[at]);
    }
    json.EndArray().EndObject();
    Post(client_, "/api/v1/import/runs", std::move(body));
  }
}

void MillwrightTarget::Put(const tracking::LoggedModel& model) {
  Post(client_, "/api/v1/import/logged-models", ModelBody(model));
}

void MillwrightTarget::Put(const registry::RegisteredModel& model,
                           const std::vector<registry::ModelVersion>& versions) {
  size_t at = 0;
  do {  // a model without versions is put as well
    const size_t count = std::min(kVersionsPerRequest, versions.size() - at);
    const Json answer = ParseJson(
        Post(client_, "/api/v1/import/models", VersionsBody(model, {versions.data() + at, count})));
    AddHeld(answer, "refused", "", model.name, &problems_);
    AddHeld(answer, "quarantined", "it is in quarantine: ", model.name, &problems_);
    at += count;
  } while (at < versions.size());
}

void MillwrightTarget::PutDeleted(const registry::RegisteredModel& model,
                                  const std::vector<int64_t>& versions) {
  Json body = ParseJson(VersionsBody(model, {}));
  Json deleted = Json::MakeArray();
  for (const int64_t version : versions) deleted.Append(version);
  Post(client_, "/api/v1/import/models", body.Set("deleted_versions", deleted).Dump());
}

void MillwrightTarget::PutAlias(const registry::ModelName& name, const registry::Alias& alias) {
  client_.MlflowPost("registered-models/alias",
                     Json::Of({{"name", name.str()},
                               {"alias", alias.alias},
                               {"version", std::to_string(alias.version)}}));
}

void MillwrightTarget::PutFile(const moving::FileOwner& owner, const std::string& path,
                               const std::filesystem::path& file) {
  constexpr std::string_view kProxied = "mlflow-artifacts:/";
  if (!owner.uri.starts_with(kProxied)) {
    throw FailedPrecondition("The server does not keep {} itself; files cannot be sent there",
                             owner.uri);
  }
  client_.Upload("/api/2.0/mlflow-artifacts/artifacts/" +
                     fetch::PercentEncode(owner.uri.substr(kProxied.size()) + "/" + path,
                                          fetch::Slashes::kKeep),
                 file);
}

std::string MillwrightTarget::FolderUri(const tracking::Experiment& there, const std::string& id,
                                        bool is_model) const {
  return there.artifact_location + (is_model ? "/models/" : "/") + id + "/artifacts";
}

}  // namespace millwright::cli
