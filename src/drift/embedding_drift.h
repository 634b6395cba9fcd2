#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "drift/embedding.h"
#include "drift/feature_drift.h"

// All ways in which points of two sides are held against one another, for who has the rows of both.
namespace millwright::drift {

struct EmbeddingMethod {
  std::string name;
  DriftStatus status = DriftStatus::kMeasured;
  std::optional<double> score;
  double threshold = 0;
  std::optional<double> p_value;
  bool drifted = false;
  std::string note;
};

struct EmbeddingDrift {
  size_t dimensions = 0;
  int64_t reference_points = 0, current_points = 0;  // that were looked at
  std::vector<EmbeddingMethod> methods;

  const EmbeddingMethod* Find(std::string_view name) const;
  Json ToJson() const;
};

struct EmbeddingOptions {
  int64_t points_min = 100;  // of either side
  int permutations = 200;
  uint64_t seed = 0;
};

// What is drawn of either side at most; of the kernel's matrix a quarter of it.
inline constexpr int64_t kEmbeddingRowsMax = 2'000;
inline constexpr size_t kKernelPointsMax = 500;

// - mean_distance: as ShiftOf has it; drift from 0.1 where p is below 0.05.
// - euclidean, cosine: of the middles; drift from 0.2, Evidently's `distance` without a bootstrap.
// - mmd: the unbiased squared maximum mean discrepancy (Gretton and others, 2012) with a Gaussian
//   kernel as wide as the median distance; drift where fewer than 1 in 20 permutations of the sides
//   have as much. Evidently's `mmd` draws no permutations by default and compares with 0.015.
// - components: the share of single numbers whose Wasserstein distance, in deviations of the
//   reference, is 0.1 or more; drift from 0.2, Evidently's `ratio`.
// - classifier: TellApart over the numbers; drift as there. Evidently's `model`, its default, takes
//   0.55 too, of one split into halves.
// Too few points are "not enough data" in every method.
EmbeddingDrift CompareEmbeddings(const Points& reference, const Points& current,
                                 const EmbeddingOptions& options = {});

}  // namespace millwright::drift
