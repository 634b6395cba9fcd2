#include "serving/loaded_version.h"

#include "base/clock.h"
#include "base/error.h"
#include "inference/mlmodel_file.h"
#include "inference/run_limit.h"
#include "serving/warm_up.h"

namespace millwright::serving {
namespace {

constexpr int64_t kTrialMsMax = 60'000;  // of the runs before a version takes traffic

// By what the file or the folder's preferred file is.
std::string_view PlatformOf(const std::filesystem::path& path) {
  if (std::filesystem::exists(path / "ensemble.yaml")) return "ensemble";
  bool is_onnx = path.extension() == ".onnx" || std::filesystem::exists(path / "model.onnx");
  if (std::filesystem::exists(path / "MLmodel")) {
    const auto runtime = inference::RuntimeOf(inference::ReadMlmodelFile(path));
    if (runtime == inference::ModelRuntime::kPython) return "python";
    is_onnx = runtime == inference::ModelRuntime::kOnnx;
  }
  return is_onnx ? "onnxruntime_onnx" : "xgboost";
}

}  // namespace

ModelSource ParseModelSource(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw InvalidArgument("A model is given as NAME=PATH or NAME@VERSION=PATH: {}", text);
  }
  ModelSource source{.name = text.substr(0, equals), .path = text.substr(equals + 1)};
  if (const size_t at = source.name.find('@'); at != std::string::npos) {
    source.version = source.name.substr(at + 1);
    source.name.resize(at);
    if (source.name.empty() || source.version.empty()) {
      throw InvalidArgument("A model is given as NAME=PATH or NAME@VERSION=PATH: {}", text);
    }
  }
  return source;
}

LoadedVersion LoadVersion(const ModelSource& source, const inference::PythonOptions& python,
                          const ModelLoader& load) {
  try {
    std::unique_ptr<inference::Engine> engine = load(source.path, python);
    inference::RunWatch watch;
    const inference::RunLimit limit(watch, {MonotonicUs() + kTrialMsMax * 1000, kTrialMsMax,
                                            "all trial runs before it is served"});
    const auto example = WarmUp(source.path, *engine);
    BatchProbe probe = ProbeBatches(*engine, example);
    probe.is_bounded = IsBounded(source.path);
    BatchRules rules(engine->signature(), probe.rows_are_apart, PaddingOf(source.path));
    return {.version = source.version,
            .platform = std::string(PlatformOf(source.path)),
            .engine = std::move(engine),
            .counters = std::make_shared<VersionCounters>(),
            .rules = std::move(rules),
            .probe = std::make_shared<const BatchProbe>(probe)};
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("Model {}: {}", source.name, error.message()));
  }
}

}  // namespace millwright::serving
