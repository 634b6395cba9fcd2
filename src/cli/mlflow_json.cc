#include "cli/mlflow_json.h"

#include <charconv>
#include <limits>

#include "base/error.h"

namespace millwright::cli {
namespace {

const Json kNothing = Json::MakeArray();

template <typename T>
std::vector<T> KeyValues(const Json& json, std::string_view field) {
  std::vector<T> items;
  for (const auto& item : ListIn(json, field)) {
    items.push_back({item.GetString("key"), item.GetString("value")});
  }
  return items;
}

std::optional<std::string> OptionalText(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return value->AsString(key);
}

tracking::Lifecycle LifecycleOf(const Json& json) {
  return json.GetString("lifecycle_stage") == "deleted" ? tracking::Lifecycle::kDeleted
                                                        : tracking::Lifecycle::kActive;
}

double ValueOf(const Json& json) {
  const Json* value = json.Find("value");
  if (value == nullptr) return 0;
  if (value->is_number()) return value->AsDouble("value");
  const std::string& text = value->AsString("value");
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

tracking::LoggedModelStatus StatusOf(const Json& json) {
  using enum tracking::LoggedModelStatus;
  const Json* status = json.Find("status");
  if (status == nullptr) return kPending;
  const std::string text = status->is_string() ? status->AsString() : status->Dump();
  if (text.ends_with("READY") || text == "2") return kReady;
  if (text.ends_with("FAILED") || text == "3") return kUploadFailed;
  return kPending;
}

tracking::DatasetInput DatasetFrom(const Json& input) {
  const Json& dataset = input.At("dataset");
  return {{dataset.GetString("name"), dataset.GetString("digest"), dataset.GetString("source_type"),
           dataset.GetString("source"), OptionalText(dataset, "schema"),
           OptionalText(dataset, "profile")},
          KeyValues<tracking::Tag>(input, "tags")};
}

}  // namespace

const Json::Array& ListIn(const Json& json, std::string_view key) {
  const Json* list = json.Find(key);
  return list == nullptr || list->is_null() ? kNothing.AsArray() : list->AsArray(key);
}

int64_t WholeIn(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || value->is_null()) return 0;
  if (!value->is_string()) return value->AsInt(key);
  const std::string& text = value->AsString(key);
  int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw InvalidArgument("{} is no whole number: '{}'", key, text);
  }
  return whole;
}

tracking::Experiment ExperimentFromMlflow(const Json& json) {
  return {.id = tracking::ExperimentId(json.GetString("experiment_id")),
          .name = json.GetString("name"),
          .artifact_location = json.GetString("artifact_location"),
          .lifecycle = LifecycleOf(json),
          .created_ms = WholeIn(json, "creation_time"),
          .updated_ms = WholeIn(json, "last_update_time"),
          .tags = KeyValues<tracking::Tag>(json, "tags")};
}

tracking::Metric MetricFromMlflow(const Json& json) {
  return {json.GetString("key"),           ValueOf(json),
          WholeIn(json, "timestamp"),      WholeIn(json, "step"),
          json.GetString("model_id"),      json.GetString("dataset_name"),
          json.GetString("dataset_digest")};
}

tracking::Run RunFromMlflow(const Json& json) {
  const Json& info = json.At("info");
  tracking::Run run;
  run.info = {
      .id = tracking::RunId(info.GetString("run_id", info.GetString("run_uuid"))),
      .experiment_id = tracking::ExperimentId(info.GetString("experiment_id")),
      .name = info.GetString("run_name"),
      .user_id = info.GetString("user_id"),
      .status =
          tracking::FindRunStatus(info.GetString("status")).value_or(tracking::RunStatus::kRunning),
      .start_ms = WholeIn(info, "start_time"),
      .end_ms = std::nullopt,
      .artifact_uri = info.GetString("artifact_uri"),
      .lifecycle = LifecycleOf(info)};
  if (info.Has("end_time")) run.info.end_ms = WholeIn(info, "end_time");
  if (const Json* data = json.Find("data")) {
    for (const auto& item : ListIn(*data, "metrics")) {
      run.metrics.push_back(MetricFromMlflow(item));
    }
    run.params = KeyValues<tracking::Param>(*data, "params");
    run.tags = KeyValues<tracking::Tag>(*data, "tags");
  }
  if (const Json* inputs = json.Find("inputs")) {
    for (const auto& item : ListIn(*inputs, "dataset_inputs")) {
      run.dataset_inputs.push_back(DatasetFrom(item));
    }
    for (const auto& item : ListIn(*inputs, "model_inputs")) {
      run.model_inputs.emplace_back(item.GetString("model_id"));
    }
  }
  if (const Json* outputs = json.Find("outputs")) {
    for (const auto& item : ListIn(*outputs, "model_outputs")) {
      run.model_outputs.push_back(
          {tracking::LoggedModelId(item.GetString("model_id")), WholeIn(item, "step")});
    }
  }
  return run;
}

tracking::LoggedModel LoggedModelFromMlflow(const Json& json) {
  const Json& info = json.At("info");
  tracking::LoggedModel model;
  model.id = tracking::LoggedModelId(info.GetString("model_id"));
  model.experiment_id = tracking::ExperimentId(info.GetString("experiment_id"));
  model.name = info.GetString("name");
  model.artifact_uri = info.GetString("artifact_uri");
  model.status = StatusOf(info);
  model.model_type = info.GetString("model_type");
  model.source_run_id = info.GetString("source_run_id");
  model.created_ms = WholeIn(info, "creation_timestamp_ms");
  model.updated_ms = WholeIn(info, "last_updated_timestamp_ms");
  model.tags = KeyValues<tracking::Tag>(info, "tags");
  if (const Json* data = json.Find("data")) {
    model.params = KeyValues<tracking::Param>(*data, "params");
    for (const auto& item : ListIn(*data, "metrics")) {
      model.metrics.push_back({MetricFromMlflow(item), tracking::RunId(item.GetString("run_id"))});
    }
  }
  return model;
}

registry::RegisteredModel ModelFromMlflow(const Json& json) {
  registry::RegisteredModel model;
  model.name = registry::ModelName(json.GetString("name"));
  model.description = OptionalText(json, "description");
  model.created_ms = WholeIn(json, "creation_timestamp");
  model.updated_ms = WholeIn(json, "last_updated_timestamp");
  model.tags = KeyValues<registry::Tag>(json, "tags");
  for (const auto& item : ListIn(json, "aliases")) {
    model.aliases.push_back({item.GetString("alias"), WholeIn(item, "version")});
  }
  return model;
}

registry::ModelVersion VersionFromMlflow(const Json& json) {
  registry::ModelVersion version;
  version.name = registry::ModelName(json.GetString("name"));
  version.version = WholeIn(json, "version");
  version.description = OptionalText(json, "description");
  version.source = json.GetString("source");
  version.artifact_uri = version.source;
  version.run_id = json.GetString("run_id");
  version.run_link = json.GetString("run_link");
  version.model_id = json.GetString("model_id");
  version.stage = registry::ParseStage(json.GetString("current_stage", "None"));
  version.created_ms = WholeIn(json, "creation_timestamp");
  version.updated_ms = WholeIn(json, "last_updated_timestamp");
  version.tags = KeyValues<registry::Tag>(json, "tags");
  return version;
}

}  // namespace millwright::cli
