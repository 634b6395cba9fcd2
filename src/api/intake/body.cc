#include "api/intake/body.h"

#include <cmath>
#include <limits>

#include "base/error.h"

namespace millwright::api::intake {
namespace {

const Json kNothing = Json::MakeArray();

const Json::Array& ListOf(const Json& json, std::string_view key) {
  const Json* list = json.Find(key);
  return list == nullptr || list->is_null() ? kNothing.AsArray() : list->AsArray(key);
}

template <typename T>
std::vector<T> KeyValues(const Json& json, std::string_view field) {
  std::vector<T> items;
  for (const auto& item : ListOf(json, field)) {
    items.push_back({item.At("key").AsString("key"), item.GetString("value")});
    if (items.back().key.empty()) throw InvalidArgument("A key in {} is empty", field);
  }
  return items;
}

std::optional<std::string> OptionalText(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return value->AsString(key);
}

tracking::Lifecycle LifecycleOf(const Json& json) {
  const std::string text = json.GetString("lifecycle_stage", "active");
  if (text != "active" && text != "deleted") {
    throw InvalidArgument("lifecycle_stage is active or deleted, not '{}'", text)
        .WithField("lifecycle_stage");
  }
  return tracking::ParseLifecycle(text);
}

// JSON has no NaN; the writer spells it as a text.
double ValueOf(const Json& json) {
  if (json.is_number()) return json.AsDouble("values");
  const std::string& text = json.AsString("values");
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  throw InvalidArgument("values are numbers, not '{}'", text).WithField("values");
}

int64_t TimeOf(const Json& json) {
  const int64_t time_ms = json.AsInt("timestamps");
  if (time_ms < 0)
    throw InvalidArgument("Timestamps begin at 0, not at {}", time_ms).WithField("timestamps");
  return time_ms;
}

void AddPoints(const Json& column, std::vector<tracking::Metric>* points) {
  const std::string& key = column.At("key").AsString("key");
  const auto& times = column.At("timestamps").AsArray("timestamps");
  const auto& steps = column.At("steps").AsArray("steps");
  const auto& values = column.At("values").AsArray("values");
  if (times.size() != values.size() || steps.size() != values.size()) {
    throw InvalidArgument("Metric {} has {} timestamps, {} steps and {} values", key, times.size(),
                          steps.size(), values.size())
        .WithField("points");
  }
  for (size_t i = 0; i < values.size(); ++i) {
    points->push_back({key, ValueOf(values[i]), TimeOf(times[i]), steps[i].AsInt("steps")});
  }
}

tracking::RunInfo ReadInfo(const Json& json) {
  const std::string status = json.GetString("status", "RUNNING");
  const auto found = tracking::FindRunStatus(status);
  if (!found) throw InvalidArgument("Unknown status '{}'", status).WithField("status");
  const Json* end = json.Find("end_time");
  return {
      .id = tracking::RunId(json.At("run_id").AsString("run_id")),
      .experiment_id = tracking::ExperimentId(json.At("experiment_id").AsString("experiment_id")),
      .name = json.GetString("run_name"),
      .user_id = json.GetString("user_id"),
      .status = *found,
      .start_ms = json.GetInt("start_time"),
      .end_ms = end == nullptr || end->is_null() ? std::nullopt
                                                 : std::optional<int64_t>(end->AsInt("end_time")),
      .artifact_uri = json.GetString("artifact_uri"),
      .lifecycle = LifecycleOf(json)};
}

}  // namespace

tracking::Experiment ReadExperiment(const Json& json) {
  return {.id = tracking::ExperimentId(json.At("experiment_id").AsString("experiment_id")),
          .name = json.At("name").AsString("name"),
          .artifact_location = json.GetString("artifact_location"),
          .lifecycle = LifecycleOf(json),
          .created_ms = json.GetInt("creation_time"),
          .updated_ms = json.GetInt("last_update_time"),
          .tags = KeyValues<tracking::Tag>(json, "tags")};
}

tracking::Run ReadRun(const Json& json) {
  tracking::Run run;
  run.info = ReadInfo(json.At("info"));
  run.params = KeyValues<tracking::Param>(json, "params");
  run.tags = KeyValues<tracking::Tag>(json, "tags");
  for (const auto& input : ListOf(json, "dataset_inputs")) {
    const Json& dataset = input.At("dataset");
    run.dataset_inputs.push_back(
        {{dataset.At("name").AsString("name"), dataset.At("digest").AsString("digest"),
          dataset.GetString("source_type"), dataset.GetString("source"),
          OptionalText(dataset, "schema"), OptionalText(dataset, "profile")},
         KeyValues<tracking::Tag>(input, "tags")});
  }
  for (const auto& id : ListOf(json, "model_inputs")) {
    run.model_inputs.emplace_back(id.AsString("model_inputs"));
  }
  for (const auto& output : ListOf(json, "model_outputs")) {
    run.model_outputs.push_back(
        {tracking::LoggedModelId(output.At("model_id").AsString("model_id")),
         output.GetInt("step")});
  }
  for (const auto& column : ListOf(json, "points")) AddPoints(column, &run.metrics);
  return run;
}

tracking::LoggedModel ReadLoggedModel(const Json& json) {
  tracking::LoggedModel model;
  model.id = tracking::LoggedModelId(json.At("model_id").AsString("model_id"));
  model.experiment_id = tracking::ExperimentId(json.At("experiment_id").AsString("experiment_id"));
  model.name = json.GetString("name");
  model.artifact_uri = json.GetString("artifact_uri");
  const int64_t status = json.GetInt("status", 1);
  if (status < 1 || status > 3) {
    throw InvalidArgument("status is 1, 2 or 3, not {}", status).WithField("status");
  }
  model.status = static_cast<tracking::LoggedModelStatus>(status);
  model.model_type = json.GetString("model_type");
  model.source_run_id = json.GetString("source_run_id");
  model.lifecycle = LifecycleOf(json);
  model.created_ms = json.GetInt("creation_time");
  model.updated_ms = json.GetInt("last_update_time");
  model.params = KeyValues<tracking::Param>(json, "params");
  model.tags = KeyValues<tracking::Tag>(json, "tags");
  for (const auto& item : ListOf(json, "metrics")) {
    model.metrics.push_back({{item.At("key").AsString("key"), ValueOf(item.At("value")),
                              item.GetInt("timestamp"), item.GetInt("step"), model.id.str(),
                              item.GetString("dataset_name"), item.GetString("dataset_digest")},
                             tracking::RunId(item.GetString("run_id"))});
  }
  return model;
}

registry::RegisteredModel ReadModel(const Json& json) {
  registry::RegisteredModel model;
  model.name = registry::ModelName(json.At("name").AsString("name"));
  model.description = OptionalText(json, "description");
  model.created_ms = json.GetInt("creation_time");
  model.updated_ms = json.GetInt("last_update_time");
  model.tags = KeyValues<registry::Tag>(json, "tags");
  return model;
}

registry::ModelVersion ReadVersion(const Json& json) {
  registry::ModelVersion version;
  version.version = json.At("version").AsInt("version");
  if (version.version < 1) throw InvalidArgument("version is 1 or more").WithField("version");
  version.description = OptionalText(json, "description");
  version.source = json.GetString("source");
  version.artifact_uri = json.GetString("artifact_uri");
  version.run_id = json.GetString("run_id");
  version.run_link = json.GetString("run_link");
  version.model_id = json.GetString("model_id");
  version.stage = registry::ParseStage(json.GetString("stage", "None"));
  version.created_ms = json.GetInt("creation_time");
  version.updated_ms = json.GetInt("last_update_time");
  version.tags = KeyValues<registry::Tag>(json, "tags");
  return version;
}

}  // namespace millwright::api::intake
