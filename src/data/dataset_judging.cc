// How a version that must be judged becomes one that others take, or one that is held.
#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "data/dataset_rows.h"
#include "data/dataset_store.h"
#include "data/sql.h"

namespace millwright::data {

using storage::Connection;
using storage::Row;

namespace {

// A version whose suites keep changing while they judge it is held.
constexpr int kRoundsMax = 3;
// Rows that were set aside are versions of a dataset of this name.
constexpr std::string_view kSetAsideSuffix = ".set-aside";
constexpr char kRestView[] = "data";

std::string Numbers(const std::vector<int64_t>& rows) {
  std::string text;
  for (const int64_t row : rows) text += (text.empty() ? "" : ", ") + std::to_string(row);
  return text;
}

// What was left of a version is not taken apart once more.
bool IsRest(const DatasetVersion& version) {
  return !version.sql && version.inputs.size() == 1 && version.inputs[0].dataset == version.dataset;
}

}  // namespace

// Marks a version as being judged by this process, so that nothing judges it twice at once.
class DatasetStore::Judging {
 public:
  Judging(DatasetStore& store, std::string reference)
      : store_(store), reference_(std::move(reference)) {
    const std::lock_guard lock(store_.judging_mutex_);
    is_first_ = store_.judging_.insert(reference_).second;
  }
  ~Judging() {
    if (!is_first_) return;
    const std::lock_guard lock(store_.judging_mutex_);
    store_.judging_.erase(reference_);
  }
  Judging(const Judging&) = delete;

  bool is_first() const { return is_first_; }

 private:
  DatasetStore& store_;
  const std::string reference_;
  bool is_first_ = false;
};

std::string DatasetStore::SourceOf(Connection& connection, const DatasetVersion& version) const {
  const auto row = connection.SelectOne(sql::kVersionState, {version.dataset, version.version});
  return row ? row->Text(1) : "";
}

DatasetVersion DatasetStore::Settle(const DatasetVersion& version) {
  const Judging mark(*this, version.Reference());
  if (!mark.is_first() || gate_ == nullptr) return Look(version.dataset, version.version);
  const std::string source =
      database_.Read([&](Connection& connection) { return SourceOf(connection, version); });
  for (int round = 1;; ++round) {
    Judgement judgement = gate_->Judge(version, source, File(version), ReadSql(version));
    std::optional<DatasetVersion> rest;
    // A version that is judged again was taken apart before, or came before what is newer now.
    const bool may_part = version.state == VersionState::kPending && !IsRest(version);
    if (!judgement.passed && !judgement.set_aside.empty() && may_part)
      rest = SetAside(version, &judgement);
    const bool is_settled = database_.Write([&](Connection& connection) {
      return Decide(connection, version, judgement, round == kRoundsMax);
    });
    if (is_settled) return rest ? *rest : Look(version.dataset, version.version);
  }
}

// Takes down what was judged, unless the version is not held any more or by what it was judged has
// changed meanwhile: then it must be judged again.
bool DatasetStore::Decide(Connection& connection, const DatasetVersion& version,
                          const Judgement& judgement, bool is_last_round) {
  connection.SelectOne(sql::kLockDataset, {version.dataset});
  const auto row = connection.SelectOne(sql::kVersionState, {version.dataset, version.version});
  const VersionState before = ParseVersionState(row->Text(0));
  if (before != VersionState::kPending && before != VersionState::kQuarantined) return true;
  const bool is_current =
      gate_->Stamp(connection, version.dataset, row->Text(1)) == judgement.stamp;
  if (!is_current && !is_last_round) return false;
  const bool passed = judgement.passed && is_current;
  const std::string reason =
      is_current ? judgement.reason : "its suites changed while they judged it; judge it again";
  SetState(connection, version, passed ? VersionState::kReady : VersionState::kQuarantined,
           passed && !version.state_reason.empty() && before == VersionState::kPending
               ? version.state_reason + "; " + reason
               : reason,
           version.created_by);
  const Json payload = Json::Of({{"dataset", version.dataset},
                                 {"version", version.version},
                                 {"reason", reason},
                                 {"row_count", version.row_count}});
  const std::string subject = "dataset:" + version.Reference();
  if (passed && judgement.warns)
    events_.Append(connection, "dataset.version_warned", subject, version.created_by, payload);
  if (passed) {
    AppendCreated(connection, version);
  } else if (before == VersionState::kPending) {
    events_.Append(connection, "dataset.version_quarantined", subject, version.created_by, payload);
  }
  return true;
}

void DatasetStore::SetState(Connection& connection, const DatasetVersion& version,
                            VersionState state, const std::string& reason, const std::string& who) {
  connection.Execute(sql::kSetVersionState,
                     {version.dataset, version.version, std::string(VersionStateName(state)),
                      reason, clock_.NowMs(), who});
  connection.Execute(sql::kRaiseCurrentVersion, {version.dataset});
}

void DatasetStore::AppendCreated(Connection& connection, const DatasetVersion& version) {
  events_.Append(connection, "dataset.version_created", "dataset:" + version.Reference(),
                 version.created_by,
                 Json::Of({{"dataset", version.dataset},
                           {"version", version.version},
                           {"row_count", version.row_count},
                           {"bytes", static_cast<int64_t>(version.bytes)},
                           {"sha256", version.sha256},
                           {"source", version.source}}));
}

// Makes two tables of a version: the rows that broke its suites, as a version of a dataset of their
// own, and the rest, as the next version, which is judged itself. Both are there before the version
// is quarantined: done again after a crash, it finds them by their content.
DatasetVersion DatasetStore::SetAside(const DatasetVersion& version, Judgement* judgement) {
  const std::string numbered = fmt::format(
      "SELECT * EXCLUDE (\"millwright row\") FROM (SELECT *, row_number() OVER () - 1 AS "
      "\"millwright row\" FROM {{0}}) WHERE \"millwright row\" {{1}}IN (SELECT unnest([{}]))",
      Numbers(judgement->set_aside));
  const std::vector<View> views = {{kRestView, File(version)}};
  Registration part;
  part.inputs = {{kRestView, version.dataset, version.version}};
  part.source = version.Reference();
  part.who = version.created_by;
  part.upstream = {{"dataset:" + version.Reference(), "set aside"}};
  part.dataset = version.dataset + std::string(kSetAsideSuffix);
  part.recipe = "set aside of " + version.Reference();
  part.reason = fmt::format("rows of {} that were set aside", version.Reference());
  part.table = writer_.FromQuery(fmt::format(fmt::runtime(numbered), kRestView, ""), views);
  const DatasetVersion bad = Register(part).version;

  const std::string counted =
      fmt::format("{} of {} rows of {} were set aside as {}", judgement->set_aside.size(),
                  version.row_count, version.Reference(), bad.Reference());
  part.dataset = version.dataset;
  part.recipe = std::string(kRestRecipe) + version.Reference();
  part.reason = counted;
  if (version.snapshot_id) part.snapshot = GetSnapshot(*version.snapshot_id);
  part.table = writer_.FromQuery(fmt::format(fmt::runtime(numbered), kRestView, "NOT "), views);
  const DatasetVersion rest = Register(part).version;
  judgement->reason += fmt::format("; {}, the rest is {}", counted, rest.Reference());
  database_.Write([&](Connection& connection) {
    events_.Append(connection, "dataset.rows_set_aside", "dataset:" + version.Reference(),
                   version.created_by,
                   Json::Of({{"dataset", version.dataset},
                             {"version", version.version},
                             {"rows", judgement->set_aside.size()},
                             {"set_aside", bad.Reference()},
                             {"rest", rest.Reference()}}));
  });
  return rest;
}

DatasetVersion DatasetStore::Release(const std::string& name, int64_t version,
                                     const std::string& reason, const std::string& who) {
  if (reason.empty()) throw InvalidArgument("A release needs a reason").WithField("reason");
  if (reason.size() > kReasonBytesMax)
    throw InvalidArgument("A reason has at most {} bytes", kReasonBytesMax).WithField("reason");
  const DatasetVersion found = Look(name, version);
  database_.Write([&](Connection& connection) {
    connection.SelectOne(sql::kLockDataset, {name});
    const auto row = connection.SelectOne(sql::kVersionState, {name, found.version});
    if (ParseVersionState(row->Text(0)) != VersionState::kQuarantined)
      throw FailedPrecondition("{} is not quarantined, it is {}", found.Reference(), row->Text(0));
    SetState(connection, found, VersionState::kReleased, reason, who);
    events_.Append(connection, "dataset.version_released", "dataset:" + found.Reference(), who,
                   Json::Of({{"dataset", name},
                             {"version", found.version},
                             {"reason", reason},
                             {"quarantined", found.state_reason}}));
    AppendCreated(connection, found);
  });
  return Look(name, found.version);
}

DatasetVersion DatasetStore::Judge(const std::string& name, int64_t version) {
  const DatasetVersion found = Look(name, version);
  if (!found.is_held())
    throw FailedPrecondition("{} is not held, it is {}", found.Reference(),
                             VersionStateName(found.state));
  return Settle(found);
}

int DatasetStore::JudgePending(int64_t before_ms) {
  const int64_t bound_ms = std::max(before_ms, clock_.NowMs() - kPendingMsMax);
  const auto rows = database_.Read([&](Connection& connection) {
    return connection.Select(sql::kListPending, {bound_ms, int64_t{kPendingPageMax}});
  });
  for (const Row& row : rows) {
    const DatasetVersion version = Look(row.Text(0), row.Int(1));
    const DatasetVersion settled = Settle(version);
    Log(LogLevel::kInfo, "data", "judged a version that was left pending",
        {{"version", version.Reference()},
         {"state", std::string(VersionStateName(settled.state))}});
  }
  return static_cast<int>(rows.size());
}

}  // namespace millwright::data
