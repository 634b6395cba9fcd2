#pragma once

#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/mlflow_server_source.h"
#include "moving/problems.h"
#include "moving/store.h"

namespace millwright::cli {

// A running Millwright, written by its import routes: ids, times and states are kept.
class MillwrightTarget : public moving::Target {
 public:
  // Throws kInvalidArgument when another server answers there.
  MillwrightTarget(Client& client, moving::Problems& problems);

  std::string where() const override { return client_.uri(); }
  moving::Source& contents() override { return contents_; }
  tracking::Experiment Put(const tracking::Experiment& experiment) override;
  void Put(const moving::Source::RunGroup& runs) override;
  void Put(const tracking::LoggedModel& model) override;
  void Put(const registry::RegisteredModel& model,
           const std::vector<registry::ModelVersion>& versions) override;
  void PutDeleted(const registry::RegisteredModel& model,
                  const std::vector<int64_t>& versions) override;
  void PutAlias(const registry::ModelName& name, const registry::Alias& alias) override;
  void PutFile(const moving::FileOwner& owner, const std::string& path,
               const std::filesystem::path& file) override;
  std::string FolderUri(const tracking::Experiment& there, const std::string& id,
                        bool is_model) const override;

 private:
  Client& client_;
  moving::Problems& problems_;
  MlflowServerSource contents_;
};

}  // namespace millwright::cli
