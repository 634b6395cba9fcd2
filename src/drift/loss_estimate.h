#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "drift/performance_estimate.h"

// How far off a regression model is where nobody knows the truth yet: direct loss estimation as
// NannyML defines it (DLE). A second model learns on the reference what the first one's loss is for
// which inputs and predictions; its mean over a chunk is the estimate. Here the second model is a
// linear one (NannyML's is boosted trees): it sees losses that grow along an input, and no bends.
namespace millwright::drift {

inline constexpr std::string_view kLossCaveat =
    "Estimated from where the reference's losses lay: changed inputs are seen, concept drift (the "
    "same inputs meaning something else) is not.";

// Rows in the order in which they are cut into chunks.
struct PredictedRows {
  std::vector<std::vector<double>> features;  // by column; a missing value is NaN
  std::vector<double> predicted;
  std::vector<double> truth;        // empty where it is not known
  std::vector<std::string> period;  // of each row; empty for chunks of a number of rows
};

// Estimates mae, mape, mse, rmse, msle and rmsle chunk by chunk; the last two only where truth and
// prediction are above -1, mape where no truth is 0. A missing feature counts as the reference's
// mean. Bounds and alerts are those of EstimatePerformance, without an upper limit. Throws
// kInvalidArgument for a reference without truth, with fewer than kEstimateRowsMin rows or with
// other columns than the analysis.
PerformanceEstimate EstimateLoss(const PredictedRows& reference, const PredictedRows& analysis,
                                 const EstimateOptions& options = {});

}  // namespace millwright::drift
