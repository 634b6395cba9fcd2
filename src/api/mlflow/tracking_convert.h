#pragma once

#include <string>
#include <vector>

#include "api/mlflow/tracking_messages.h"
#include "tracking/entities.h"

// Between the protocol's messages and tracking's own types.
namespace millwright::api::mlflow {

std::vector<KeyValue> ToWireTags(const std::vector<tracking::Tag>& tags);
std::vector<tracking::Tag> FromWireTags(const std::vector<KeyValue>& tags);
std::vector<KeyValue> ToWireParams(const std::vector<tracking::Param>& params);
tracking::View FromWire(ViewType view);
WireMetric ToWire(const tracking::Metric& metric);
WireRunInfo ToWire(const tracking::RunInfo& info);
// With `outputs` the run has the field even when it is empty, as in all answers but that of create.
enum class Outputs { kAbsent, kPresent };
WireRun ToWire(const tracking::Run& run, Outputs outputs);

template <typename IdType>
std::vector<IdType> ToIds(const std::vector<std::string>& texts) {
  std::vector<IdType> ids;
  for (const auto& text : texts) ids.emplace_back(text);
  return ids;
}

// Throws kInvalidArgument for a max_results that is not positive.
void RequirePositive(int64_t max_results);

}  // namespace millwright::api::mlflow
