#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "tracking/entities.h"

namespace millwright::tracking {

// A shown experiment has this tag, whose value is its folder.
inline constexpr std::string_view kMountTag = "millwright.mounted_from";

// A run as its folder has it, and what its files were like when it was read.
struct ShownRun {
  Run run;  // in the experiment that it has here; `metrics` are points that may be here already
  std::string fingerprint;
};

// Shows what another tool keeps in a folder: the experiments there, with their runs and logged
// models, stand beside our own ones, are searched and charted with them, and cannot be changed
// here: every other writer gets kPermissionDenied. The rows are a copy that follows the folder, and
// are removed when the folder is no longer shown. Each call is one transaction, except for the
// removals. Thread-safe.
class Mount {
 public:
  // `folder` is how people call it, and what its experiments are known by.
  Mount(storage::Database& database, events::EventLog& events, const Clock& clock,
        std::string folder);

  const std::string& folder() const { return folder_; }

  // What is shown now: the experiments here, by the id that each has in the folder, …
  std::map<ExperimentId, ExperimentId> Experiments() const;
  // … and the fingerprints of the runs of one, by id.
  std::unordered_map<std::string, std::string> Fingerprints(const ExperimentId& here) const;

  // Makes the experiment or gives it the state that it has in the folder; returns the id it has
  // here. Its own id and name are kept when they are free; else it is "name (folder)".
  ExperimentId Show(const Experiment& experiment);
  // The same for runs: params and tags become what is given, points are added. A run that is of
  // another experiment here, our own one or another folder's, is left out and returned.
  std::vector<RunId> Show(const std::vector<ShownRun>& runs);
  // Throws kFailedPrecondition for a model that belongs to another experiment here.
  void Show(const LoggedModel& model);

  void Remove(const ExperimentId& here);
  void Remove(const std::vector<RunId>& runs);

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const std::string folder_;
};

// The folders of which something is shown.
std::vector<std::string> MountedFolders(storage::Database& database);

// What somebody gets who would change what is shown of a folder.
Error ReadOnly(const std::string& what, const std::string& folder);
// Throws ReadOnly when the experiment is shown of a folder.
void RequireNotMounted(storage::Connection& connection, const ExperimentId& id);

}  // namespace millwright::tracking
