#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "registry/entities.h"
#include "tracking/entities.h"

namespace millwright::moving {

// Whose files: a run's or a logged model's, and where they are said to be.
struct FileOwner {
  tracking::ExperimentId experiment;
  std::string id;  // of the run or of the logged model
  bool is_model = false;
  std::string uri;
};

struct StoredFile {
  std::string path;  // below the owner's folder
  uint64_t bytes = 0;
  std::string sha256;  // empty where the store does not say it
};

// A store that is read: an mlruns/ folder, MLflow's database, a server. What cannot be read of it
// goes to the Problems it was made with and is left out; only a store that cannot be read at all
// throws. Nothing is held in memory but one group of runs and one stretch of points. Not
// thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  // How people call it, without secrets.
  virtual std::string where() const = 0;

  // With tags; deleted ones too.
  virtual std::vector<tracking::Experiment> Experiments() = 0;
  virtual int64_t CountRuns(const tracking::Experiment& experiment) = 0;
  // Deleted ones too, with everything but metrics. `each` may ask for points and files; it returns
  // false to stop.
  using RunGroup = std::vector<tracking::Run>;
  virtual void ForEachRunGroup(const tracking::Experiment& experiment,
                               const std::function<bool(RunGroup)>& each) = 0;
  // All points of the runs of a group; `index` is of the run in the group. Points of a run and key
  // come one after another.
  virtual void ForEachPoint(const RunGroup& runs,
                            const std::function<void(size_t index, tracking::Metric)>& each) = 0;
  // Those of a group that are here, as ForEachRunGroup has them; others of the experiment may come
  // as well. By default all of the experiment are read.
  virtual void FindRuns(const tracking::Experiment& experiment, const RunGroup& wanted,
                        const std::function<void(tracking::Run)>& each);
  virtual std::vector<tracking::LoggedModel> LoggedModels(
      const tracking::Experiment& experiment) = 0;
  // With tags and aliases.
  virtual std::vector<registry::RegisteredModel> Models() = 0;
  virtual std::vector<registry::ModelVersion> Versions(const registry::ModelName& name) = 0;
  // Numbers of versions that were deleted, as far as the store still knows them.
  virtual std::vector<int64_t> DeletedVersions(const registry::ModelName& /*name*/) { return {}; }

  // Whether the files are within reach and not, say, in a bucket of a cloud.
  virtual bool CanFetch(const FileOwner& owner) const = 0;
  // Nothing when they are out of reach.
  virtual std::optional<std::vector<StoredFile>> Files(const FileOwner& owner) = 0;
  // The file itself, or a copy in `scratch`. Throws what prevents it.
  virtual std::filesystem::path Fetch(const FileOwner& owner, const std::string& path,
                                      const std::filesystem::path& scratch) = 0;
};

// A store that is written and can be read back.
class Target {
 public:
  virtual ~Target() = default;
  virtual std::string where() const = 0;
  // The same store, to see what is there. Ids are those that it has there.
  virtual Source& contents() = 0;

  // Whether runs and models have other ids there than in the source. Such a store is told of all
  // runs of an experiment before any is put: a run may name another, or a model that a third has
  // made.
  virtual bool gives_own_ids() const { return false; }
  virtual void Announce(const Source::RunGroup& /*runs*/) {}

  // Makes the experiment or finds the one of its name; returns what it has there: its id and
  // artifact location.
  virtual tracking::Experiment Put(const tracking::Experiment& experiment) = 0;
  // Makes runs or completes them. Ids of experiments are those of the target; `metrics` are points,
  // and more of them may follow for the same run.
  virtual void Put(const Source::RunGroup& runs) = 0;
  virtual void Put(const tracking::LoggedModel& model) = 0;
  virtual void Put(const registry::RegisteredModel& model,
                   const std::vector<registry::ModelVersion>& versions) = 0;
  // Keeps the numbers of deleted versions from being given again, where the store can.
  virtual void PutDeleted(const registry::RegisteredModel& /*model*/,
                          const std::vector<int64_t>& /*versions*/) {}
  virtual void PutAlias(const registry::ModelName& name, const registry::Alias& alias) = 0;
  virtual void PutFile(const FileOwner& owner, const std::string& path,
                       const std::filesystem::path& file) = 0;
  // Called when all of an experiment was put.
  virtual void Finish(const tracking::Experiment& /*experiment*/,
                      const tracking::Experiment& /*there*/) {}
  // Where the files of a run or model belong.
  virtual std::string FolderUri(const tracking::Experiment& there, const std::string& id,
                                bool is_model) const = 0;
};

}  // namespace millwright::moving
