#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/prediction/plain_json.h"
#include "serving/table_builder.h"

namespace millwright::api::prediction {

// Whether a model's columns are one tensor of floats, or may be.
bool IsPlainTable(const inference::Signature& signature);

// Reads a table of numbers for a model whose columns are one tensor of floats, as PlainJson reads:
// what is given up here is left to TableBuilder, row by row.
class PlainTable {
 public:
  // For a signature that IsPlainTable; throws as TableBuilder does.
  PlainTable(const inference::Signature& signature, serving::ExtraColumns extra);

  // {"columns": […], "data": [[…], …]}, with an index that says nothing.
  bool ReadSplit(PlainJson* json);
  // [{"column": value, …}, …], all records with the same columns in the same order.
  bool ReadRecords(PlainJson* json);
  // What was read.
  inference::Tensor Finish();

 private:
  bool ReadColumns(PlainJson* json);
  bool ReadRow(PlainJson* json);
  bool ReadFirstRecord(PlainJson* json);
  bool ReadRecord(PlainJson* json);
  bool AddColumn(std::string_view name);
  // Looks at the table's columns when all are known; false where some of the model's are not among
  // them, or are twice.
  bool CheckColumns();
  // Makes room for one more row; false when there are too many.
  bool AddRow();
  // Whether all values of the last row that are missing may be.
  bool MayBeMissing() const;
  template <typename T>
  void Scatter();
  bool Store(size_t column, double value);

  const serving::TableBuilder builder_;
  const size_t width_;
  const bool is_vector_;  // the tensor's shape is [N]
  inference::Tensor tensor_;
  std::vector<size_t> columns_;     // of the table: each one's place in a row, or kIgnored
  std::vector<std::string> names_;  // of records
  bool is_in_order_ = false;        // they are the model's own
  bool all_optional_ = true;
  inference::Tensor row_;  // in the table's order
  size_t rows_ = 0;
  size_t capacity_rows_ = 0;
};

}  // namespace millwright::api::prediction
