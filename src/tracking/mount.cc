#include "tracking/mount.h"

#include <filesystem>

#include "base/json.h"
#include "tracking/experiment_store.h"
#include "tracking/metric_append.h"
#include "tracking/removal.h"
#include "tracking/run_key.h"
#include "tracking/run_rows.h"
#include "tracking/sql.h"
#include "tracking/taken_rows.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Value;

constexpr const char* kWho = "system";
// Runs that one transaction removes.
constexpr int64_t kRemovedAtOnce = 100;

std::string Subject(const ExperimentId& id) {
  return "experiment:" + id.str();
}

// A name that no other experiment has.
std::string FreeName(Connection& connection, const Experiment& experiment, int64_t number,
                     const std::string& folder) {
  const std::string& name = experiment.name;
  const std::string last = std::filesystem::path(folder).filename().string();
  for (const auto& candidate : {name, name + " (" + last + ")", name + " (" + folder + ")"}) {
    if (!connection.SelectOne(sql::kExperimentNameTaken, {number, candidate})) return candidate;
  }
  // Two experiments of one name in one folder, as no tool leaves them.
  return name + " (" + folder + "/" + experiment.id.str() + ")";
}

}  // namespace

Error ReadOnly(const std::string& what, const std::string& folder) {
  return PermissionDenied(
      "{} is read-only: it is shown of {}, which another tool writes. To own it, import the folder "
      "with `millwright import mlflow` while it is not mounted",
      what, folder);
}

void RequireNotMounted(Connection& connection, const ExperimentId& id) {
  const auto row = connection.SelectOne(sql::kMountedFolder, {ExperimentNumber(id)});
  if (row) throw ReadOnly("The experiment " + id.str(), row->Text(0));
}

std::vector<std::string> MountedFolders(storage::Database& database) {
  return database.Read([&](Connection& connection) {
    std::vector<std::string> folders;
    for (const auto& row : connection.Select(sql::kMountedFolders)) folders.push_back(row.Text(0));
    return folders;
  });
}

Mount::Mount(storage::Database& database, events::EventLog& events, const Clock& clock,
             std::string folder)
    : database_(database), events_(events), clock_(clock), folder_(std::move(folder)) {}

std::map<ExperimentId, ExperimentId> Mount::Experiments() const {
  return database_.Read([&](Connection& connection) {
    std::map<ExperimentId, ExperimentId> shown;
    for (const auto& row : connection.Select(sql::kMountedExperiments, {folder_})) {
      shown[ExperimentId(row.Text(0))] = ExperimentId(std::to_string(row.Int(1)));
    }
    return shown;
  });
}

std::unordered_map<std::string, std::string> Mount::Fingerprints(const ExperimentId& here) const {
  return database_.Read([&](Connection& connection) {
    std::unordered_map<std::string, std::string> fingerprints;
    connection.ForEach(sql::kFingerprintsOfMounted, {ExperimentNumber(here)}, [&](const auto& row) {
      fingerprints[row.Text(0)] = row.Text(1);
      return true;
    });
    return fingerprints;
  });
}

ExperimentId Mount::Show(const Experiment& experiment) {
  return database_.Write([&](Connection& connection) {
    int64_t number = -1;  // of no experiment
    for (const auto& row : connection.Select(sql::kMountedExperiments, {folder_})) {
      if (row.Text(0) == experiment.id.str()) number = row.Int(1);
    }
    const bool is_new = number < 0;
    Experiment shown = experiment;
    shown.name = FreeName(connection, experiment, number, folder_);
    if (is_new) {
      number = MakeTakenExperiment(connection, shown);
      connection.Execute(sql::kInsertMountedExperiment, {folder_, experiment.id.str(), number});
    }
    const ExperimentId here(std::to_string(number));
    connection.Execute(sql::kShowExperiment, {number, shown.name, shown.artifact_location,
                                              std::string(LifecycleName(shown.lifecycle)),
                                              shown.created_ms, shown.updated_ms});
    connection.Execute(sql::kDeleteExperimentTags, {number});
    for (const auto& tag : experiment.tags) {
      connection.Execute(sql::kSetExperimentTag, {number, tag.key, tag.value});
    }
    connection.Execute(sql::kSetExperimentTag, {number, std::string(kMountTag), folder_});
    events_.Append(connection, is_new ? "experiment.mounted" : "experiment.updated", Subject(here),
                   kWho, Json::Of({{"name", shown.name}, {"folder", folder_}}));
    return here;
  });
}

std::vector<RunId> Mount::Show(const std::vector<ShownRun>& runs) {
  std::vector<MetricAppend> appends;
  for (const auto& shown : runs) appends.emplace_back(shown.run.metrics, MetricAppend::Raise::kNow);
  return database_.Write([&](Connection& connection) {
    std::vector<RunId> left_out;
    for (size_t i = 0; i < runs.size(); ++i) {
      const Run& run = runs[i].run;
      const auto known = LookUpRun(connection, run.info.id);
      if (known && known->experiment != ExperimentNumber(run.info.experiment_id)) {
        left_out.push_back(run.info.id);
        continue;
      }
      std::string status_before;
      if (known) {
        status_before = RunStatusName(ReadRunById(connection, run.info.id).run.info.status);
        connection.Execute(sql::kRemoveRunParams, {known->seq});
        connection.Execute(sql::kRemoveRunTags, {known->seq});
      }
      const TakenRun taken = WriteTakenRun(connection, run, clock_.NowMs(), kWho);
      appends[i].Write(connection, run.info.id, taken.seq, clock_.NowMs());
      connection.Execute(sql::kSetMountedRun, {taken.seq, runs[i].fingerprint});
      const std::string_view status = RunStatusName(run.info.status);
      if (status == status_before) continue;
      const char* kind = taken.is_new             ? "run.mounted"
                         : IsEnd(run.info.status) ? "run.finished"
                                                  : "run.updated";
      events_.Append(connection, kind, "run:" + run.info.id.str(), kWho,
                     Json::Of({{"experiment_id", run.info.experiment_id.str()},
                               {"name", run.info.name},
                               {"status", status}}));
    }
    return left_out;
  });
}

void Mount::Show(const LoggedModel& model) {
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kRemoveLoggedModelParams, {model.id.str()});
    connection.Execute(sql::kRemoveLoggedModelTags, {model.id.str()});
    const bool is_new = WriteTakenModel(connection, model);
    if (!is_new) return;
    events_.Append(connection, "logged_model.mounted", "logged_model:" + model.id.str(), kWho,
                   Json::Of({{"experiment_id", model.experiment_id.str()}, {"name", model.name}}));
  });
}

void Mount::Remove(const std::vector<RunId>& runs) {
  for (size_t begin = 0; begin < runs.size(); begin += kRemovedAtOnce) {
    database_.Write([&](Connection& connection) {
      for (size_t i = begin; i < std::min<size_t>(runs.size(), begin + kRemovedAtOnce); ++i) {
        const auto run = LookUpRun(connection, runs[i]);
        if (run && run->mounted_folder == folder_) RemoveRun(connection, run->seq);
      }
    });
  }
}

void Mount::Remove(const ExperimentId& here) {
  const int64_t number = ExperimentNumber(here);
  bool is_empty = false;
  while (!is_empty) {
    is_empty = database_.Write([&](Connection& connection) {
      const auto rows = connection.Select(sql::kSomeRunsOfExperiment, {number, kRemovedAtOnce});
      for (const auto& row : rows) RemoveRun(connection, row.Int(0));
      return rows.empty();
    });
  }
  database_.Write([&](Connection& connection) {
    for (const auto& row : connection.Select(sql::kLoggedModelsOfExperiment, {number})) {
      RemoveModel(connection, LoggedModelId(row.Text(0)));
    }
    connection.Execute(sql::kDeleteMountedExperiment, {number});
    RemoveExperiment(connection, here);
    events_.Append(connection, "experiment.unmounted", Subject(here), kWho,
                   Json::Of({{"folder", folder_}}));
  });
}

}  // namespace millwright::tracking
