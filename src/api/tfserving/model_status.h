#pragma once

#include <string>
#include <vector>

#include "serving/predictor.h"

// What can be learnt of a model, as protobuf's JSON of TensorFlow Serving's messages.
namespace millwright::api::tfserving {

// GetModelStatusResponse, and KServe's {"name", "ready"} in the same object: the two protocols ask
// by the same path, and each looks at its own fields only.
std::string StatusJson(const std::string& model,
                       const std::vector<serving::VersionStatus>& versions);

// GetModelMetadataResponse with the one signature that every model has.
std::string MetadataJson(const serving::ModelInfo& info);

// Whether a version answers.
bool AnyReady(const std::vector<serving::VersionStatus>& versions);

}  // namespace millwright::api::tfserving
