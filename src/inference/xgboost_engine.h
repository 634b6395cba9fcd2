#pragma once

#include <filesystem>
#include <memory>

#include "inference/engine.h"

namespace millwright::inference {

// Loads a booster and serves it with the names and shapes that our converter gives its ONNX twin:
// input X FP32 [N,F]; classifiers give label INT64 [N] and probabilities FP32 [N,C], regressors
// variable FP32 [N,1]. NaN is a missing value. Throws kInvalidArgument with XGBoost's reason.
std::unique_ptr<Engine> LoadXgboostEngine(const std::filesystem::path& path);

}  // namespace millwright::inference
