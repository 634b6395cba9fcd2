#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "moving/point_sum.h"
#include "moving/problems.h"
#include "moving/store.h"

namespace millwright::moving {

enum class FilesMode {
  kCopy,       // bring the bytes; what is out of reach stays where it is
  kReference,  // leave them and keep their addresses
  kNone,       // leave them and forget them
};

struct MoveOptions {
  std::vector<std::string> experiments;  // by name; empty: all, and the registry
  FilesMode files = FilesMode::kCopy;
  bool dry_run = false;  // reads and counts everything, writes nothing
};

// One line of the closing table.
struct Tally {
  int64_t found = 0;
  int64_t brought = 0;
  int64_t present = 0;    // was there already, equal
  int64_t verified = 0;   // read back and equal, of both
  int64_t different = 0;  // read back and not equal; a problem says how
};

struct MoveReport {
  Tally experiments, runs, points, logged_models, models, versions, aliases, files;
  int64_t bytes = 0;        // of files brought
  int64_t left_behind = 0;  // runs and models whose files stay where they are, out of reach
  int64_t hidden =
      0;  // deleted logged models that were brought and that the target shows to nobody
  bool stopped = false;
  std::map<std::string, std::string> renumbered;  // experiments whose id was taken: old → new
};

// Moves everything from a source into a target, group by group: each group of runs is looked up in
// the target, sent where it is not there or differs, and read back; points are compared by count
// and checksum, params, tags and inputs one by one, files by size and SHA-256 (size where the
// target says no more). What goes wrong with one thing is a problem and the rest goes on; only a
// target that is gone ends it. Running it again completes what is missing.
class Move {
 public:
  struct Progress {
    double share = 0;
    std::string note;
  };
  struct Hooks {
    std::function<void(const Progress&)> progress;
    std::function<bool()> stop;  // asked between groups and files
  };
  // The folder is for files on the way.
  Move(Source& source, Target& target, Problems& problems, MoveOptions options, Hooks hooks);

  MoveReport Run();

 private:
  struct Place {  // where the files of a run or model were and are
    std::string old_uri;
    std::string new_uri;
  };
  bool Stopped();
  void Tell();
  // Does it; what it throws becomes a problem, unless the target is gone.
  bool Try(const std::string& what, const std::function<void()>& work);

  std::vector<tracking::Experiment> Chosen();
  void MoveExperiment(const tracking::Experiment& experiment);
  void AnnounceRuns(const tracking::Experiment& experiment, const tracking::Experiment& there);
  void MoveLoggedModels(const tracking::Experiment& from, const tracking::Experiment& there);
  void MoveGroup(Source::RunGroup group, const tracking::Experiment& there);
  void CountOnly(const tracking::Experiment& experiment);
  // Returns where the files belong from now on.
  std::string PlaceFiles(const FileOwner& from, const tracking::Experiment& there);
  void MoveFiles(const FileOwner& from, const FileOwner& to);
  void Send(const Source::RunGroup& source_runs, const Source::RunGroup& runs);
  void MoveRegistry();
  void MoveModel(const registry::RegisteredModel& model);
  void MoveAliases(const registry::RegisteredModel& model,
                   const std::vector<registry::ModelVersion>& versions);
  std::string NewUri(const registry::ModelVersion& version) const;

  Source& source_;
  Target& target_;
  Problems& problems_;
  const MoveOptions options_;
  const Hooks hooks_;
  MoveReport report_;
  int64_t runs_in_all_ = 0;
  std::set<std::string> experiments_before_, models_before_;  // that the target had
  std::set<std::string> owners_of_versions_;                  // runs and models that versions name
  std::map<std::string, Place> places_;                       // of those
};

}  // namespace millwright::moving
