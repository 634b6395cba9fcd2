#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/mlflow_origin.h"
#include "cli/mlflow_server_source.h"
#include "moving/problems.h"
#include "moving/store.h"

namespace millwright::cli {

// What an export has put on an MLflow server, with the ids that it has in the source.
class MlflowOriginSource : public moving::Source {
 public:
  MlflowOriginSource(Client& client, moving::Problems& problems, MlflowOrigins& origins)
      : server_(client, problems), origins_(origins) {}

  std::string where() const override { return server_.where(); }
  std::vector<tracking::Experiment> Experiments() override { return server_.Experiments(); }
  int64_t CountRuns(const tracking::Experiment& experiment) override {
    return server_.CountRuns(experiment);
  }
  void ForEachRunGroup(const tracking::Experiment& experiment,
                       const std::function<bool(RunGroup)>& each) override;
  void FindRuns(const tracking::Experiment& experiment, const RunGroup& wanted,
                const std::function<void(tracking::Run)>& each) override;
  void ForEachPoint(const RunGroup& runs,
                    const std::function<void(size_t index, tracking::Metric)>& each) override;
  std::vector<tracking::LoggedModel> LoggedModels(const tracking::Experiment& experiment) override;
  std::vector<registry::RegisteredModel> Models() override;
  std::vector<registry::ModelVersion> Versions(const registry::ModelName& name) override;
  bool CanFetch(const moving::FileOwner& owner) const override;
  std::optional<std::vector<moving::StoredFile>> Files(const moving::FileOwner& owner) override;
  std::filesystem::path Fetch(const moving::FileOwner& owner, const std::string& path,
                              const std::filesystem::path& scratch) override;

 private:
  moving::FileOwner There(const moving::FileOwner& owner) const;

  MlflowServerSource server_;
  MlflowOrigins& origins_;
};

// A running server that speaks MLflow's REST protocol, written by its ordinary routes. It gives ids
// itself; tags say where each thing comes from, so that the next export finds it. Params that the
// server has with another value stay as they are there and become problems, as do texts that it
// refuses for their length.
class MlflowServerTarget : public moving::Target {
 public:
  MlflowServerTarget(Client& client, moving::Problems& problems);

  std::string where() const override { return client_.uri(); }
  moving::Source& contents() override { return contents_; }
  bool gives_own_ids() const override { return true; }
  void Announce(const moving::Source::RunGroup& runs) override;
  tracking::Experiment Put(const tracking::Experiment& experiment) override;
  void Put(const moving::Source::RunGroup& runs) override;
  void Put(const tracking::LoggedModel& model) override;
  void Put(const registry::RegisteredModel& model,
           const std::vector<registry::ModelVersion>& versions) override;
  void PutAlias(const registry::ModelName& name, const registry::Alias& alias) override;
  void PutFile(const moving::FileOwner& owner, const std::string& path,
               const std::filesystem::path& file) override;
  std::string FolderUri(const tracking::Experiment& there, const std::string& id,
                        bool is_model) const override;
  void Finish(const tracking::Experiment& experiment, const tracking::Experiment& there) override;

 private:
  // Does it; a refusal becomes a problem.
  void Try(const std::string& what, const std::function<void()>& work);
  void PutRun(const tracking::Run& run);
  void LogBatches(const std::string& id, const tracking::Run& run);
  void LogInputs(const std::string& id, const tracking::Run& run);
  void CreateModel(const tracking::LoggedModel& model);
  // Return the number that it has there.
  int64_t FindOrPutVersion(const registry::ModelVersion& version);
  int64_t PutVersion(const registry::ModelVersion& version);
  int64_t CreateVersion(const registry::ModelVersion& version);
  void CompleteVersion(const registry::ModelVersion& version, int64_t number);
  void DeleteVersion(const registry::ModelName& name, int64_t number);

  Client& client_;
  moving::Problems& problems_;
  mutable MlflowOrigins origins_;
  MlflowOriginSource contents_;
};

}  // namespace millwright::cli
