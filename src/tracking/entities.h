#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"

namespace millwright::tracking {

using ExperimentId = Id<struct ExperimentTag>;    // a number as text; "0" is the default experiment
using RunId = Id<struct RunTag>;                  // 32 hex digits
using LoggedModelId = Id<struct LoggedModelTag>;  // "m-" and 32 hex digits

// Deleting is a mark; what is deleted can be read and restored.
enum class Lifecycle { kActive, kDeleted };
std::string_view LifecycleName(Lifecycle lifecycle);
Lifecycle ParseLifecycle(std::string_view name);

// Which lifecycles a search looks at.
enum class View { kActiveOnly, kDeletedOnly, kAll };

enum class RunStatus { kRunning, kScheduled, kFinished, kFailed, kKilled };
std::string_view RunStatusName(RunStatus status);
std::optional<RunStatus> FindRunStatus(std::string_view name);
// Whether a run of this status has ended.
bool IsEnd(RunStatus status);

enum class LoggedModelStatus { kPending = 1, kReady = 2, kUploadFailed = 3 };

struct Tag {
  std::string key;
  std::string value;
  bool operator==(const Tag&) const = default;
};

struct Param {
  std::string key;
  std::string value;
  bool operator==(const Param&) const = default;
};

// A point of a metric, of any value; as a latest metric infinities are the largest finite numbers.
// With a model_id it is one of that logged model as well, measured on the dataset if one is named.
struct Metric {
  std::string key;
  double value = 0;
  int64_t timestamp_ms = 0;
  int64_t step = 0;
  std::string model_id = {};
  std::string dataset_name = {};
  std::string dataset_digest = {};
  bool operator==(const Metric&) const = default;
};

struct Experiment {
  ExperimentId id;
  std::string name;
  std::string artifact_location;
  Lifecycle lifecycle = Lifecycle::kActive;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  std::vector<Tag> tags;
};

struct RunInfo {
  RunId id;
  ExperimentId experiment_id;
  std::string name;
  std::string user_id;
  RunStatus status = RunStatus::kRunning;
  int64_t start_ms = 0;
  std::optional<int64_t> end_ms;
  std::string artifact_uri;
  Lifecycle lifecycle = Lifecycle::kActive;
};

struct Dataset {
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::optional<std::string> schema;
  std::optional<std::string> profile;
};

struct DatasetInput {
  Dataset dataset;
  std::vector<Tag> tags;
};

struct ModelOutput {
  LoggedModelId model_id;
  int64_t step = 0;
};

// A metric of a logged model and the run that measured it.
struct ModelMetric {
  Metric metric;
  RunId run_id;
};

struct LoggedModel {
  LoggedModelId id;
  ExperimentId experiment_id;
  std::string name;
  std::string artifact_uri;
  LoggedModelStatus status = LoggedModelStatus::kPending;
  std::string model_type;
  std::string source_run_id;
  Lifecycle lifecycle = Lifecycle::kActive;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  std::vector<Param> params;
  std::vector<Tag> tags;
  std::vector<ModelMetric> metrics;
};

struct Run {
  RunInfo info;
  std::vector<Metric> metrics;  // the latest of each key
  std::vector<Param> params;
  std::vector<Tag> tags;
  std::vector<DatasetInput> dataset_inputs;
  std::vector<LoggedModelId> model_inputs;
  std::vector<ModelOutput> model_outputs;
};

}  // namespace millwright::tracking
