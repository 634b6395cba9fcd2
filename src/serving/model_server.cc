#include "serving/model_server.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "inference/mlmodel_file.h"
#include "inference/model_package.h"
#include "serving/cell.h"
#include "serving/missing_values.h"

namespace millwright::serving {
namespace {

using inference::Engine;
using inference::Tensor;
using inference::TensorSpec;

// By what the file or the folder's preferred file is.
std::string_view PlatformOf(const std::filesystem::path& path) {
  bool is_onnx = path.extension() == ".onnx" || std::filesystem::exists(path / "model.onnx");
  if (std::filesystem::exists(path / "MLmodel")) {
    const auto runtime = inference::RuntimeOf(inference::ReadMlmodelFile(path));
    if (runtime == inference::ModelRuntime::kPython) return "python";
    is_onnx = runtime == inference::ModelRuntime::kOnnx;
  }
  return is_onnx ? "onnxruntime_onnx" : "xgboost";
}

// One row of zeros for every input; open dimensions are 1.
std::vector<Tensor> WarmUpInputs(const inference::Signature& signature) {
  std::vector<Tensor> inputs;
  for (const TensorSpec& spec : signature.inputs) {
    Tensor tensor{.name = spec.name, .type = spec.type, .shape = spec.shape};
    for (int64_t& size : tensor.shape) size = size < 0 ? 1 : size;
    ResizeTensor(tensor.element_count(), &tensor);
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

bool OnlyRowsAreOpen(const inference::Signature& signature) {
  for (const TensorSpec& spec : signature.inputs) {
    for (size_t i = 1; i < spec.shape.size(); ++i) {
      if (spec.shape[i] < 0) return false;
    }
  }
  return true;
}

void WarmUp(const ModelSource& source, Engine& engine) {
  try {
    engine.Run(WarmUpInputs(engine.signature()));
  } catch (const Error& error) {
    // Zeros of size 1 may be nonsense where other dimensions are open, and an encoder may know no
    // category 0 or ""; then the run proves nothing.
    if (error.code() != Code::kInvalidArgument && OnlyRowsAreOpen(engine.signature())) {
      throw InvalidArgument("Model {} failed its warm-up run: {}", source.name, error.message());
    }
    Log(LogLevel::kWarning, "serving", "the warm-up run failed",
        {{"model", source.name}, {"reason", error.message()}});
  }
}

std::unique_ptr<Engine> Load(const ModelSource& source, const inference::PythonOptions& python) {
  try {
    return inference::LoadModel(source.path, python);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("Model {}: {}", source.name, error.message()));
  }
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

ModelServer::ModelServer(const std::vector<ModelSource>& sources,
                         const inference::PythonOptions& python) {
  for (const ModelSource& source : sources) {
    Loaded loaded{.engine = Load(source, python), .info = nullptr};
    WarmUp(source, *loaded.engine);
    auto& versions = models_[source.name];
    ModelInfo info{.name = source.name,
                   .version = source.version,
                   .platform = std::string(PlatformOf(source.path)),
                   .signature = loaded.engine->signature()};
    for (const Loaded& other : versions) {
      if (other.info->version == source.version) {
        throw AlreadyExists("Model version", source.name + "@" + source.version);
      }
    }
    loaded.info = std::make_shared<const ModelInfo>(std::move(info));
    versions.push_back(std::move(loaded));
  }
  for (auto& [name, versions] : models_) {
    std::vector<std::string> names;
    for (const Loaded& loaded : versions) names.push_back(loaded.info->version);
    for (Loaded& loaded : versions) {
      ModelInfo info = *loaded.info;
      info.versions = names;
      loaded.info = std::make_shared<const ModelInfo>(std::move(info));
    }
  }
}

std::vector<std::string> ModelServer::Models() const {
  std::vector<std::string> names;
  for (const auto& [name, versions] : models_) names.push_back(name);
  return names;
}

const ModelServer::Loaded& ModelServer::Find(const std::string& model,
                                             const std::string& version) const {
  const auto it = models_.find(model);
  if (it == models_.end()) throw NotFound("Model", model);
  if (version.empty()) return it->second.back();
  for (const Loaded& loaded : it->second) {
    if (loaded.info->version == version) return loaded;
  }
  throw NotFound("Model version", model + "@" + version);
}

ModelInfoPtr ModelServer::Describe(const std::string& model, const std::string& version) const {
  return Find(model, version).info;
}

bool ModelServer::Ready(const std::string& model, const std::string& version) const {
  Find(model, version);
  return true;
}

InferAnswer ModelServer::Run(const InferRequest& request) const {
  const Loaded& loaded = Find(request.model, request.version);
  CheckMissingValues(loaded.info->signature, request.inputs);
  return {.model_version = loaded.info->version,
          .revision = "",
          .outputs = loaded.engine->Run(request.inputs)};
}

void ModelServer::Infer(InferRequest request, const InferDone& done) {
  Result<InferAnswer> answer = [&]() -> Result<InferAnswer> {
    try {
      return Run(request);
    } catch (const Error& error) {
      return Unexpected(error);
    }
  }();
  done(answer);
}

}  // namespace millwright::serving
