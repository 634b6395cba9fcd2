#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "tracking/entities.h"
#include "tracking/latest_metrics.h"
#include "tracking/run_lease.h"
#include "tracking/run_search.h"

namespace millwright::tracking {

struct NewRun {
  ExperimentId experiment_id;
  std::string name;  // empty: taken from the tag mlflow.runName, else made up
  std::string user_id;
  int64_t start_ms = 0;
  std::vector<Tag> tags;
};

// What an update changes; what is absent stays.
struct RunUpdate {
  std::optional<RunStatus> status;
  std::optional<int64_t> end_ms;
  std::string name;  // empty: stays
};

struct Batch {
  std::vector<Metric> metrics;
  std::vector<Param> params;
  std::vector<Tag> tags;
};

// What there is, without what is deleted.
struct TrackingCounts {
  int64_t experiments = 0;
  int64_t runs = 0;
};

struct DatasetSummary {
  ExperimentId experiment_id;
  std::string name;
  std::string digest;
  std::optional<std::string> context;
};

// Runs and what they log, with MLflow's rules: params never change, the latest metric is the one of
// the greatest step, time and value, a deleted run or experiment takes nothing, mlflow.runName and
// the run's name are one. Each call is one transaction: it happens as a whole or not at all, and is
// durable when the call returns. Changes of runs append their event in it; metrics, params and tags
// are data and append none, except that finishing does. Throws kInvalidArgument or kNotFound in
// MLflow's words. Thread-safe.
class RunStore {
 public:
  struct Options {
    // The lease of new runs that ask for none by their tags (RunLeases); 0: they have none.
    int64_t lease_ms = 0;
  };
  RunStore(storage::Database& database, events::EventLog& events, const Clock& clock,
           const Options& options);
  RunStore(storage::Database& database, events::EventLog& events, const Clock& clock)
      : RunStore(database, events, clock, Options()) {}

  Run Create(const NewRun& run, const std::string& who);
  // Finds deleted ones too.
  Run Get(const RunId& id) const;
  RunInfo GetInfo(const RunId& id) const;
  RunInfo Update(const RunId& id, const RunUpdate& update, const std::string& who);
  void Delete(const RunId& id, const std::string& who);
  void Restore(const RunId& id, const std::string& who);
  // Searches throw kFailedPrecondition when they take longer than kSearchTimeLimitMs.
  storage::SearchPage<Run> Search(const RunSearch& search) const;
  RunCount CountMatching(const RunFilter& filter, int64_t max = kCountMax) const;
  RunGroups Group(const RunGrouping& grouping) const;
  // The keys in their order (of bytes).
  std::vector<std::string> Columns(const ColumnSearch& search) const;
  TrackingCounts Count() const;

  // The Later forms check their arguments at once, throw what is wrong with these, and return;
  // `done` is told the rest, as Database::WriteLater says.
  void LogMetric(const RunId& id, const Metric& metric);
  void LogMetricLater(const RunId& id, const Metric& metric, storage::WriteDone done);
  void LogParam(const RunId& id, const Param& param);
  void LogParamLater(const RunId& id, Param param, storage::WriteDone done);
  void SetTag(const RunId& id, const Tag& tag, const std::string& who);
  void SetTagLater(const RunId& id, Tag tag, std::string who, storage::WriteDone done);
  // Throws kNotFound when there is no such tag.
  void DeleteTag(const RunId& id, const std::string& key);
  void LogBatch(const RunId& id, const Batch& batch);
  void LogBatchLater(const RunId& id, const Batch& batch, storage::WriteDone done);
  void LogInputs(const RunId& id, const std::vector<DatasetInput>& datasets,
                 const std::vector<LoggedModelId>& models);
  void LogOutputs(const RunId& id, const std::vector<ModelOutput>& models);

  std::vector<DatasetSummary> SearchDatasets(const std::vector<ExperimentId>& experiments) const;

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const Options options_;
  RunLeases leases_;
  mutable LatestMetrics latest_;
};

// Makes up a name such as "patient-heron-417".
std::string MakeRunName();

inline constexpr std::string_view kRunNameTag = "mlflow.runName";

}  // namespace millwright::tracking
