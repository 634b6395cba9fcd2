#include "serving/model_server.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "serving/missing_values.h"

namespace millwright::serving {
namespace {

using inference::Tensor;

// Of tasks, which are a few for each model that has requests waiting.
constexpr size_t kRunTasksMax = 65'536;

// Runs a version's requests.
Batcher::RunModel RunModelOf(const std::shared_ptr<inference::Engine>& engine) {
  return [engine](const std::vector<Tensor>& inputs, const Json& params) {
    const auto& signature = engine->signature();
    CheckMissingValues(signature, inputs);
    if (signature.params.empty()) return engine->Run(inputs);
    return engine->RunWithParams(inputs, inference::CompleteParams(signature.params, params));
  };
}

}  // namespace

ModelServer::ModelServer(const std::vector<ModelSource>& sources,
                         const inference::PythonOptions& python, const BatchingOptions& batching,
                         RequestLog* log, ModelLoader load)
    : python_(python),
      load_(std::move(load)),
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
  for (const auto& [name, versions] : sources_) Publish(name, LoadVersions(name));
}

ModelServer::ModelServer(const BatchingOptions& batching, RequestLog* log)
    : batching_(batching), log_(log), runs_("model-run", batching.threads, kRunTasksMax) {}

ModelServer::~ModelServer() {
  StopRuns();
}

std::vector<LoadedVersion> ModelServer::LoadVersions(const std::string& model) const {
  std::vector<LoadedVersion> versions;
  for (const ModelSource& source : sources_.at(model)) {
    versions.push_back(LoadVersion(source, python_, load_));
  }
  return versions;
}

void ModelServer::Publish(const std::string& model, const std::vector<LoadedVersion>& versions) {
  std::vector<std::string> names;
  for (const LoadedVersion& version : versions) names.push_back(version.version);
  auto published = std::make_shared<Versions>();
  for (const LoadedVersion& version : versions) {
    ModelInfo info{.name = model,
                   .versions = names,
                   .version = version.version,
                   .platform = version.platform,
                   .signature = version.engine->signature()};
    Loaded loaded{.engine = version.engine,
                  .info = std::make_shared<const ModelInfo>(std::move(info)),
                  .counters = version.counters,
                  .batcher = BatcherOf(model, version),
                  .logged = nullptr};
    if (log_ != nullptr) loaded.logged = log_->Register(loaded.info);
    published->push_back(std::move(loaded));
  }
  // What was there goes when no request may wait for the lock.
  std::shared_ptr<const Versions> last = std::move(published);
  std::lock_guard lock(mutex_);
  models_[model].swap(last);
}

std::shared_ptr<Batcher> ModelServer::BatcherOf(const std::string& model,
                                                const LoadedVersion& version) {
  if (const auto before = Find(model)) {
    for (const Loaded& loaded : *before) {
      if (loaded.engine == version.engine) return loaded.batcher;
    }
  }
  return std::make_shared<Batcher>(RunModelOf(version.engine), version.rules, *version.probe,
                                   batching_, runs_, watch_);
}

void ModelServer::Withdraw(const std::string& model) {
  std::shared_ptr<const Versions> last;
  std::lock_guard lock(mutex_);
  const auto it = models_.find(model);
  if (it == models_.end()) return;
  last = std::move(it->second);
  models_.erase(it);
}

std::vector<std::string> ModelServer::Models() const {
  std::vector<std::string> names;
  std::shared_lock lock(mutex_);
  for (const auto& [name, versions] : models_) names.push_back(name);
  return names;
}

std::shared_ptr<const ModelServer::Versions> ModelServer::Find(const std::string& model) const {
  std::shared_lock lock(mutex_);
  const auto it = models_.find(model);
  return it == models_.end() ? nullptr : it->second;
}

std::shared_ptr<const ModelServer::Versions> ModelServer::VersionsOf(
    const std::string& model) const {
  auto versions = Find(model);
  return versions != nullptr ? versions : Await(model);
}

std::shared_ptr<const ModelServer::Versions> ModelServer::Await(const std::string& model) const {
  if (sources_.contains(model)) throw NotFound("Loaded model", model);
  throw NotFound("Model", model);
}

bool ModelServer::IsComing(const std::string&) const {
  return false;
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
  if (Find(model) == nullptr && IsComing(model)) return false;
  Choose(*VersionsOf(model), model, version);
  return true;
}

bool ModelServer::AnswersAtOnce(const InferRequest& request) const {
  const auto versions = Find(request.model);
  if (versions == nullptr) return false;
  for (const Loaded& loaded : *versions) {
    if (request.version.empty() || loaded.info->version == request.version) {
      return loaded.batcher->RunsAtOnce(request);
    }
  }
  return false;
}

void ModelServer::Infer(InferRequest&& request, InferDone done) {
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
  const InferTimes& times = finished.times;
  const int64_t latency_us = times.queue_us + times.input_us + times.compute_us + times.output_us;
  const int64_t now_ms = clock_.NowMs();
  Result<InferAnswer> answer = std::move(finished.outputs).map([&](Batcher::Outputs&& outputs) {
    return InferAnswer{.model_version = loaded.info->version,
                       .revision = "",
                       .outputs = std::move(outputs),
                       .times = times};
  });
  if (answer) {
    loaded.counters->AddSuccess(now_ms, CountRows(request), latency_us, answer->times);
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
      one.pending = one.batches.waiting;
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
  Publish(model, LoadVersions(model));
}

void ModelServer::Unload(const std::string& model) {
  if (!sources_.contains(model)) throw NotFound("Model", model);
  std::lock_guard loading(loading_);
  Withdraw(model);
}

}  // namespace millwright::serving
