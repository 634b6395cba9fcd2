#pragma once

#include <vector>

#include "base/json.h"
#include "registry/entities.h"
#include "tracking/entities.h"

namespace millwright::api::intake {

// The bodies of the import routes. They have MLflow's names for everything, and points as columns:
//   {"info": {...}, "params": [{"key", "value"}], "tags": [...],
//    "dataset_inputs": [{"dataset": {...}, "tags": [...]}], "model_inputs": ["m-..."],
//    "model_outputs": [{"model_id", "step"}],
//    "points": [{"key", "timestamps": [...], "steps": [...], "values": [...]}]}
// Each throws kInvalidArgument naming the field that is wrong.
tracking::Experiment ReadExperiment(const Json& json);
tracking::Run ReadRun(const Json& json);
tracking::LoggedModel ReadLoggedModel(const Json& json);
registry::RegisteredModel ReadModel(const Json& json);
registry::ModelVersion ReadVersion(const Json& json);

}  // namespace millwright::api::intake
