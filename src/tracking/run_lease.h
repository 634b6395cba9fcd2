#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "tracking/entities.h"

namespace millwright::tracking {

struct RunUpdate;

// By this tag a run asks for a lease when it is created: whole seconds, 0 for none.
inline constexpr std::string_view kLeaseTag = "millwright.lease_s";
// Why a run ended, where it is known.
inline constexpr std::string_view kEndReasonTag = "millwright.end_reason";

// The lease of a run as it stands.
struct RunLease {
  RunStatus status = RunStatus::kRunning;
  std::optional<int64_t> lease_ms;    // nothing: it has none
  std::optional<int64_t> renewed_ms;  // the last sign of life that was stored
  std::optional<int64_t> missed_ms;   // when it was marked dead, until it is heard of again
  std::string end_reason;             // the run's tag
};

// What the tags of a new run ask for: nothing, 0 for no lease, or its length. Throws
// kInvalidArgument.
std::optional<int64_t> AskedLeaseMs(const std::vector<Tag>& tags);

// Whether a sign of life now is worth a write: the one that is stored is a third of the lease old,
// or from a time that the clock has not reached.
bool IsRenewalDue(int64_t lease_ms, int64_t renewed_ms, int64_t now_ms);

// How long a run may go without a stored sign of life before it is marked dead: the lease, and the
// third of it by which what is stored may lag behind.
int64_t SilenceMaxMs(int64_t lease_ms);

// A running run with a lease is alive while it is heard of: each write to it (a metric, param, tag,
// batch, input, output, model or file) is a sign of life, and so is Renew. RunReaper marks those
// dead that are not. Writes that come after that are taken and leave the run ended; Renew and an
// update to RUNNING let it run on. A run that ended otherwise stays ended: its lease is over.
// Keeps no state; thread-safe.
class RunLeases {
 public:
  RunLeases(storage::Database& database, events::EventLog& events, const Clock& clock);

  // Throws kNotFound.
  RunLease Get(const RunId& id) const;
  // Says that the run's process lives, and returns how the run stands then. Throws kNotFound, and
  // kInvalidArgument for a deleted run.
  RunLease Renew(const RunId& id, const std::string& who);
  // Notes a sign of life of a run, if there is such a run.
  void NoteLife(const RunId& id);

  // Within the transaction of an update: a status given to a run that had ended takes back that its
  // lease was missed; one that is no end lets the lease count from now on.
  void Settle(storage::Connection& connection, const RunInfo& before, const RunUpdate& update,
              const std::string& who);

 private:
  void Revive(storage::Connection& connection, const RunInfo& run, const RunUpdate& update,
              const std::string& who);

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
};

}  // namespace millwright::tracking
