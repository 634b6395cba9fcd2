#pragma once

#include <string>

#include "serving/predictor.h"

namespace millwright::api::prometheus {

// What models have answered, by model and version: Triton's counters and KServe's histogram under
// their own names, and histograms of waiting and computing under ours.
std::string ServingMetrics(const serving::Predictor& predictor);

}  // namespace millwright::api::prometheus
