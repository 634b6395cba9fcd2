#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

// How well a classifier does where nobody knows the truth yet: confidence-based
// estimation as NannyML defines it (CBPE). A calibrated probability says how likely each prediction
// is right, so figures follow from predictions alone. It holds where the inputs change. It does not
// see concept drift: where the same inputs have come to mean something else, the probabilities are
// wrong and so is every figure here.
namespace millwright::drift {

inline constexpr std::string_view kEstimateCaveat =
    "Estimated from the model's own probabilities: changed inputs are seen, concept drift (the "
    "same "
    "inputs meaning something else) is not.";

// Rows in the order in which they are cut into chunks.
struct ScoredRows {
  std::vector<double> probability;  // of the positive class
  std::vector<double> predicted;    // 0 or 1
  std::vector<double> truth;        // 0 or 1; empty where it is not known
  std::vector<std::string> period;  // of each row; empty for chunks of a number of rows
};

struct EstimateFigure {
  std::string name;  // roc_auc, f1, precision, recall, specificity, accuracy, average_precision,
                     // true_positive, true_negative, false_positive, false_negative
  std::optional<double> estimated;  // absent where undefined
  std::optional<double> realised;   // where the truth is known
  double lower = 0, upper = 1;      // what the reference's chunks keep within
  bool alert = false;
  // The standard error of both by the draw of the chunk's rows (drift/sampling_error.h); absent
  // where the reference does not tell it.
  std::optional<double> sampling_error;
  double most = 1;  // that the figure can be; none is below 0

  // kBandErrors standard errors about the estimate, or what was realised, within what can be.
  struct Band {
    double lower = 0, upper = 0;
  };
  std::optional<Band> BandOf(const std::optional<double>& value) const;
};

struct EstimatedChunk {
  std::string key;  // the period, or "[first:last]"
  bool is_reference = false;
  int64_t rows = 0;
  std::vector<EstimateFigure> figures;
};

struct PerformanceEstimate {
  bool is_calibrated = false;  // whether the probabilities had to be corrected
  double calibration_error_before = 0, calibration_error_after = 0;  // in cross-validation
  double calibration_error_by_chance = 0;  // what right probabilities would show of the same rows
  std::vector<EstimatedChunk> chunks;
  std::string_view caveat = kEstimateCaveat;

  int64_t alerts() const;  // chunks of the analysis with any
  Json ToJson() const;
};

// What learns losses (EstimateLoss): boosted trees, which see bends, steps and what inputs do
// together, or a plane, which needs few rows and no library.
enum class LossLearner { kBoosted, kLinear };

struct EstimateOptions {
  int64_t chunk_rows = 1000;  // where rows have no period; the last chunk may be shorter
  LossLearner loss_learner = LossLearner::kBoosted;
  uint64_t seed = 0;  // of the boosted trees
  // NannyML leaves probabilities as they are that rank with an AUC above 0.999. Beside corrected
  // classes those of such a class are out of proportion, so this is off.
  bool trusts_separable = false;
};

// Estimates chunk by chunk. The reference's truth sets the bounds (mean and three standard
// deviations of what its chunks realised) and corrects the probabilities by isotonic regression
// where they are off by more than twice what chance makes of right ones, and where correcting them
// lowers that error in cross-validation. (NannyML corrects wherever ten random splits say less.)
// Throws kInvalidArgument for a
// reference without truth or with fewer than kEstimateRowsMin rows, and for labels that are not 0
// or 1.
inline constexpr size_t kEstimateRowsMin = 100;
PerformanceEstimate EstimatePerformance(const ScoredRows& reference, const ScoredRows& analysis,
                                        const EstimateOptions& options = {});

// Rows of a classifier of several classes: a class is its place in `probability`.
struct ClassScoredRows {
  std::vector<std::vector<double>> probability;  // by class, then by row
  std::vector<size_t> predicted;
  std::vector<size_t> truth;        // empty where it is not known
  std::vector<std::string> period;  // of each row; empty for chunks of a number of rows
};

// The same for several classes: each against all others, and the plain mean over the classes;
// accuracy is the mean chance of the class that was predicted. Each class is corrected where that
// helps it, and the chances of a row then made to add up to 1. The errors of calibration in the
// result are the largest of any class. A figure that one class lacks is absent. Throws
// kInvalidArgument as above, and for fewer than two classes or more than kClassesMax.
inline constexpr size_t kClassesMax = 1000;
PerformanceEstimate EstimateClassPerformance(const ClassScoredRows& reference,
                                             const ClassScoredRows& analysis,
                                             const EstimateOptions& options = {});

}  // namespace millwright::drift
