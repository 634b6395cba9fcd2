#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "inference/engine.h"
#include "inference/parity.h"

namespace millwright::cli {

// Rows of features as a model takes them: row-major float32, NaN is missing.
struct FeatureRows {
  std::vector<std::string> columns;
  std::vector<float> values;
  size_t row_count = 0;

  // The first row as an input example: {"columns": […], "data": [[…]]}.
  Json Example() const;
};

// Reads columns of a data file. Throws kInvalidArgument when one is missing or no number.
FeatureRows LoadFeatureRows(const std::filesystem::path& file,
                            const std::vector<std::string>& columns, const std::string& where);

// Rows of a data file to ask two models for.
struct ParityRows {
  std::filesystem::path file;
  std::string where;
  // What models that name no columns take by position; empty: all columns of the file.
  std::vector<std::string> columns;
};

// Reads the columns that either model names, numbers as double or texts where one of them takes
// texts; where neither names any, as many columns by position as they take. Throws kInvalidArgument
// when the file has none of a name or another number of them.
std::vector<inference::ParityColumn> LoadParityColumns(const ParityRows& rows,
                                                       const inference::Signature& one,
                                                       const inference::Signature& other);

// A data file with features and the truth.
struct FeatureTable {
  std::filesystem::path file;
  std::string label;
};

// The area under the ROC curve of a binary classifier over a table; the positive class's
// probability is the last column of its floating-point output.
double AucOnTable(inference::Engine& engine, const FeatureTable& table);

}  // namespace millwright::cli
