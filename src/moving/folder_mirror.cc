#include "moving/folder_mirror.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "moving/folder_fingerprint.h"
#include "moving/local_folder.h"

namespace millwright::moving {
namespace {

namespace fs = std::filesystem;

constexpr size_t kRunsAtOnce = 100;
constexpr size_t kPointsAtOnce = 20'000;
// For so long after a change a run is looked at often.
constexpr int64_t kBusyUs = 60'000'000;
constexpr size_t kProblemsToldMax = 1'000;
// Where a run's artifacts are in its folder; they do not tell whether the run has changed.
constexpr const char* kArtifacts = "artifacts";
constexpr const char* kRegistry = "models";
constexpr const char* kMeta = "meta.yaml";
// Marks a run of which only a part is here.
constexpr const char* kPart = "part";

bool IsSame(const tracking::Experiment& a, const tracking::Experiment& b) {
  return a.name == b.name && a.artifact_location == b.artifact_location &&
         a.lifecycle == b.lifecycle && a.created_ms == b.created_ms &&
         a.updated_ms == b.updated_ms && a.tags == b.tags;
}

// Runs on their way to where they are shown, some at a time; a run with many points goes in parts,
// of which the last has the fingerprint.
class Batch {
 public:
  explicit Batch(tracking::Mount& shown) : shown_(shown) {}

  void Begin(tracking::Run run) { runs_.push_back({std::move(run), kPart}); }
  void Add(tracking::Metric point) {
    runs_.back().run.metrics.push_back(std::move(point));
    if (++points_ < kPointsAtOnce) return;
    tracking::Run run = runs_.back().run;
    Flush();
    run.metrics.clear();
    Begin(std::move(run));
  }
  void End(const std::string& fingerprint) {
    runs_.back().fingerprint = fingerprint;
    if (runs_.size() >= kRunsAtOnce) Flush();
  }
  void Flush() {
    if (runs_.empty()) return;
    for (auto& id : shown_.Show(runs_)) left_out_.insert(id.str());
    runs_.clear();
    points_ = 0;
  }
  // Runs that are of another experiment here.
  const std::set<std::string>& left_out() const { return left_out_; }

 private:
  tracking::Mount& shown_;
  std::vector<tracking::ShownRun> runs_;
  size_t points_ = 0;
  std::set<std::string> left_out_;
};

}  // namespace

FolderMirror::FolderMirror(Options options, Shown shown)
    : options_(std::move(options)), shown_(shown.tracking), registry_(shown.registry) {}

size_t FolderMirror::run_count() const {
  size_t count = 0;
  for (const auto& [id, experiment] : experiments_) count += experiment.runs.size();
  return count;
}

int64_t FolderMirror::LookAtAll(const std::stop_token& stop) {
  Problems problems;
  FileStoreSource source(options_.root, problems);
  if (!is_recalled_) Recall();
  int64_t read = 0;
  for (const auto& there : source.Experiments()) {
    if (stop.stop_requested()) return read;
    ExperimentState& state = Show(there, source);
    const auto ids = source.RunIds(there);
    read += ShowRuns(ids, source, &state, stop);
    ShowModels(source, &state);
    RemoveGone(ids, source, &state);
  }
  RemoveGoneExperiments(source);
  if (!stop.stop_requested()) ShowRegistry(source);
  Tell(problems);
  return read;
}

int64_t FolderMirror::LookAtBusy(const std::stop_token& stop) {
  Problems problems;
  FileStoreSource source(options_.root, problems);
  int64_t read = 0;
  for (auto& [id, state] : experiments_) {
    std::vector<tracking::RunId> busy;
    for (auto& [run_id, run] : state.runs) {
      if (IsBusy(run)) {
        busy.emplace_back(run_id);
      } else if (!run.marks.empty()) {
        run.marks.clear();
      }
    }
    read += ShowRuns(busy, source, &state, stop);
  }
  Tell(problems);
  return read;
}

bool FolderMirror::IsBusy(const RunState& run) const {
  return run.is_running || (run.changed_us != 0 && MonotonicUs() - run.changed_us < kBusyUs);
}

// What an earlier start has shown need not be read again.
void FolderMirror::Recall() {
  for (const auto& [there, here] : shown_.Experiments()) {
    ExperimentState& state = experiments_[there];
    state.there.id = there;
    state.here = here;
    for (auto& [run, fingerprint] : shown_.Fingerprints(here)) {
      state.runs[run].fingerprint = fingerprint;
    }
  }
  registered_ = registry_.Fingerprints();
  is_recalled_ = true;
}

FolderMirror::ExperimentState& FolderMirror::Show(const tracking::Experiment& there,
                                                  const FileStoreSource& source) {
  ExperimentState& state = experiments_[there.id];
  if (!state.here.empty() && IsSame(state.there, there)) return state;
  tracking::Experiment shown = there;
  shown.artifact_location = UriHere(there.artifact_location, source.ExperimentFolder(there.id));
  state.here = shown_.Show(shown);
  state.there = there;
  return state;
}

int64_t FolderMirror::ShowRuns(const std::vector<tracking::RunId>& ids, FileStoreSource& source,
                               ExperimentState* state, const std::stop_token& stop) {
  int64_t read = 0;
  Batch batch(shown_);
  // The marks of what is in the batch count only when it was written.
  std::vector<std::pair<RunState*, RunState>> pending;
  const auto flush = [&] {
    batch.Flush();
    for (auto& [run, next] : pending) *run = std::move(next);
    pending.clear();
  };
  for (const auto& id : ids) {
    if (stop.stop_requested()) break;
    const fs::path folder = source.ExperimentFolder(state->there.id) / id.str();
    RunState& known = state->runs[id.str()];
    // Taken before the files are read: what changes meanwhile is seen by the next look.
    const std::string fingerprint = FolderFingerprint(folder, kArtifacts);
    if (fingerprint == known.fingerprint) continue;
    source.FindRuns(state->there, {{.info = {.id = id}}}, [&](tracking::Run run) {
      const tracking::RunInfo there = run.info;
      run.info.experiment_id = state->here;
      run.info.artifact_uri = UriHere(run.info.artifact_uri, folder / kArtifacts);
      // A run that is new here and has ended is history, and is not likely to change again.
      const bool has_changed = !known.fingerprint.empty();
      RunState next{fingerprint, known.marks, run.info.status == tracking::RunStatus::kRunning,
                    has_changed ? MonotonicUs() : 0};
      batch.Begin(std::move(run));
      source.ForEachNewPoint(there, &next.marks,
                             [&](tracking::Metric point) { batch.Add(std::move(point)); });
      batch.End(fingerprint);
      pending.emplace_back(&known, std::move(next));
      ++read;
    });
    if (pending.size() >= kRunsAtOnce) flush();
  }
  flush();
  for (const auto& id : batch.left_out()) {
    if (!told_.insert(id).second) continue;
    Log(LogLevel::kWarning, "mount", "a run is of another experiment here and is not shown",
        {{"run", id}, {"folder", shown_.folder()}});
  }
  return read;
}

void FolderMirror::ShowModels(FileStoreSource& source, ExperimentState* state) {
  const fs::path models = source.ExperimentFolder(state->there.id) / "models";
  std::map<std::string, std::string> now;
  std::error_code error;
  bool has_changed = false;
  for (const auto& folder : fs::directory_iterator(models, error)) {
    const std::string id = folder.path().filename().string();
    now[id] = FolderFingerprint(folder.path(), kArtifacts);
    const auto before = state->models.find(id);
    has_changed = has_changed || before == state->models.end() || before->second != now[id];
  }
  if (!has_changed) return;
  for (auto& model : source.LoggedModels(state->there)) {
    const std::string& id = model.id.str();
    const auto before = state->models.find(id);
    if (before != state->models.end() && before->second == now[id]) continue;
    model.experiment_id = state->here;
    model.artifact_uri = UriHere(model.artifact_uri, models / id / kArtifacts);
    try {
      shown_.Show(model);
      state->models[id] = now[id];
    } catch (const Error& problem) {
      if (problem.code() != Code::kFailedPrecondition) throw;
      if (told_.insert(id).second) {
        Log(LogLevel::kWarning, "mount", problem.message(), {{"folder", shown_.folder()}});
      }
    }
  }
}

void FolderMirror::RemoveGone(const std::vector<tracking::RunId>& ids,
                              const FileStoreSource& source, ExperimentState* state) {
  std::set<std::string> there;
  for (const auto& id : ids) there.insert(id.str());
  std::vector<tracking::RunId> gone;
  for (const auto& [id, run] : state->runs) {
    const fs::path folder = source.ExperimentFolder(state->there.id) / id;
    if (!there.contains(id) && !fs::exists(folder)) gone.emplace_back(id);
  }
  shown_.Remove(gone);
  for (const auto& id : gone) state->runs.erase(id.str());
}

void FolderMirror::RemoveGoneExperiments(const FileStoreSource& source) {
  for (auto it = experiments_.begin(); it != experiments_.end();) {
    if (fs::exists(source.ExperimentFolder(it->first))) {
      ++it;
      continue;
    }
    if (!it->second.here.empty()) shown_.Remove(it->second.here);
    it = experiments_.erase(it);
  }
}

void FolderMirror::ShowRegistry(FileStoreSource& source) {
  std::map<std::string, std::string> now;
  std::error_code error;
  for (const auto& folder : fs::directory_iterator(options_.root / kRegistry, error)) {
    const auto meta = fs::symlink_status(folder.path() / kMeta, error);
    if (!fs::is_regular_file(meta)) continue;
    now[folder.path().filename().string()] = FolderFingerprint(folder.path());
  }
  for (auto it = registered_.begin(); it != registered_.end();) {
    if (now.contains(it->first)) {
      ++it;
      continue;
    }
    registry_.Remove(it->first);
    it = registered_.erase(it);
  }
  if (now == registered_) return;
  for (auto& model : source.Models()) {
    const std::string name = model.name.str();
    const auto found = now.find(name);
    if (found != now.end() && registered_[name] != found->second) {
      ShowRegistered(std::move(model), found->second, source);
    }
  }
}

void FolderMirror::ShowRegistered(registry::RegisteredModel model, const std::string& fingerprint,
                                  FileStoreSource& source) {
  const std::string name = model.name.str();
  try {
    registry::ShownModel shown{std::move(model), source.Versions(registry::ModelName(name)),
                               fingerprint};
    for (auto& version : shown.versions) {
      const auto folder = FolderBelow(version.artifact_uri);
      if (folder) version.artifact_uri = UriHere(version.artifact_uri, *folder);
    }
    registry_.Show(shown);
    registered_[name] = fingerprint;
  } catch (const Error& problem) {
    // Such as a name that no model can have here.
    if (problem.code() == Code::kUnavailable) throw;
    if (!told_.insert(kRegistry + name).second) return;
    Log(LogLevel::kWarning, "mount", "a registered model of a mounted folder cannot be shown",
        {{"model", name}, {"why", problem.message()}, {"folder", shown_.folder()}});
  }
}

std::optional<fs::path> FolderMirror::FolderBelow(const std::string& uri) const {
  const auto local = LocalFolder(uri, fs::current_path(), options_.root);
  if (!local) return std::nullopt;
  // The longest end of the path that is here: "/home/ann/mlruns/0/<run>/artifacts/model".
  for (auto from = local->begin(); from != local->end(); ++from) {
    fs::path end;
    for (auto part = from; part != local->end(); ++part) end /= *part;
    if (end.is_relative() && !end.empty() && fs::is_directory(options_.root / end)) {
      return options_.root / end;
    }
  }
  return std::nullopt;
}

std::string FolderMirror::UriHere(const std::string& uri, const fs::path& folder) const {
  if (options_.artifacts_uri.empty()) return uri;
  // In a bucket, or in a folder of its own: the client has to find it by itself.
  const auto local = LocalFolder(uri, fs::current_path(), "");
  const bool is_elsewhere = !local && !uri.starts_with("mlflow-artifacts:");
  if (!fs::exists(folder) && (is_elsewhere || (local && *local != folder))) return uri;
  return options_.artifacts_uri + "/" + folder.lexically_relative(options_.root).generic_string();
}

void FolderMirror::Tell(const Problems& problems) {
  for (const auto& problem : problems.kept()) {
    if (told_.size() >= kProblemsToldMax) return;
    if (!told_.insert(problem.what + problem.why).second) continue;
    Log(LogLevel::kWarning, "mount", "something of a mounted folder cannot be shown",
        {{"what", problem.what}, {"why", problem.why}});
  }
}

}  // namespace millwright::moving
