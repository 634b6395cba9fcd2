#include "api/mlflow/tracking_convert.h"

#include "base/error.h"

namespace millwright::api::mlflow {

std::vector<KeyValue> ToWireTags(const std::vector<tracking::Tag>& tags) {
  std::vector<KeyValue> wire;
  wire.reserve(tags.size());
  for (const auto& tag : tags) wire.push_back({tag.key, tag.value});
  return wire;
}

std::vector<tracking::Tag> FromWireTags(const std::vector<KeyValue>& tags) {
  std::vector<tracking::Tag> result;
  result.reserve(tags.size());
  for (const auto& tag : tags) result.push_back({tag.key, tag.value});
  return result;
}

std::vector<KeyValue> ToWireParams(const std::vector<tracking::Param>& params) {
  std::vector<KeyValue> wire;
  wire.reserve(params.size());
  for (const auto& param : params) wire.push_back({param.key, param.value});
  return wire;
}

tracking::View FromWire(ViewType view) {
  switch (view) {
    case ViewType::kDeletedOnly:
      return tracking::View::kDeletedOnly;
    case ViewType::kAll:
      return tracking::View::kAll;
    default:
      return tracking::View::kActiveOnly;
  }
}

WireMetric ToWire(const tracking::Metric& metric) {
  WireMetric wire;
  wire.key = metric.key;
  wire.value = metric.value;
  wire.timestamp = metric.timestamp_ms;
  wire.step = metric.step;
  return wire;
}

WireRunInfo ToWire(const tracking::RunInfo& info) {
  return {.run_uuid = info.id.str(),
          .experiment_id = info.experiment_id.str(),
          .run_name = info.name,
          .user_id = info.user_id,
          .status = std::string(tracking::RunStatusName(info.status)),
          .start_time = info.start_ms,
          .end_time = info.end_ms,
          .artifact_uri = info.artifact_uri,
          .lifecycle_stage = std::string(tracking::LifecycleName(info.lifecycle)),
          .run_id = info.id.str()};
}

WireRun ToWire(const tracking::Run& run, Outputs outputs) {
  WireRun wire;
  wire.info = ToWire(run.info);
  for (const auto& metric : run.metrics) wire.data.metrics.push_back(ToWire(metric));
  wire.data.params = ToWireParams(run.params);
  wire.data.tags = ToWireTags(run.tags);
  for (const auto& input : run.dataset_inputs) {
    const auto& dataset = input.dataset;
    wire.inputs.dataset_inputs.push_back({ToWireTags(input.tags),
                                          {dataset.name, dataset.digest, dataset.source_type,
                                           dataset.source, dataset.schema, dataset.profile}});
  }
  for (const auto& model : run.model_inputs) wire.inputs.model_inputs.push_back({model.str()});
  if (outputs == Outputs::kPresent) {
    wire.outputs.emplace();
    for (const auto& output : run.model_outputs) {
      wire.outputs->model_outputs.push_back({output.model_id.str(), output.step});
    }
  }
  return wire;
}

void RequirePositive(int64_t max_results) {
  if (max_results > 0) return;
  throw InvalidArgument(
      "Invalid value {} for parameter 'max_results' supplied. It must be a positive integer",
      max_results);
}

}  // namespace millwright::api::mlflow
