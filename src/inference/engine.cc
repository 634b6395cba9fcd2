#include "inference/engine.h"

#include "base/error.h"
#include "inference/onnx_engine.h"
#include "inference/xgboost_engine.h"
#include "scan/onnx_check.h"

namespace millwright::inference {

std::unique_ptr<Engine> LoadEngine(const std::filesystem::path& path, const OnnxOptions& onnx) {
  if (!std::filesystem::is_regular_file(path)) throw NotFound("Model file", path.string());
  const std::string extension = path.extension().string();
  if (extension == ".onnx") {
    scan::CheckOnnxFile(path);
    return LoadOnnxEngine(path, onnx);
  }
  if (extension == ".ubj" || extension == ".json") return LoadXgboostEngine(path);
  throw InvalidArgument("A model file ends in .onnx, .ubj or .json: {}", path.filename().string());
}

}  // namespace millwright::inference
