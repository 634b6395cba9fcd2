#pragma once

#include "api/mlflow/wire.h"
#include "tracking/entities.h"
#include "tracking/limits.h"

// The messages of experiments and runs, field by field as MLflow's protocol has them.
namespace millwright::api::mlflow {

enum class ViewType { kActiveOnly = 1, kDeletedOnly = 2, kAll = 3 };
template <>
struct WireEnum<ViewType> {
  static constexpr EnumName kNames[] = {{"ACTIVE_ONLY", 1}, {"DELETED_ONLY", 2}, {"ALL", 3}};
};

// Statuses have numbers from 1 on in the protocol.
enum class WireRunStatus { kRunning = 1, kScheduled = 2, kFinished = 3, kFailed = 4, kKilled = 5 };
template <>
struct WireEnum<WireRunStatus> {
  static constexpr EnumName kNames[] = {
      {"RUNNING", 1}, {"SCHEDULED", 2}, {"FINISHED", 3}, {"FAILED", 4}, {"KILLED", 5}};
};

struct KeyValue {
  std::string key;
  std::string value;
  static constexpr auto fields() {
    return std::tuple(May("key", &KeyValue::key), May("value", &KeyValue::value));
  }
};
// A param or tag of a batch, where the key may not be missing.
struct KeyedValue {
  std::string key;
  std::string value;
  static constexpr auto fields() {
    return std::tuple(Must("key", &KeyedValue::key), May("value", &KeyedValue::value));
  }
};

struct WireExperiment {
  std::string experiment_id;
  std::string name;
  std::string artifact_location;
  std::string lifecycle_stage;
  int64_t last_update_time = 0;
  int64_t creation_time = 0;
  std::vector<KeyValue> tags;
  static constexpr auto fields() {
    using T = WireExperiment;
    return std::tuple(May("experiment_id", &T::experiment_id), May("name", &T::name),
                      May("artifact_location", &T::artifact_location),
                      May("lifecycle_stage", &T::lifecycle_stage),
                      May("last_update_time", &T::last_update_time),
                      May("creation_time", &T::creation_time), May("tags", &T::tags));
  }
};
struct CreateExperiment {
  std::string name;
  std::string artifact_location;
  std::vector<KeyValue> tags;
  static constexpr auto fields() {
    using T = CreateExperiment;
    return std::tuple(Must("name", &T::name), May("artifact_location", &T::artifact_location),
                      May("tags", &T::tags));
  }
};
struct ExperimentIdOnly {
  std::string experiment_id;
  static constexpr auto fields() {
    return std::tuple(Must("experiment_id", &ExperimentIdOnly::experiment_id));
  }
};
struct ExperimentName {
  std::string experiment_name;
  static constexpr auto fields() {
    return std::tuple(Must("experiment_name", &ExperimentName::experiment_name));
  }
};
struct ExperimentAnswer {
  WireExperiment experiment;
  static constexpr auto fields() {
    return std::tuple(May("experiment", &ExperimentAnswer::experiment));
  }
};
struct UpdateExperiment {
  std::string experiment_id;
  std::string new_name;
  static constexpr auto fields() {
    using T = UpdateExperiment;
    return std::tuple(Must("experiment_id", &T::experiment_id), Must("new_name", &T::new_name));
  }
};
struct ExperimentTag {
  std::string experiment_id;
  std::string key;
  std::string value;
  static constexpr auto fields() {
    using T = ExperimentTag;
    return std::tuple(Must("experiment_id", &T::experiment_id), Must("key", &T::key),
                      May("value", &T::value));
  }
};
struct SearchExperiments {
  ViewType view_type = ViewType::kActiveOnly;
  int64_t max_results = 0;
  std::vector<std::string> order_by;
  std::string filter;
  std::string page_token;
  static constexpr auto fields() {
    using T = SearchExperiments;
    return std::tuple(May("view_type", &T::view_type), May("max_results", &T::max_results),
                      May("order_by", &T::order_by), May("filter", &T::filter),
                      May("page_token", &T::page_token));
  }
};
struct ExperimentsAnswer {
  std::vector<WireExperiment> experiments;
  std::optional<std::string> next_page_token;
  static constexpr auto fields() {
    using T = ExperimentsAnswer;
    return std::tuple(May("experiments", &T::experiments),
                      May("next_page_token", &T::next_page_token));
  }
};
struct ExperimentIds {
  std::vector<std::string> experiment_ids;
  static constexpr auto fields() {
    return std::tuple(May("experiment_ids", &ExperimentIds::experiment_ids));
  }
};
struct WireDatasetSummary {
  std::string experiment_id;
  std::string name;
  std::string digest;
  std::optional<std::string> context;
  static constexpr auto fields() {
    using T = WireDatasetSummary;
    return std::tuple(May("experiment_id", &T::experiment_id), May("name", &T::name),
                      May("digest", &T::digest), May("context", &T::context));
  }
};
struct DatasetSummaries {
  std::vector<WireDatasetSummary> dataset_summaries;
  static constexpr auto fields() {
    return std::tuple(May("dataset_summaries", &DatasetSummaries::dataset_summaries));
  }
};

struct WireMetric {
  std::string key;
  double value = 0;
  int64_t timestamp = 0;
  int64_t step = 0;
  std::optional<std::string> model_id;
  std::optional<std::string> dataset_name;
  std::optional<std::string> dataset_digest;
  std::optional<std::string> run_id;
  static constexpr auto fields() {
    using T = WireMetric;
    return std::tuple(Must("key", &T::key), Must("value", &T::value),
                      Must("timestamp", &T::timestamp), May("step", &T::step),
                      May("model_id", &T::model_id), May("dataset_name", &T::dataset_name),
                      May("dataset_digest", &T::dataset_digest), May("run_id", &T::run_id));
  }
};
struct WireDataset {
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::optional<std::string> schema;
  std::optional<std::string> profile;
  static constexpr auto fields() {
    using T = WireDataset;
    return std::tuple(May("name", &T::name), May("digest", &T::digest),
                      May("source_type", &T::source_type), May("source", &T::source),
                      May("schema", &T::schema), May("profile", &T::profile));
  }
};
struct WireDatasetInput {
  std::vector<KeyValue> tags;
  WireDataset dataset;
  static constexpr auto fields() {
    using T = WireDatasetInput;
    return std::tuple(May("tags", &T::tags), May("dataset", &T::dataset));
  }
};
struct WireModelInput {
  std::string model_id;
  static constexpr auto fields() { return std::tuple(May("model_id", &WireModelInput::model_id)); }
};
struct WireModelOutput {
  std::string model_id;
  int64_t step = 0;
  static constexpr auto fields() {
    using T = WireModelOutput;
    return std::tuple(May("model_id", &T::model_id), May("step", &T::step));
  }
};
struct WireRunInfo {
  std::string run_uuid;
  std::string experiment_id;
  std::string run_name;
  std::string user_id;
  std::string status;
  int64_t start_time = 0;
  std::optional<int64_t> end_time;
  std::string artifact_uri;
  std::string lifecycle_stage;
  std::string run_id;
  static constexpr auto fields() {
    using T = WireRunInfo;
    return std::tuple(May("run_uuid", &T::run_uuid), May("experiment_id", &T::experiment_id),
                      May("run_name", &T::run_name), May("user_id", &T::user_id),
                      May("status", &T::status), May("start_time", &T::start_time),
                      May("end_time", &T::end_time), May("artifact_uri", &T::artifact_uri),
                      May("lifecycle_stage", &T::lifecycle_stage), May("run_id", &T::run_id));
  }
};
struct WireRunData {
  std::vector<WireMetric> metrics;
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
  static constexpr auto fields() {
    using T = WireRunData;
    return std::tuple(May("metrics", &T::metrics), May("params", &T::params),
                      May("tags", &T::tags));
  }
};
struct WireRunInputs {
  std::vector<WireDatasetInput> dataset_inputs;
  std::vector<WireModelInput> model_inputs;
  static constexpr auto fields() {
    using T = WireRunInputs;
    return std::tuple(May("dataset_inputs", &T::dataset_inputs),
                      May("model_inputs", &T::model_inputs));
  }
};
struct WireRunOutputs {
  std::vector<WireModelOutput> model_outputs;
  static constexpr auto fields() {
    return std::tuple(May("model_outputs", &WireRunOutputs::model_outputs));
  }
};
struct WireRun {
  WireRunInfo info;
  WireRunData data;
  WireRunInputs inputs;
  std::optional<WireRunOutputs> outputs;
  static constexpr auto fields() {
    using T = WireRun;
    return std::tuple(May("info", &T::info), May("data", &T::data), May("inputs", &T::inputs),
                      May("outputs", &T::outputs));
  }
};
struct RunAnswer {
  WireRun run;
  static constexpr auto fields() { return std::tuple(May("run", &RunAnswer::run)); }
};
struct RunInfoAnswer {
  WireRunInfo run_info;
  static constexpr auto fields() { return std::tuple(May("run_info", &RunInfoAnswer::run_info)); }
};
struct CreateRun {
  std::string experiment_id;
  int64_t start_time = 0;
  std::string run_name;
  std::string user_id;
  std::vector<KeyValue> tags;
  static constexpr auto fields() {
    using T = CreateRun;
    return std::tuple(May("experiment_id", &T::experiment_id), May("start_time", &T::start_time),
                      May("run_name", &T::run_name), May("user_id", &T::user_id),
                      May("tags", &T::tags));
  }
};
struct RunIdOnly {
  std::string run_id;
  static constexpr auto fields() {
    return std::tuple(Must("run_id", &RunIdOnly::run_id, "run_uuid"));
  }
};
struct UpdateRun {
  std::string run_id;
  std::optional<int64_t> end_time;
  std::optional<WireRunStatus> status;
  std::string run_name;
  static constexpr auto fields() {
    using T = UpdateRun;
    return std::tuple(Must("run_id", &T::run_id, "run_uuid"), May("end_time", &T::end_time),
                      May("status", &T::status), May("run_name", &T::run_name));
  }
};
struct LogMetric {
  std::string run_id;
  std::string key;
  double value = 0;
  int64_t timestamp = 0;
  int64_t step = 0;
  std::string model_id;
  std::string dataset_name;
  std::string dataset_digest;
  static constexpr auto fields() {
    using T = LogMetric;
    return std::tuple(
        Must("run_id", &T::run_id, "run_uuid"), Must("key", &T::key), Must("value", &T::value),
        Must("timestamp", &T::timestamp), May("step", &T::step), May("model_id", &T::model_id),
        May("dataset_name", &T::dataset_name), May("dataset_digest", &T::dataset_digest));
  }
};
// Also set-tag and delete-tag.
struct RunKeyValue {
  std::string run_id;
  std::string key;
  std::string value;
  static constexpr auto fields() {
    using T = RunKeyValue;
    return std::tuple(Must("run_id", &T::run_id, "run_uuid"), Must("key", &T::key),
                      May("value", &T::value));
  }
};
struct LogBatch {
  std::string run_id;
  std::vector<WireMetric> metrics;
  std::vector<KeyedValue> params;
  std::vector<KeyedValue> tags;
  static constexpr auto fields() {
    using T = LogBatch;
    return std::tuple(Must("run_id", &T::run_id, "run_uuid"), May("metrics", &T::metrics),
                      May("params", &T::params), May("tags", &T::tags));
  }
};
struct LogInputs {
  std::string run_id;
  std::vector<WireDatasetInput> datasets;
  std::vector<WireModelInput> models;
  static constexpr auto fields() {
    using T = LogInputs;
    return std::tuple(Must("run_id", &T::run_id, "run_uuid"), May("datasets", &T::datasets),
                      May("models", &T::models));
  }
};
struct LogOutputs {
  std::string run_id;
  std::vector<WireModelOutput> models;
  static constexpr auto fields() {
    using T = LogOutputs;
    return std::tuple(Must("run_id", &T::run_id, "run_uuid"), Must("models", &T::models));
  }
};
struct LogModel {
  std::string run_id;
  std::string model_json;
  static constexpr auto fields() {
    using T = LogModel;
    return std::tuple(Must("run_id", &T::run_id, "run_uuid"), Must("model_json", &T::model_json));
  }
};
struct SearchRuns {
  std::vector<std::string> experiment_ids;
  std::string filter;
  ViewType run_view_type = ViewType::kActiveOnly;
  int64_t max_results = 1000;
  std::vector<std::string> order_by;
  std::string page_token;
  static constexpr auto fields() {
    using T = SearchRuns;
    return std::tuple(May("experiment_ids", &T::experiment_ids), May("filter", &T::filter),
                      May("run_view_type", &T::run_view_type),
                      AtMost("max_results", &T::max_results, tracking::kSearchResultsMax),
                      May("order_by", &T::order_by), May("page_token", &T::page_token));
  }
};
struct RunsAnswer {
  std::vector<WireRun> runs;
  std::optional<std::string> next_page_token;
  static constexpr auto fields() {
    using T = RunsAnswer;
    return std::tuple(May("runs", &T::runs), May("next_page_token", &T::next_page_token));
  }
};
struct GetHistory {
  std::string run_id;
  std::string metric_key;
  std::string page_token;
  std::optional<int64_t> max_results;
  static constexpr auto fields() {
    using T = GetHistory;
    return std::tuple(Must("run_id", &T::run_id, "run_uuid"), Must("metric_key", &T::metric_key),
                      May("page_token", &T::page_token), May("max_results", &T::max_results));
  }
};
struct GetHistoryBulk {
  std::vector<std::string> run_id;
  std::string metric_key;
  std::optional<int64_t> max_results;
  static constexpr auto fields() {
    using T = GetHistoryBulk;
    return std::tuple(May("run_id", &T::run_id), May("metric_key", &T::metric_key),
                      May("max_results", &T::max_results));
  }
};
struct GetHistoryInterval {
  std::vector<std::string> run_ids;
  std::string metric_key;
  std::optional<int64_t> start_step;
  std::optional<int64_t> end_step;
  std::optional<int64_t> max_results;
  static constexpr auto fields() {
    using T = GetHistoryInterval;
    return std::tuple(Must("run_ids", &T::run_ids), Must("metric_key", &T::metric_key),
                      May("start_step", &T::start_step), May("end_step", &T::end_step),
                      May("max_results", &T::max_results));
  }
};

}  // namespace millwright::api::mlflow
