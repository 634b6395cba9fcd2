#pragma once

#include <string>

#include "serving/predictor.h"
#include "serving/request_log.h"

namespace millwright::api::prometheus {

// What models have answered, by model and version: Triton's counters and KServe's histogram under
// their own names, and histograms of waiting and computing under ours.
std::string ServingMetrics(const serving::Predictor& predictor);

// What became of the requests that a model server's log was offered.
std::string RequestLogMetrics(const serving::RequestLogStats& stats);

}  // namespace millwright::api::prometheus
