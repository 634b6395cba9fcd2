#include "serving/model_server.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "inference/mlmodel_file.h"
#include "inference/model_package.h"
#include "serving/batch_probe.h"
#include "serving/missing_values.h"
#include "serving/warm_up.h"

namespace millwright::serving {
namespace {

using inference::Engine;
using inference::Tensor;

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

// Of tasks, which are a few for each model that has requests waiting.
constexpr size_t kRunTasksMax = 65'536;

// Runs a version's requests; the engine outlives what is returned.
Batcher::RunModel RunModelOf(Engine& engine) {
  return [&engine](const std::vector<Tensor>& inputs, const Json& params) {
    const auto& signature = engine.signature();
    CheckMissingValues(signature, inputs);
    if (signature.params.empty()) return engine.Run(inputs);
    return engine.RunWithParams(inputs, inference::CompleteParams(signature.params, params));
  };
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
                         const inference::PythonOptions& python, const BatchingOptions& batching,
                         RequestLog* log)
    : python_(python),
      batching_(batching),
      log_(log),
      runs_("model-run", batching.threads, kRunTasksMax) {
  for (const ModelSource& source : sources) {
    auto& versions = sources_[source.name];
    for (const ModelSource& other : versions) {
      if (other.version == source.version) {
        throw AlreadyExists("Model version", source.name + "@" + source.version);
      }
    }
    versions.push_back(source);
  }
  for (const auto& [name, versions] : sources_) models_.emplace(name, LoadVersions(name));
}

ModelServer::Loaded ModelServer::LoadVersion(const ModelSource& source) {
  try {
    Loaded loaded{.engine = inference::LoadModel(source.path, python_),
                  .info = nullptr,
                  .counters = std::make_unique<VersionCounters>(),
                  .batcher = nullptr};
    Engine& engine = *loaded.engine;
    const auto example = WarmUp(source.path, engine);
    BatchProbe probe = ProbeBatches(engine, example);
    probe.is_bounded = IsBounded(source.path);
    BatchRules rules(engine.signature(), probe.rows_are_apart, PaddingOf(source.path));
    loaded.batcher =
        std::make_unique<Batcher>(RunModelOf(engine), std::move(rules), probe, batching_, runs_);
    return loaded;
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("Model {}: {}", source.name, error.message()));
  }
}

std::shared_ptr<const ModelServer::Versions> ModelServer::LoadVersions(const std::string& model) {
  const auto& sources = sources_.at(model);
  std::vector<std::string> names;
  for (const ModelSource& source : sources) names.push_back(source.version);
  auto versions = std::make_shared<Versions>();
  for (const ModelSource& source : sources) {
    Loaded loaded = LoadVersion(source);
    loaded.info = std::make_shared<const ModelInfo>(
        ModelInfo{.name = source.name,
                  .versions = names,
                  .version = source.version,
                  .platform = std::string(PlatformOf(source.path)),
                  .signature = loaded.engine->signature()});
    if (log_ != nullptr) loaded.logged = log_->Register(loaded.info);
    versions->push_back(std::move(loaded));
  }
  return versions;
}

std::vector<std::string> ModelServer::Models() const {
  std::vector<std::string> names;
  std::shared_lock lock(mutex_);
  for (const auto& [name, versions] : models_) names.push_back(name);
  return names;
}

std::shared_ptr<const ModelServer::Versions> ModelServer::VersionsOf(
    const std::string& model) const {
  std::shared_lock lock(mutex_);
  const auto it = models_.find(model);
  if (it != models_.end()) return it->second;
  if (sources_.contains(model)) throw NotFound("Loaded model", model);
  throw NotFound("Model", model);
}

const ModelServer::Loaded& ModelServer::Choose(const Versions& versions, const std::string& model,
                                               const std::string& version) {
  if (version.empty()) return versions.back();
  for (const Loaded& loaded : versions) {
    if (loaded.info->version == version) return loaded;
  }
  throw NotFound("Model version", model + "@" + version);
}

ModelInfoPtr ModelServer::Describe(const std::string& model, const std::string& version) const {
  return Choose(*VersionsOf(model), model, version).info;
}

bool ModelServer::Ready(const std::string& model, const std::string& version) const {
  Choose(*VersionsOf(model), model, version);
  return true;
}

void ModelServer::Infer(InferRequest request, InferDone done) {
  std::shared_ptr<const Versions> versions;
  const Loaded* loaded = nullptr;
  try {
    versions = VersionsOf(request.model);
    loaded = &Choose(*versions, request.model, request.version);
  } catch (const Error& error) {
    done(Unexpected(error));
    return;
  }
  loaded->batcher->Submit(
      std::move(request),
      [this, loaded, done = std::move(done)](InferRequest& asked, Batcher::Finished finished) {
        Answer(*loaded, asked, std::move(finished), done);
      },
      std::move(versions));
}

void ModelServer::Answer(const Loaded& loaded, const InferRequest& request,
                         Batcher::Finished finished, const InferDone& done) const {
  const int64_t latency_us = finished.queue_us + finished.run_us;
  const int64_t now_ms = clock_.NowMs();
  Result<InferAnswer> answer = std::move(finished.outputs).map([&](Batcher::Outputs&& outputs) {
    return InferAnswer{.model_version = loaded.info->version,
                       .revision = "",
                       .outputs = std::move(outputs),
                       .times = {.queue_us = finished.queue_us, .compute_us = finished.run_us}};
  });
  if (answer) {
    loaded.counters->AddSuccess(now_ms, BatchRules::CountRows(request), latency_us, answer->times);
  } else {
    loaded.counters->AddFailure(now_ms, latency_us);
  }
  done(answer);
  if (loaded.logged == nullptr) return;
  log_->Take(*loaded.logged, {.request = request,
                              .answer = answer ? &*answer : nullptr,
                              .error = answer ? std::string_view() : answer.error().message(),
                              .time_ms = now_ms - latency_us / 1000,
                              .latency_us = latency_us});
}

std::vector<VersionStatus> ModelServer::Index() const {
  std::vector<VersionStatus> index;
  std::shared_lock lock(mutex_);
  for (const auto& [name, sources] : sources_) {
    const bool is_loaded = models_.contains(name);
    for (const ModelSource& source : sources) {
      index.push_back(
          {.model = name,
           .version = source.version,
           .state = is_loaded ? VersionStatus::State::kReady : VersionStatus::State::kUnavailable,
           .reason = is_loaded ? "" : "unloaded"});
    }
  }
  return index;
}

std::vector<VersionStatistics> ModelServer::Statistics() const {
  std::vector<VersionStatistics> all;
  std::shared_lock lock(mutex_);
  for (const auto& [name, versions] : models_) {
    for (const Loaded& loaded : *versions) {
      VersionStatistics one{.model = name, .version = loaded.info->version};
      loaded.counters->Read(&one);
      one.batches = loaded.batcher->statistics();
      all.push_back(std::move(one));
    }
  }
  return all;
}

std::string ModelServer::VersionOfLabel(const std::string& model, const std::string& label) const {
  VersionsOf(model);
  throw NotFound("Label", model + ":" + label);
}

void ModelServer::Load(const std::string& model) {
  if (!sources_.contains(model)) throw NotFound("Model", model);
  std::lock_guard loading(loading_);
  auto versions = LoadVersions(model);
  std::lock_guard lock(mutex_);
  models_[model] = std::move(versions);
}

void ModelServer::Unload(const std::string& model) {
  if (!sources_.contains(model)) throw NotFound("Model", model);
  std::shared_ptr<const Versions> last;  // let go of when no request may wait for the lock
  std::lock_guard loading(loading_);
  std::lock_guard lock(mutex_);
  const auto it = models_.find(model);
  if (it == models_.end()) return;
  last = std::move(it->second);
  models_.erase(it);
}

}  // namespace millwright::serving
