#pragma once

#include <vector>

#include "api/mlflow/context.h"
#include "api/mlflow/registry_messages.h"
#include "registry/entities.h"

// Between the protocol's messages and the registry's own types.
namespace millwright::api::mlflow {

std::vector<registry::Tag> ToRegistryTags(const std::vector<KeyValue>& tags);
WireRegisteredModel ToWire(const registry::RegisteredModel& model);
// Adds the params and metrics of the logged model that a version was made from, if it is known.
enum class ModelData { kLeaveOut, kAdd };
WireModelVersion ToWire(Context& context, const registry::ModelVersion& version, ModelData data);

}  // namespace millwright::api::mlflow
