#pragma once

#include "base/json.h"
#include "registry/entities.h"
#include "tracking/entities.h"

namespace millwright::cli {

// MLflow's answers as entities. Whole numbers may be texts, as MLflow's own server writes them, and
// what is absent is empty.
tracking::Experiment ExperimentFromMlflow(const Json& json);
tracking::Run RunFromMlflow(const Json& json);
tracking::Metric MetricFromMlflow(const Json& json);
tracking::LoggedModel LoggedModelFromMlflow(const Json& json);
registry::RegisteredModel ModelFromMlflow(const Json& json);
registry::ModelVersion VersionFromMlflow(const Json& json);

// A list of an answer, empty when absent.
const Json::Array& ListIn(const Json& json, std::string_view key);
int64_t WholeIn(const Json& json, std::string_view key);

}  // namespace millwright::cli
