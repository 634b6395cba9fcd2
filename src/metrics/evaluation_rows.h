#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "metrics/evaluation.h"
#include "metrics/multiclass.h"

namespace millwright::metrics {

// What an evaluation has read: one element a row in each vector that its task uses.
struct EvaluationRows {
  Task task = Task::kBinary;
  std::vector<std::string> classes;  // sorted; numbers by their size
  size_t positive = 1;               // index of the positive class of two
  std::vector<int32_t> truth;        // classes
  std::vector<int32_t> predicted;
  std::vector<double> truth_number;  // of a regression or a ranking
  std::vector<double> predicted_number;
  std::vector<double> probabilities;  // of the positive class, or one a class
  std::vector<double> weights;        // empty without a column of them
  std::vector<int32_t> query;
  // For each slicing column the row's value, an index of its values; -1 is missing.
  struct SliceColumn {
    std::string name;
    std::vector<std::string> values;
    std::vector<int32_t> of_row;
  };
  std::vector<SliceColumn> slices;
  int64_t left_out = 0;

  size_t size() const { return truth.empty() ? truth_number.size() : truth.size(); }
  // The rows of these indexes, without slices.
  EvaluationRows Subset(std::span<const uint32_t> rows) const;
};

// Errors are Evaluate's.
EvaluationRows ReadRows(analytics::Session& session, const EvaluationSpec& spec);

}  // namespace millwright::metrics
