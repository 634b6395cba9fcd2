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
  // How many labels and other elements that are no floating-point numbers are not equal.
  uint64_t differing = 0;
};

// A column of the rows that both models are asked for: numbers (NaN is missing) or texts ("" is
// missing). Numbers are double, so that a model that counts in float has to do with what the other
// sees.
struct ParityColumn {
  std::string name;
  std::vector<double> numbers;
  std::vector<std::string> texts;
};

// The names of the columns that a model takes, of its one table or each an input of its own; empty
// where it names none.
std::vector<std::string> ColumnNamesOf(const Signature& signature);

// Runs the same rows through both engines in batches and compares their outputs by name. An engine
// takes the columns that it names, as inputs of their own ([N] or [N,1], any type but FP16) or as
// one FP32 or FP64 [N,C]; one that names none takes all of them. Throws kInvalidArgument when it
// cannot, when there are no rows, or when an output of `original` is missing in `converted` or
// differs in type or shape.
ParityReport Parity(Engine& original, Engine& converted, const std::vector<ParityColumn>& columns);

// The same for rows of numbers one after another; the engines take them by position.
ParityReport Parity(Engine& original, Engine& converted, std::span<const float> values,
                    size_t column_count);

Json ParityToJson(const ParityReport& report);

}  // namespace millwright::inference
