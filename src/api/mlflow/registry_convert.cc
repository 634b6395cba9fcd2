#include "api/mlflow/registry_convert.h"

#include "api/mlflow/tracking_convert.h"
#include "base/error.h"
#include "tracking/logged_model_store.h"

namespace millwright::api::mlflow {
namespace {

std::vector<KeyValue> ToWireTags(const std::vector<registry::Tag>& tags) {
  std::vector<KeyValue> wire;
  for (const auto& tag : tags) wire.push_back({tag.key, tag.value});
  return wire;
}

WireModelVersion ToWire(const registry::ModelVersion& version) {
  WireModelVersion wire;
  wire.name = version.name.str();
  wire.version = std::to_string(version.version);
  wire.creation_timestamp = version.created_ms;
  wire.last_updated_timestamp = version.updated_ms;
  wire.current_stage = registry::StageName(version.stage);
  wire.description = version.description;
  wire.source = version.source;
  wire.run_id = version.run_id;
  wire.tags = ToWireTags(version.tags);
  wire.run_link = version.run_link;
  wire.aliases = version.aliases;
  return wire;
}

}  // namespace

std::vector<registry::Tag> ToRegistryTags(const std::vector<KeyValue>& tags) {
  std::vector<registry::Tag> result;
  for (const auto& tag : tags) result.push_back({tag.key, tag.value});
  return result;
}

WireRegisteredModel ToWire(const registry::RegisteredModel& model) {
  WireRegisteredModel wire;
  wire.name = model.name.str();
  wire.creation_timestamp = model.created_ms;
  wire.last_updated_timestamp = model.updated_ms;
  if (!model.description.value_or("").empty()) wire.description = model.description;
  for (const auto& version : model.latest_versions) {
    wire.latest_versions.push_back(ToWire(version));
    wire.latest_versions.back().aliases.clear();  // they stand beside the versions here
  }
  wire.tags = ToWireTags(model.tags);
  for (const auto& alias : model.aliases) {
    wire.aliases.push_back({alias.alias, std::to_string(alias.version)});
  }
  return wire;
}

WireModelVersion ToWire(Context& context, const registry::ModelVersion& version, ModelData data) {
  WireModelVersion wire = ToWire(version);
  if (data == ModelData::kLeaveOut || version.model_id.empty()) return wire;
  try {
    const auto model = context.logged_models.Get(tracking::LoggedModelId(version.model_id));
    wire.model_params = ToWireParams(model.params);
    for (const auto& item : model.metrics) {
      WireMetric metric = ToWire(item.metric);
      metric.model_id = version.model_id;
      metric.run_id = item.run_id.str();
      if (!item.metric.dataset_name.empty()) {
        metric.dataset_name = item.metric.dataset_name;
        metric.dataset_digest = item.metric.dataset_digest;
      }
      wire.model_metrics.push_back(std::move(metric));
    }
  } catch (const Error& error) {
    // The version outlives the logged model that it was made from.
    if (error.code() != Code::kNotFound) throw;
  }
  return wire;
}

}  // namespace millwright::api::mlflow
