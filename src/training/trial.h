#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "training/xgboost_trainer.h"

namespace millwright::training {

inline constexpr char kTrialSpecFile[] = "spec.json";
inline constexpr char kTrialResultFile[] = "result.json";
inline constexpr char kTrialLogFile[] = "output.log";

// What one trial is to do: the content of its spec.json. Paths are of table files (WriteTable).
struct TrialSpec {
  int number = 0;
  Json params = Json::MakeObject();  // of the booster, JSON scalars by name
  TrainerConfig trainer;             // `params` inside are set from the above
  std::filesystem::path train_table;
  std::filesystem::path validation_table;
  std::filesystem::path test_table;  // empty: no test metrics
  std::filesystem::path folder;      // where it leaves its files
  Json context;                      // the caller's own: run id, server, …; passed through
};
TrialSpec ReadTrialSpec(const std::filesystem::path& file);
Json TrialSpecToJson(const TrialSpec& spec);

// How a trial ended: the content of its result.json.
struct TrialResult {
  bool succeeded = false;
  std::map<std::string, double> metrics;  // of the best round, and test_*
  int best_round = 0;
  int rounds_run = 0;
  int64_t duration_ms = 0;
  std::string error;  // why it failed
};
TrialResult TrialResultFromJson(const Json& json);
Json TrialResultToJson(const TrialResult& result);

// Receives what a trial measures and leaves behind, as it happens, on the trial's thread. What it
// throws ends the trial as failed. The command line implements it over the tracking server.
class MetricSink {
 public:
  virtual ~MetricSink() = default;
  virtual void OnStart(const TrialSpec& spec, const std::map<std::string, std::string>& params) = 0;
  // Returns false to stop training after this round (the model so far is kept).
  virtual bool OnMetrics(std::span<const MetricPoint> points) = 0;
  // Names a file in the trial's folder that is finished: model.ubj, metrics.json, …
  virtual void OnArtifact(const std::filesystem::path& file) = 0;
  virtual void OnEnd(const TrialResult& result) = 0;
};

// The body of a trial's process. Trains, writes model.ubj, feature_importance.json ({"feature":
// gain}), roc.json ({"fpr": […], "tpr": […]}, of the test table, else of the validation table),
// metrics.json and at last result.json into the folder, and reports to `sink` (may be null). A
// failure is written into result.json and told to the sink before the Error goes on. Memory: the
// tables are mapped, XGBoost keeps about 10 bytes for each of their cells.
TrialResult RunTrial(const TrialSpec& spec, MetricSink* sink);

}  // namespace millwright::training
