#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "moving/problems.h"
#include "moving/schema_fit.h"
#include "moving/store.h"
#include "storage/database.h"

namespace millwright::moving {

// MLflow's own database, SQLite or PostgreSQL, of any revision of its schema since 1.0. Traces,
// prompts' links and what else Millwright does not keep are not read. Of a database with workspaces
// the default one is read.
class DatabaseSource : public Source {
 public:
  struct Options {
    std::string uri;
    // Where a server that proxied its artifacts kept them; empty: `mlartifacts` beside a SQLite
    // file.
    std::filesystem::path artifact_root;
  };
  // Throws kNotFound, kUnavailable or kInvalidArgument for what is no database of MLflow.
  DatabaseSource(const Options& options, Problems& problems);

  std::string where() const override { return where_; }
  std::vector<tracking::Experiment> Experiments() override;
  int64_t CountRuns(const tracking::Experiment& experiment) override;
  void ForEachRunGroup(const tracking::Experiment& experiment,
                       const std::function<bool(RunGroup)>& each) override;
  void ForEachPoint(const RunGroup& runs,
                    const std::function<void(size_t index, tracking::Metric)>& each) override;
  std::vector<tracking::LoggedModel> LoggedModels(const tracking::Experiment& experiment) override;
  std::vector<registry::RegisteredModel> Models() override;
  std::vector<registry::ModelVersion> Versions(const registry::ModelName& name) override;
  std::vector<int64_t> DeletedVersions(const registry::ModelName& name) override;
  bool CanFetch(const FileOwner& owner) const override;
  std::optional<std::vector<StoredFile>> Files(const FileOwner& owner) override;
  std::filesystem::path Fetch(const FileOwner& owner, const std::string& path,
                              const std::filesystem::path& scratch) override;

 private:
  void ForEach(const storage::Query& query, const std::vector<storage::Value>& parameters,
               const std::function<void(const storage::Row&)>& each);
  RunGroup ReadRuns(const tracking::Experiment& experiment, const std::string& ids);
  void AddInputs(const std::string& ids, RunGroup* runs);

  const std::string where_;
  Problems& problems_;
  std::unique_ptr<storage::Connection> connection_;
  Schema schema_;
  std::filesystem::path base_;  // of relative artifact locations
  std::filesystem::path artifact_root_;
};

}  // namespace millwright::moving
