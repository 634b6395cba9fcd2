#include "tracking/run_lease.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/json.h"
#include "tracking/limits.h"
#include "tracking/run_key.h"
#include "tracking/run_rows.h"
#include "tracking/run_store.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;

struct LeaseRow {
  int64_t run_seq = 0;
  Lifecycle lifecycle = Lifecycle::kActive;
  RunLease lease;
};

LeaseRow ReadLease(Connection& connection, const RunId& id) {
  const auto row = connection.SelectOne(sql::kRunLease, {id.str(), std::string(kEndReasonTag)});
  if (!row) throw NoRun(id);
  return {.run_seq = row->Int(0),
          .lifecycle = ParseLifecycle(row->Text(1)),
          .lease = {.status = FindRunStatus(row->Text(2)).value_or(RunStatus::kRunning),
                    .lease_ms = row->OptionalInt(3),
                    .renewed_ms = row->OptionalInt(4),
                    .missed_ms = row->OptionalInt(5),
                    .end_reason = row->OptionalText(6).value_or("")}};
}

// Whether a sign of life changes anything.
bool HasEffect(const LeaseRow& row, int64_t now_ms) {
  const RunLease& lease = row.lease;
  if (row.lifecycle != Lifecycle::kActive || lease.missed_ms) return true;
  return lease.status == RunStatus::kRunning && lease.lease_ms &&
         IsRenewalDue(*lease.lease_ms, lease.renewed_ms.value_or(0), now_ms);
}

}  // namespace

std::optional<int64_t> AskedLeaseMs(const std::vector<Tag>& tags) {
  const auto tag = std::find_if(tags.begin(), tags.end(),
                                [](const Tag& other) { return other.key == kLeaseTag; });
  if (tag == tags.end()) return std::nullopt;
  const std::string& text = tag->value;
  int64_t seconds = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0 ||
      seconds > kRunLeaseSecondsMax) {
    throw InvalidArgument("The tag {} is a whole number of seconds, 0 to {}, not '{}'", kLeaseTag,
                          kRunLeaseSecondsMax, text);
  }
  return seconds * 1000;
}

bool IsRenewalDue(int64_t lease_ms, int64_t renewed_ms, int64_t now_ms) {
  return now_ms < renewed_ms || now_ms - renewed_ms >= lease_ms / 3;
}

int64_t SilenceMaxMs(int64_t lease_ms) {
  return lease_ms + lease_ms / 3;
}

RunLeases::RunLeases(storage::Database& database, events::EventLog& events, const Clock& clock)
    : database_(database), events_(events), clock_(clock) {}

RunLease RunLeases::Get(const RunId& id) const {
  return database_.Read([&](Connection& connection) { return ReadLease(connection, id).lease; });
}

RunLease RunLeases::Renew(const RunId& id, const std::string& who) {
  const LeaseRow seen =
      database_.Read([&](Connection& connection) { return ReadLease(connection, id); });
  if (!HasEffect(seen, clock_.NowMs())) return seen.lease;
  return database_.Write([&](Connection& connection) {
    FindRunToWrite(connection, id, clock_.NowMs());
    if (ReadLease(connection, id).lease.missed_ms) {
      Revive(connection, ReadRunById(connection, id).run.info, {.status = RunStatus::kRunning},
             who);
    }
    return ReadLease(connection, id).lease;
  });
}

void RunLeases::NoteLife(const RunId& id) {
  const bool is_due = database_.Read([&](Connection& connection) {
    const auto run = LookUpRun(connection, id);
    return run && run->lease_ms && IsRenewalDue(*run->lease_ms, run->renewed_ms, clock_.NowMs());
  });
  if (!is_due) return;
  database_.Write([&](Connection& connection) {
    if (const auto run = LookUpRun(connection, id)) {
      tracking::NoteLife(connection, *run, clock_.NowMs());
    }
  });
}

void RunLeases::Settle(Connection& connection, const RunInfo& before, const RunUpdate& update,
                       const std::string& who) {
  if (!update.status || before.status == RunStatus::kRunning) return;
  const LeaseRow row = ReadLease(connection, before.id);
  const bool is_missed = row.lease.missed_ms.has_value();
  if (is_missed && !IsEnd(*update.status)) {
    Revive(connection, before, update, who);
  } else if (is_missed || !IsEnd(*update.status)) {
    // Either the process tells itself how it ended, which is better known than its silence, or a
    // run that had ended goes on.
    connection.Execute(sql::kRestartRunLease, {row.run_seq, clock_.NowMs()});
    connection.Execute(sql::kDeleteRunTag, {row.run_seq, std::string(kEndReasonTag)});
  }
}

void RunLeases::Revive(Connection& connection, const RunInfo& run, const RunUpdate& update,
                       const std::string& who) {
  const int64_t run_seq = FindRun(connection, run.id).seq;
  connection.Execute(sql::kReviveRun, {run_seq, std::string(RunStatusName(update.status.value())),
                                       storage::Optional(update.end_ms), clock_.NowMs()});
  connection.Execute(sql::kDeleteRunTag, {run_seq, std::string(kEndReasonTag)});
  events_.Append(connection, "run.revived", "run:" + run.id.str(), who,
                 Json::Of({{"experiment_id", run.experiment_id.str()}, {"name", run.name}}));
}

}  // namespace millwright::tracking
