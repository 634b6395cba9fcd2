#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "base/mapped_file.h"

namespace millwright::training {

// A table as trainers take it: features row by row, NaN where missing, and one label a row. A view:
// what it looks at must outlive it.
struct TableView {
  std::span<const std::string> columns;  // of the features
  std::span<const float> values;         // row-major
  std::span<const float> labels;

  size_t row_count() const { return labels.size(); }
};

// A table that owns its numbers.
struct LabeledTable {
  std::vector<std::string> columns;
  std::vector<float> values;
  std::vector<float> labels;

  TableView view() const { return {columns, values, labels}; }
};

// Takes one column of a matrix out as the label. Throws kInvalidArgument when it is absent or a
// label is missing.
LabeledTable TakeLabel(analytics::FloatMatrix matrix, const std::string& label_column);

// Writes a table to the file that all trials of a study map: what is read once from the data set
// stays in memory once, however many trials run.
// Format, little-endian: "MWTABLE1", uint64 rows, uint64 feature columns, uint64 bytes of names,
// the names as a JSON list, zeros up to a multiple of 64, float32 features row by row, float32
// labels.
void WriteTable(const std::filesystem::path& path, const TableView& table);

// A table file, mapped for as long as this lives.
class MappedTable {
 public:
  // Throws kNotFound when it is absent, kInvalidArgument when it is not a whole table file.
  explicit MappedTable(const std::filesystem::path& path);

  TableView view() const { return {columns_, values_, labels_}; }

 private:
  MappedFile file_;
  std::vector<std::string> columns_;
  std::span<const float> values_;
  std::span<const float> labels_;
};

}  // namespace millwright::training
