#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/database.h"
#include "tracking/entities.h"

namespace millwright::tracking {

// The row key and state of a run, as writes need it.
struct RunKey {
  int64_t seq = 0;
  Lifecycle lifecycle = Lifecycle::kActive;
  int64_t experiment = 0;
  std::optional<int64_t> lease_ms = {};  // nothing: it has none, or does not run
  int64_t renewed_ms = 0;                // of the lease
  // The folder that it is shown of (tracking/mount.h), where nobody may write to it.
  std::optional<std::string> mounted_folder = {};
};

// Returns nothing when there is no such run.
std::optional<RunKey> LookUpRun(storage::Connection& connection, const RunId& id);
// Finds a run, to change it, within a transaction. Throws kNotFound, and kPermissionDenied for one
// that is shown of a folder.
RunKey FindRun(storage::Connection& connection, const RunId& id);
// As FindRun, and throws kInvalidArgument for a deleted one.
RunKey FindActiveRun(storage::Connection& connection, const RunId& id);
// Finds a run that is written to now, which is a sign of life for its lease. Throws as
// FindActiveRun does.
RunKey FindRunToWrite(storage::Connection& connection, const RunId& id, int64_t now_ms);

// Stores a sign of life of a run that has a lease, if the last one stored is a third of the lease
// old; so logging costs no write more, and a lease may end a third later than it was asked for.
void NoteLife(storage::Connection& connection, const RunKey& run, int64_t now_ms);

}  // namespace millwright::tracking
