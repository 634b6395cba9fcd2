#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "tracking/entities.h"

namespace millwright::cli {

// The body of one runs/log-batch. MLflow takes so much at a time: 1000 things, of them 100 params
// and 100 tags, in 1 MB.
struct MlflowBatch {
  std::vector<tracking::Metric> metrics;
  std::vector<tracking::Param> params;
  std::vector<tracking::Tag> tags;

  Json ToJson(const std::string& run_id) const;

  // Each param and tag by itself, and all metrics together.
  struct Single;
  std::vector<Single> Singles() const;
};
struct MlflowBatch::Single {
  std::string what;  // "param 'depth'"
  MlflowBatch batch;
};

// Hands out the params, tags and metrics of a run in as few batches as MLflow allows.
void ForEachMlflowBatch(const tracking::Run& run,
                        const std::function<void(const MlflowBatch&)>& each);

// A point as MLflow's requests have it.
Json MlflowMetricJson(const tracking::Metric& metric);

}  // namespace millwright::cli
