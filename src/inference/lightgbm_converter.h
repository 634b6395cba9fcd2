#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millwright::inference {

// A LightGBM model as ONNX.
struct ConvertedTrees {
  std::string onnx;  // the file's bytes
  size_t trees = 0;
  size_t feature_count = 0;
  std::vector<std::string> feature_names;
};

// Converts LightGBM's text model (versions v2 to v4) to ONNX: `binary` and `multiclass` become a
// TreeEnsembleClassifier, `regression`, `regression_l1`, `huber`, `fair`, `quantile` and `mape` a
// TreeEnsembleRegressor. Thresholds are rounded down to float32, which decides for every float32 as
// the double does. Throws kInvalidArgument, naming the line's key, for other objectives,
// categorical splits, linear leaves, zero as missing, and a damaged file.
ConvertedTrees ConvertLightgbmToOnnx(std::string_view text);

}  // namespace millwright::inference
