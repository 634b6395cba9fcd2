#pragma once

#include <filesystem>
#include <memory>

#include "inference/engine.h"

namespace millwright::inference {

// Loads LightGBM's text model and walks its trees in double, as LightGBM does: what its ONNX twin,
// which counts in float, is compared with. Input X FP64 [N,F], NaN is missing; classifiers give
// label INT64 [N] and probabilities FP64 [N,C], regressors variable FP64 [N,1]. Throws
// kInvalidArgument as ReadLightgbm.
std::unique_ptr<Engine> LoadLightgbmEngine(const std::filesystem::path& path);

}  // namespace millwright::inference
