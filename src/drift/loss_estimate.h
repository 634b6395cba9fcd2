#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "drift/performance_estimate.h"

// How far off a regression model is where nobody knows the truth yet: direct loss estimation as
// NannyML defines it (DLE). A second model learns on the reference what the first one's loss is for
// which inputs and predictions; its mean over a chunk is the estimate. The second model is boosted
// trees with the defaults of LightGBM, which NannyML takes, or a plane.
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
// prediction are above -1, mape where no truth is 0. A missing feature is a case of its own for
// trees and counts as the reference's mean for a plane. Trees learn from at most kLossRowsMax rows,
// evenly taken; what they say of the reference's chunks comes from five folds that have not seen
// them, so that it can be held against what was realised. Bounds and alerts are those of
// EstimatePerformance, without an upper limit. Throws kInvalidArgument for a reference without
// truth, with fewer than kEstimateRowsMin rows or with other columns than the analysis,
// kUnavailable for trees without XGBoost's library.
inline constexpr size_t kLossRowsMax = 200'000;
PerformanceEstimate EstimateLoss(const PredictedRows& reference, const PredictedRows& analysis,
                                 const EstimateOptions& options = {});

}  // namespace millwright::drift
