#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "inference/engine.h"

namespace millwright::inference {

// How far two engines are apart on one output, over all rows. Differences of numbers are absolute;
// two NaN are equal, one NaN is infinitely far; other types count a difference of 1 per element
// that is not equal.
struct OutputParity {
  std::string output;
  double max = 0;
  double mean = 0;
  double p50 = 0;
  double p99 = 0;
  uint64_t element_count = 0;
  int64_t worst_row = -1;  // the row with the largest difference, -1 when all are equal
};

struct ParityReport {
  uint64_t row_count = 0;
  std::vector<OutputParity> outputs;

  // The largest difference of a floating-point output.
  double max = 0;
};

// Runs the same rows (row-major float32, NaN is missing) through both engines in batches and
// compares their outputs by name. Each must take one FP32 or FP64 input [N,column_count], or the
// columns as inputs of their own. Throws
// kInvalidArgument when they do not or when an output of `original` is missing in `converted` or
// differs in type or shape.
ParityReport Parity(Engine& original, Engine& converted, std::span<const float> values,
                    size_t column_count);

Json ParityToJson(const ParityReport& report);

}  // namespace millwright::inference
