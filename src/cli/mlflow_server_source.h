#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/client.h"
#include "moving/problems.h"
#include "moving/store.h"

namespace millwright::cli {

// A server that speaks MLflow's REST protocol: MLflow itself or a Millwright. Deleted logged models
// are not shown by it.
class MlflowServerSource : public moving::Source {
 public:
  // Throws kUnavailable or kInvalidArgument when no MLflow answers there.
  MlflowServerSource(Client& client, moving::Problems& problems);

  std::string where() const override { return client_.uri(); }
  std::vector<tracking::Experiment> Experiments() override;
  // 0: the protocol has no way to ask.
  int64_t CountRuns(const tracking::Experiment& experiment) override;
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
  // Asks page by page; `each` returns false to stop.
  void SearchRuns(const tracking::Experiment& experiment, const std::string& filter,
                  const std::function<bool(RunGroup)>& each);
  void AddModels(RunGroup* group);
  Json ListFolder(const moving::FileOwner& owner, const std::string& folder);
  std::vector<moving::StoredFile> FilesWithChecksums(const moving::FileOwner& owner);

  Client& client_;
  moving::Problems& problems_;
  bool is_millwright_ = false;
  bool has_logged_models_ = false;  // of a plain MLflow: from 3.0 on
};

}  // namespace millwright::cli
