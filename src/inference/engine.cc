#include "inference/engine.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "inference/lightgbm_engine.h"
#include "inference/lightgbm_model.h"
#include "inference/linear_engine.h"
#include "inference/onnx_engine.h"
#include "inference/sklearn_converter.h"
#include "inference/xgboost_engine.h"
#include "scan/onnx_check.h"

namespace millwright::inference {
namespace {

constexpr char kPickleMark = '\x80';

std::unique_ptr<Engine> LoadJson(const std::filesystem::path& path) {
  try {
    return LoadXgboostEngine(path);
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument || !IsSklearnExport(ParseJson(ReadFile(path)))) {
      throw;
    }
  }
  throw InvalidArgument(
      "An export of scikit-learn holds what was fitted and does not answer: convert it, and "
      "compare "
      "with the folder of the model that it was made of: {}",
      path.filename().string());
}

}  // namespace

std::unique_ptr<Engine> LoadEngine(const std::filesystem::path& path, const OnnxOptions& onnx) {
  if (!std::filesystem::is_regular_file(path)) throw NotFound("Model file", path.string());
  const std::string extension = path.extension().string();
  if (extension == ".onnx") {
    const scan::OnnxFacts facts = scan::CheckOnnxFile(path);
    OnnxOptions chosen = onnx;
    // A forest alone has nothing to be joined with and there is no other way to compute it: all
    // that the passes over a graph do is to read its trees.
    if (facts.node_count == 1 && facts.ml_node_count == 1) {
      chosen.optimization = OnnxOptions::Optimization::kNone;
    }
    auto engine = LoadOnnxEngine(path, chosen);
    // Who says how the runtime shall run the model wants the runtime to run it.
    return onnx == OnnxOptions() ? WithLinearModel(path, std::move(engine)) : std::move(engine);
  }
  if (extension == ".ubj") return LoadXgboostEngine(path);
  if (extension == ".json") return LoadJson(path);
  const std::string name = path.filename().string();
  const MappedFile file(path);
  if (IsLightgbmText(file.bytes())) return LoadLightgbmEngine(path);
  if (file.bytes().starts_with(kPickleMark)) {
    throw InvalidArgument(
        "A pickle alone is not loaded, for that runs what is in it: name its model's folder, whose "
        "MLmodel says what it is: {}",
        name);
  }
  throw InvalidArgument(
      "A model file ends in .onnx, .ubj or .json, or is a text model of LightGBM: {}", name);
}

}  // namespace millwright::inference
