#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/lane.h"
#include "inference/python_options.h"
#include "serving/batcher.h"
#include "serving/loaded_version.h"
#include "serving/predictor.h"
#include "serving/request_log.h"

namespace millwright::serving {

// The models of this process. All are loaded and have run once when the constructor returns, so a
// model server that exists is ready. A model can be let go of and loaded again while requests run:
// each keeps what it began with. Another class may fill it instead, as supply::SuppliedModels does:
// it publishes versions that it loaded. Thread-safe.
class ModelServer : public Predictor {
 public:
  // Throws what `load` throws, with the model's name in front; kInvalidArgument when a model
  // fails its warm-up run (WarmUp).
  // `log` takes what is asked and answered, where there is one; it outlives this.
  explicit ModelServer(const std::vector<ModelSource>& sources,
                       const inference::PythonOptions& python = {},
                       const BatchingOptions& batching = {}, RequestLog* log = nullptr,
                       ModelLoader load = inference::LoadModel);

  ~ModelServer() override;
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  std::vector<std::string> Models() const override;
  ModelInfoPtr Describe(const std::string& model, const std::string& version) const override;
  bool Ready(const std::string& model, const std::string& version) const override;
  // A model server has no limits.
  std::optional<Refusal> Admit(const std::string& /*model*/, const Origin& /*origin*/) override {
    return std::nullopt;
  }
  std::optional<Refusal> AdmitRows(const InferRequest& /*request*/) override {
    return std::nullopt;
  }
  void Infer(InferRequest&& request, InferDone done) override;
  bool IsPrompt(const std::string&, Naming) const override { return true; }
  // Whether Infer would have called back within some ten microseconds, when it returns.
  bool AnswersAtOnce(const InferRequest& request) const;
  std::vector<VersionStatus> Index() const override;
  std::vector<VersionStatistics> Statistics() const override;
  // A model server knows no labels.
  std::string VersionOfLabel(const std::string& model, const std::string& label) const override;
  // Stops what models run now and answers all that comes later with an error: the process ends.
  void StopRuns() { watch_.EndAll(); }
  void Load(const std::string& model) override;
  void Unload(const std::string& model) override;

 protected:
  struct Loaded {
    std::shared_ptr<inference::Engine> engine;
    ModelInfoPtr info;
    std::shared_ptr<VersionCounters> counters;
    std::shared_ptr<Batcher> batcher;
    std::shared_ptr<const LoggedModel> logged;  // null where nothing is logged
  };
  // The versions of a model in the order in which they were given; the last one is the default.
  using Versions = std::vector<Loaded>;

  // One without models, for a class that fills it.
  ModelServer(const BatchingOptions& batching, RequestLog* log);
  // Makes these the versions of a model, the last one its default, from the next request on.
  void Publish(const std::string& model, const std::vector<LoadedVersion>& versions);
  // From the next request on, Await says what becomes of requests for the model.
  void Withdraw(const std::string& model);
  // What is published of a model; nullptr when nothing is.
  std::shared_ptr<const Versions> Find(const std::string& model) const;
  // Called by a request for a model of which nothing is published: waits for it or throws.
  virtual std::shared_ptr<const Versions> Await(const std::string& model) const;
  // Whether a request for such a model would be answered in a while: ready is not, and no error.
  virtual bool IsComing(const std::string& model) const;

 private:
  // Counts an answer, gives it and then logs it.
  void Answer(const Loaded& loaded, const InferRequest& request, Batcher::Finished finished,
              const InferDone& done) const;
  // A version's batcher: the one that it has when it is published already.
  std::shared_ptr<Batcher> BatcherOf(const std::string& model, const LoadedVersion& version);
  std::vector<LoadedVersion> LoadVersions(const std::string& model) const;
  std::shared_ptr<const Versions> VersionsOf(const std::string& model) const;
  // The version is part of `versions`.
  static const Loaded& Choose(const Versions& versions, const std::string& model,
                              const std::string& version);

  const SystemClock clock_;
  const inference::PythonOptions python_;
  const ModelLoader load_;
  const BatchingOptions batching_;
  RequestLog* const log_;
  // By name, versions in the order in which they were given.
  std::map<std::string, std::vector<ModelSource>, std::less<>> sources_;
  std::mutex loading_;  // one load at a time; taken before mutex_
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<const Versions>, std::less<>> models_;
  inference::RunWatch watch_;
  Lane runs_;  // ends first: what is queued holds its model
};

}  // namespace millwright::serving
