#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/lane.h"
#include "inference/engine.h"
#include "inference/python_options.h"
#include "serving/batcher.h"
#include "serving/predictor.h"
#include "serving/request_log.h"
#include "serving/version_counters.h"

namespace millwright::serving {

// A model to load: `NAME=PATH` or `NAME@VERSION=PATH`; the version is "1" when it is not given. The
// path is a model's file or folder, as inference::LoadModel takes it.
struct ModelSource {
  std::string name;
  std::string version = "1";
  std::filesystem::path path;
};
// Throws kInvalidArgument for text of another form.
ModelSource ParseModelSource(const std::string& text);

// The models of this process. All are loaded and have run once when the constructor returns, so a
// model server that exists is ready. A model can be let go of and loaded again while requests run:
// each keeps what it began with. Thread-safe.
class ModelServer : public Predictor {
 public:
  // Throws what LoadModel throws, with the model's name in front; kInvalidArgument when a model
  // fails its warm-up run (WarmUp).
  // `log` takes what is asked and answered, where there is one; it outlives this.
  explicit ModelServer(const std::vector<ModelSource>& sources,
                       const inference::PythonOptions& python = {},
                       const BatchingOptions& batching = {}, RequestLog* log = nullptr);

  std::vector<std::string> Models() const override;
  ModelInfoPtr Describe(const std::string& model, const std::string& version) const override;
  bool Ready(const std::string& model, const std::string& version) const override;
  void Infer(InferRequest request, InferDone done) override;
  bool IsPrompt() const override { return true; }
  std::vector<VersionStatus> Index() const override;
  std::vector<VersionStatistics> Statistics() const override;
  // A model server knows no labels.
  std::string VersionOfLabel(const std::string& model, const std::string& label) const override;
  void Load(const std::string& model) override;
  void Unload(const std::string& model) override;

 private:
  struct Loaded;
  // Counts an answer, gives it and then logs it.
  void Answer(const Loaded& loaded, const InferRequest& request, Batcher::Finished finished,
              const InferDone& done) const;
  struct Loaded {
    std::unique_ptr<inference::Engine> engine;
    ModelInfoPtr info;
    std::unique_ptr<VersionCounters> counters;
    std::unique_ptr<Batcher> batcher;
    std::shared_ptr<const LoggedModel> logged;  // null where nothing is logged
  };
  // The versions of a model in the order in which they were given; the last one is the default.
  using Versions = std::vector<Loaded>;

  std::shared_ptr<const Versions> LoadVersions(const std::string& model);
  Loaded LoadVersion(const ModelSource& source);
  std::shared_ptr<const Versions> VersionsOf(const std::string& model) const;
  // The version is part of `versions`.
  static const Loaded& Choose(const Versions& versions, const std::string& model,
                              const std::string& version);

  const SystemClock clock_;
  const inference::PythonOptions python_;
  const BatchingOptions batching_;
  RequestLog* const log_;
  // By name, versions in the order in which they were given.
  std::map<std::string, std::vector<ModelSource>, std::less<>> sources_;
  std::mutex loading_;  // one load at a time; taken before mutex_
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<const Versions>, std::less<>> models_;
  Lane runs_;  // ends first: what is queued holds its model
};

}  // namespace millwright::serving
