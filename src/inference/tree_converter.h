#pragma once

#include <string>
#include <vector>

#include "inference/booster.h"

namespace millwright::inference {

// Converts a booster of trees to an ONNX file's bytes: binary:logistic becomes a
// TreeEnsembleClassifier with outputs label INT64 [N] and probabilities FP32 [N,2],
// reg:squarederror a TreeEnsembleRegressor with the output variable FP32 [N,1]. The input is X FP32
// [N,F], NaN is missing; thresholds stay float32, so that a value falls on the same side as in
// XGBoost. `feature_names` are written to the metadata (the booster's own when empty); all of them
// may be missing. Throws kInvalidArgument for another objective or booster, for categorical
// splits, and when the names are not as many as the features.
std::string ConvertTreesToOnnx(const Booster& booster, std::vector<std::string> feature_names);

}  // namespace millwright::inference
