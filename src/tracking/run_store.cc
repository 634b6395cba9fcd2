#include "tracking/run_store.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "storage/search.h"
#include "tracking/experiment_store.h"
#include "tracking/limits.h"
#include "tracking/mount.h"
#include "tracking/run_key.h"
#include "tracking/run_rows.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;
using storage::Value;

std::string Subject(const RunId& id) {
  return "run:" + id.str();
}

// Takes the name from what was given, the tag mlflow.runName, or makes one up, and keeps the tag in
// step. A key given twice counts once, the last value.
std::vector<Tag> NameRun(const NewRun& run, std::string* name) {
  std::vector<Tag> tags;
  for (const auto& tag : run.tags) {
    const auto same = std::find_if(tags.begin(), tags.end(),
                                   [&](const Tag& other) { return other.key == tag.key; });
    if (same != tags.end()) {
      same->value = tag.value;
    } else {
      tags.push_back(tag);
    }
  }
  const auto tag = std::find_if(tags.begin(), tags.end(),
                                [](const Tag& other) { return other.key == kRunNameTag; });
  const bool tagged = tag != tags.end() && !tag->value.empty();
  if (tagged && !run.name.empty() && run.name != tag->value) {
    throw InvalidArgument(
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different "
        "values (run_name='{}', mlflow.runName='{}').",
        run.name, tag->value);
  }
  *name = !run.name.empty() ? run.name : tagged ? tag->value : MakeRunName();
  if (tag == tags.end()) {
    tags.push_back({std::string(kRunNameTag), *name});
  } else {
    tag->value = *name;
  }
  return tags;
}

}  // namespace

RunStore::RunStore(storage::Database& database, events::EventLog& events, const Clock& clock,
                   const Options& options)
    : database_(database),
      events_(events),
      clock_(clock),
      options_(options),
      leases_(database, events, clock),
      latest_(database) {}

Run RunStore::Create(const NewRun& run, const std::string& who) {
  if (run.experiment_id.empty()) throw FailedPrecondition("A run needs an experiment_id.");
  Run created;
  created.tags = NameRun(run, &created.info.name);
  created.info.id = RunId(NewHexId());
  created.info.experiment_id = run.experiment_id;
  created.info.user_id = run.user_id;
  created.info.start_ms = run.start_ms;
  const int64_t experiment_number = ExperimentNumber(run.experiment_id);
  std::optional<int64_t> lease_ms = AskedLeaseMs(created.tags).value_or(options_.lease_ms);
  if (lease_ms == 0) lease_ms.reset();
  created.info.artifact_uri = database_.Write([&](Connection& connection) {
    const Experiment experiment = FindExperiment(connection, run.experiment_id);
    RequireActive(experiment);
    RequireNotMounted(connection, experiment.id);
    const std::string uri = ArtifactUriBelow(experiment, created.info.id.str() + "/artifacts");
    const int64_t seq =
        connection
            .SelectOne(sql::kInsertRun,
                       {created.info.id.str(), experiment_number, created.info.name, run.user_id,
                        run.start_ms, uri, who, storage::Optional(lease_ms),
                        lease_ms ? Value(clock_.NowMs()) : Value()})
            ->Int(0);
    for (const auto& tag : created.tags) {
      connection.Execute(sql::kSetRunTag, {seq, tag.key, tag.value});
    }
    events_.Append(
        connection, "run.created", Subject(created.info.id), who,
        Json::Of({{"experiment_id", run.experiment_id.str()}, {"name", created.info.name}}));
    return uri;
  });
  return created;
}

Run RunStore::Get(const RunId& id) const {
  return database_.Read([&](Connection& connection) {
    std::vector<RunRow> rows = {ReadRunById(connection, id)};
    AddRunData(connection, &rows);
    return std::move(rows.front().run);
  });
}

RunInfo RunStore::GetInfo(const RunId& id) const {
  return database_.Read(
      [&](Connection& connection) { return ReadRunById(connection, id).run.info; });
}

RunInfo RunStore::Update(const RunId& id, const RunUpdate& update, const std::string& who) {
  return database_.Write([&](Connection& connection) {
    const RunKey key = FindRunToWrite(connection, id, clock_.NowMs());
    const RunInfo before = ReadRunById(connection, id).run.info;
    const Value status =
        update.status ? Value(std::string(RunStatusName(*update.status))) : Value();
    const Value name = update.name.empty() ? Value() : Value(update.name);
    connection.Execute(sql::kUpdateRun, {key.seq, status, storage::Optional(update.end_ms), name});
    leases_.Settle(connection, before, update, who);
    if (!update.name.empty()) {
      connection.Execute(sql::kSetRunTag, {key.seq, std::string(kRunNameTag), update.name});
      events_.Append(connection, "run.updated", Subject(id), who,
                     Json::Of({{"name", update.name}}));
    }
    const RunInfo after = ReadRunById(connection, id).run.info;
    if (IsEnd(after.status) && after.status != before.status) {
      events_.Append(connection, "run.finished", Subject(id), who,
                     Json::Of({{"status", RunStatusName(after.status)},
                               {"experiment_id", after.experiment_id.str()},
                               {"name", after.name}}));
    }
    return after;
  });
}

void RunStore::Delete(const RunId& id, const std::string& who) {
  database_.Write([&](Connection& connection) {
    const RunKey key = FindRun(connection, id);
    if (key.lifecycle == Lifecycle::kDeleted) return;
    connection.Execute(sql::kSetRunLifecycle, {key.seq, "deleted", clock_.NowMs()});
    events_.Append(connection, "run.deleted", Subject(id), who);
  });
}

void RunStore::Restore(const RunId& id, const std::string& who) {
  database_.Write([&](Connection& connection) {
    const RunKey key = FindRun(connection, id);
    if (key.lifecycle == Lifecycle::kActive) return;
    connection.Execute(sql::kSetRunLifecycle, {key.seq, "active", Value()});
    events_.Append(connection, "run.restored", Subject(id), who);
  });
}

}  // namespace millwright::tracking
