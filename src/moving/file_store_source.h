#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "moving/metric_file.h"
#include "moving/problems.h"
#include "moving/store.h"

namespace millwright::moving {

// An `mlruns/` folder as MLflow's file store writes it:
//   <experiment>/meta.yaml, tags/<key>, datasets/<id>/meta.yaml
//   <experiment>/<run>/meta.yaml, params/<key>, tags/<key>, metrics/<key>, inputs/, outputs/,
//   artifacts/ <experiment>/models/<id>/…   logged models, as runs are .trash/<experiment>/…
//   deleted experiments models/<name>/meta.yaml, tags/, aliases/<alias>, version-<n>/…   the
//   registry
// A key with slashes is a path of folders. A line of a metric is "time value step", of a logged
// model's "time value step run", either followed by a dataset's name and digest.
class FileStoreSource : public Source {
 public:
  // Throws kInvalidArgument for a folder that is no file store.
  FileStoreSource(std::filesystem::path root, Problems& problems);

  // The folder of an experiment, a deleted one's too.
  std::filesystem::path ExperimentFolder(const tracking::ExperimentId& id) const;
  // The ids of all runs of an experiment, by the names of their folders alone.
  std::vector<tracking::RunId> RunIds(const tracking::Experiment& experiment) const;
  // The points of a run behind the marks of its metrics, by key; the marks are moved on.
  using MetricMarks = std::map<std::string, MetricFileMark>;
  void ForEachNewPoint(const tracking::RunInfo& run, MetricMarks* marks,
                       const std::function<void(tracking::Metric)>& each);

  std::string where() const override { return root_.string(); }
  std::vector<tracking::Experiment> Experiments() override;
  int64_t CountRuns(const tracking::Experiment& experiment) override;
  void ForEachRunGroup(const tracking::Experiment& experiment,
                       const std::function<bool(RunGroup)>& each) override;
  void ForEachPoint(const RunGroup& runs,
                    const std::function<void(size_t index, tracking::Metric)>& each) override;
  void FindRuns(const tracking::Experiment& experiment, const RunGroup& wanted,
                const std::function<void(tracking::Run)>& each) override;
  std::vector<tracking::LoggedModel> LoggedModels(const tracking::Experiment& experiment) override;
  std::vector<registry::RegisteredModel> Models() override;
  std::vector<registry::ModelVersion> Versions(const registry::ModelName& name) override;
  std::vector<int64_t> DeletedVersions(const registry::ModelName& name) override;
  bool CanFetch(const FileOwner& owner) const override;
  std::optional<std::vector<StoredFile>> Files(const FileOwner& owner) override;
  std::filesystem::path Fetch(const FileOwner& owner, const std::string& path,
                              const std::filesystem::path& scratch) override;

 private:
  std::vector<std::filesystem::path> RunFolders(const tracking::Experiment& experiment) const;
  tracking::Run ReadRun(const tracking::Experiment& experiment,
                        const std::filesystem::path& folder);
  tracking::LoggedModel ReadLoggedModel(const tracking::Experiment& experiment,
                                        const std::filesystem::path& folder);
  void AddInputs(const std::filesystem::path& experiment_folder,
                 const std::filesystem::path& run_folder, tracking::Run* run);
  void AddModelMetrics(const std::filesystem::path& folder, tracking::LoggedModel* model);
  std::vector<tracking::Tag> ReadValues(const std::filesystem::path& folder);
  std::filesystem::path MetricFolder(const tracking::RunInfo& run) const;
  // Calls `read` for the file of each metric of a run, by key; what is bad in it becomes problems.
  using BadLine = std::function<void(int64_t number)>;
  void ForEachMetricFile(const tracking::RunInfo& run,
                         const std::function<void(const std::string& key, const BadLine&)>& read);
  std::filesystem::path FolderOf(const FileOwner& owner) const;
  // Does it; what it throws becomes a problem.
  void Try(const std::filesystem::path& what, const std::function<void()>& work);

  const std::filesystem::path root_;
  Problems& problems_;
};

}  // namespace millwright::moving
