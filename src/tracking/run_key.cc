#include "tracking/run_key.h"

#include "base/error.h"
#include "tracking/mount.h"
#include "tracking/run_lease.h"
#include "tracking/run_rows.h"
#include "tracking/sql.h"

namespace millwright::tracking {

using storage::Connection;

std::optional<RunKey> LookUpRun(Connection& connection, const RunId& id) {
  const auto row = connection.SelectOne(sql::kRunKey, {id.str()});
  if (!row) return std::nullopt;
  return RunKey{row->Int(0),         ParseLifecycle(row->Text(1)),    row->Int(2),
                row->OptionalInt(3), row->OptionalInt(4).value_or(0), row->OptionalText(5)};
}

RunKey FindRun(Connection& connection, const RunId& id) {
  auto key = LookUpRun(connection, id);
  if (!key) throw NoRun(id);
  if (key->mounted_folder) throw ReadOnly("The run " + id.str(), *key->mounted_folder);
  return std::move(*key);
}

RunKey FindActiveRun(Connection& connection, const RunId& id) {
  const RunKey key = FindRun(connection, id);
  if (key.lifecycle != Lifecycle::kActive) {
    throw InvalidArgument("The run {} must be in the 'active' state. Current state is deleted.",
                          id.str());
  }
  return key;
}

RunKey FindRunToWrite(Connection& connection, const RunId& id, int64_t now_ms) {
  const RunKey key = FindActiveRun(connection, id);
  NoteLife(connection, key, now_ms);
  return key;
}

void NoteLife(Connection& connection, const RunKey& run, int64_t now_ms) {
  if (!run.lease_ms || !IsRenewalDue(*run.lease_ms, run.renewed_ms, now_ms)) return;
  connection.Execute(sql::kRenewRunLease, {run.seq, now_ms});
}

}  // namespace millwright::tracking
