#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "moving/file_store_source.h"
#include "moving/problems.h"
#include "registry/mount.h"
#include "tracking/mount.h"

namespace millwright::moving {

// Keeps what is shown of an `mlruns/` folder as the folder is, while another program writes it. The
// folder itself is only read: a run is read again when the names, sizes or times of its files have
// changed, and of metrics only what was added. What cannot be read is logged once and left as it
// was. Used by one thread.
class FolderMirror {
 public:
  struct Options {
    std::filesystem::path root;
    // The address by which clients get the files below the root, such as
    // "mlflow-artifacts:/mounts/x"; empty: the addresses stay what they are in the folder.
    std::string artifacts_uri = {};
  };
  // What is shown, of which both outlive it.
  struct Shown {
    tracking::Mount& tracking;
    registry::Mount& registry;
  };
  FolderMirror(Options options, Shown shown);

  // Looks at everything. Both return how many runs were read; both end early at a stop.
  int64_t LookAtAll(const std::stop_token& stop);
  // Looks at the runs that are running or have changed a short while ago.
  int64_t LookAtBusy(const std::stop_token& stop);

  size_t run_count() const;

 private:
  struct RunState {
    std::string fingerprint;
    FileStoreSource::MetricMarks marks;  // only while it is busy
    bool is_running = false;
    int64_t changed_us = 0;
  };
  struct ExperimentState {
    tracking::Experiment there;
    tracking::ExperimentId here;
    std::unordered_map<std::string, RunState> runs;
    std::map<std::string, std::string> models;  // fingerprints by id
  };

  void Recall();
  ExperimentState& Show(const tracking::Experiment& there, const FileStoreSource& source);
  int64_t ShowRuns(const std::vector<tracking::RunId>& ids, FileStoreSource& source,
                   ExperimentState* state, const std::stop_token& stop);
  void ShowModels(FileStoreSource& source, ExperimentState* state);
  void RemoveGone(const std::vector<tracking::RunId>& ids, const FileStoreSource& source,
                  ExperimentState* state);
  void RemoveGoneExperiments(const FileStoreSource& source);
  void ShowRegistry(FileStoreSource& source);
  void ShowRegistered(registry::RegisteredModel model, const std::string& fingerprint,
                      FileStoreSource& source);
  // The address of a run's or model's artifacts for those who ask here.
  std::string UriHere(const std::string& uri, const std::filesystem::path& folder) const;
  // The folder below the root that an address means, which may be of another machine.
  std::optional<std::filesystem::path> FolderBelow(const std::string& uri) const;
  bool IsBusy(const RunState& run) const;
  void Tell(const Problems& problems);

  const Options options_;
  tracking::Mount& shown_;
  registry::Mount& registry_;
  bool is_recalled_ = false;
  std::map<tracking::ExperimentId, ExperimentState> experiments_;  // by the id there
  std::map<std::string, std::string> registered_;  // fingerprints of models by their name there
  std::set<std::string> told_;                     // problems that were logged
};

}  // namespace millwright::moving
