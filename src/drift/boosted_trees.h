#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inference/booster.h"

namespace millwright::drift {

// What the trees learn: the chance of a label 1, or a number.
enum class TreeTarget { kChance, kNumber };

// Grown leaf by leaf as LightGBM does by default: 100 trees of at most 31 leaves, each correcting a
// tenth of what is left, with at least 20 rows a leaf.
struct TreeOptions {
  TreeTarget target = TreeTarget::kChance;
  int rounds = 100;
  int leaves_max = 31;
  double rate = 0.1;
  int leaf_rows_min = 20;
  int64_t seed = 0;
};

// Gradient-boosted trees that judge data, by XGBoost. The same rows, options and library give the
// same trees.
class BoostedTrees {
 public:
  // `values` is row-major, NaN is missing. Throws kUnavailable without the library.
  BoostedTrees(std::span<const float> values, size_t columns, std::span<const float> labels,
               const TreeOptions& options);

  // The chance, or the number, of each row.
  std::vector<double> At(std::span<const float> values) const;
  // What splits on each column have gained, as shares of all.
  std::vector<double> GainShares() const;

 private:
  size_t columns_;
  inference::Booster booster_;
};

// Gives every row one of `folds` parts, each class (0 or 1) evenly, in an order that follows from
// the seed alone.
std::vector<size_t> StratifiedFolds(std::span<const float> labels, size_t folds, uint64_t seed);

}  // namespace millwright::drift
