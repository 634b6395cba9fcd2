#include "base/error.h"
#include "cli/mlflow_json.h"
#include "cli/mlflow_server_target.h"

namespace millwright::cli {

void MlflowOriginSource::ForEachRunGroup(const tracking::Experiment& experiment,
                                         const std::function<bool(RunGroup)>& each) {
  server_.ForEachRunGroup(experiment, [&](RunGroup group) {
    std::erase_if(group, [&](tracking::Run& run) { return !origins_.Restore(&run); });
    return group.empty() || each(std::move(group));
  });
}

void MlflowOriginSource::FindRuns(const tracking::Experiment& experiment, const RunGroup& wanted,
                                  const std::function<void(tracking::Run)>& each) {
  RunGroup there;
  for (const auto& run : wanted) {
    const Counterpart* counterpart = origins_.FindRun(run.info.id.str());
    if (counterpart == nullptr) continue;
    there.emplace_back().info.id = tracking::RunId(counterpart->id);
  }
  server_.FindRuns(experiment, there, [&](tracking::Run run) {
    if (origins_.Restore(&run)) each(std::move(run));
  });
}

void MlflowOriginSource::ForEachPoint(
    const RunGroup& runs, const std::function<void(size_t index, tracking::Metric)>& each) {
  RunGroup there = runs;
  for (auto& run : there) run.info.id = tracking::RunId(origins_.RunIdThere(run.info.id.str()));
  server_.ForEachPoint(there, each);
}

std::vector<tracking::LoggedModel> MlflowOriginSource::LoggedModels(
    const tracking::Experiment& experiment) {
  auto models = server_.LoggedModels(experiment);
  std::erase_if(models, [&](tracking::LoggedModel& model) { return !origins_.Restore(&model); });
  return models;
}

std::vector<registry::RegisteredModel> MlflowOriginSource::Models() {
  auto models = server_.Models();
  for (auto& model : models) {
    if (model.aliases.empty()) continue;
    std::map<int64_t, int64_t> origins;
    for (const auto& [origin, there] : origins_.VersionNumbers(model.name)) origins[there] = origin;
    for (auto& alias : model.aliases) {
      const auto found = origins.find(alias.version);
      if (found != origins.end()) alias.version = found->second;
    }
  }
  return models;
}

std::vector<registry::ModelVersion> MlflowOriginSource::Versions(const registry::ModelName& name) {
  auto versions = server_.Versions(name);
  std::erase_if(versions,
                [&](registry::ModelVersion& version) { return !origins_.Restore(&version); });
  return versions;
}

moving::FileOwner MlflowOriginSource::There(const moving::FileOwner& owner) const {
  const Counterpart* found =
      owner.is_model ? origins_.FindModel(owner.id) : origins_.FindRun(owner.id);
  if (found == nullptr) return owner;
  return {owner.experiment, found->id, owner.is_model, found->artifact_uri};
}

bool MlflowOriginSource::CanFetch(const moving::FileOwner& owner) const {
  return server_.CanFetch(There(owner));
}

std::optional<std::vector<moving::StoredFile>> MlflowOriginSource::Files(
    const moving::FileOwner& owner) {
  return server_.Files(There(owner));
}

std::filesystem::path MlflowOriginSource::Fetch(const moving::FileOwner& owner,
                                                const std::string& path,
                                                const std::filesystem::path& scratch) {
  return server_.Fetch(There(owner), path, scratch);
}

}  // namespace millwright::cli
