#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "inference/tensor.h"
#include "serving/cell.h"

namespace millwright::serving {

inline constexpr size_t kTableRowsMax = 1'000'000;

// What becomes of columns that the model does not take.
enum class ExtraColumns { kRefuse, kIgnore };

// Says which columns a table lacks, and which it has that the model does not take: most often the
// two are one column under two names. `missing` has one at least.
Error MissingColumns(const std::vector<std::string>& missing,
                     const std::vector<std::string>& unknown);

// What an error of a table says without the row, which is counted from the beginning of the table:
// for those who know it by another number.
std::string WithoutRow(const std::string& message);
// That row; nothing where the error is not about one.
std::optional<size_t> RowIn(const std::string& message);

// A column of a table's rows that the model takes.
struct ColumnPlace {
  size_t in_table = 0;  // as TableBuilder::Set takes it
  size_t in_row = 0;
};

// Turns rows of named columns into a model's input tensors. Columns are the model's named columns
// (one input, last dimension), or its inputs where each holds one value a row, or, for a single
// input without names, just positions. The constructor throws kInvalidArgument for a model that
// takes no tables; every other error is kInvalidArgument naming column and row. Not thread-safe.
class TableBuilder {
 public:
  // Stands for a column that is ignored.
  static constexpr size_t kIgnored = SIZE_MAX;

  explicit TableBuilder(const inference::Signature& signature,
                        ExtraColumns extra = ExtraColumns::kRefuse);

  size_t column_count() const { return columns_.size(); }
  // Whether columns have names; else a table's column names say nothing and positions count.
  bool named() const { return named_; }
  inference::DataType TypeOf(size_t column) const;
  // Whether null is allowed in it.
  bool IsOptional(size_t column) const { return columns_[column].takes_null; }
  // Finds a column; throws for an unknown name or says that it is ignored. `hint` is a likely
  // answer.
  size_t ColumnOf(std::string_view name, size_t hint = 0) const;
  // Checks a table's header and returns each position's column: unknown, repeated and missing
  // columns are named. Where columns have no names only their number is checked.
  std::vector<size_t> MapHeader(const std::vector<std::string>& names) const;

  // The same without those that are ignored.
  std::vector<ColumnPlace> MapColumns(const std::vector<std::string>& names) const;

  void BeginRow();
  // Null is allowed where the column is optional, and in a floating input whose model does not say.
  void Set(size_t column, const Cell& value);
  // The same with a field of a CSV file (CellOfText).
  void SetText(size_t column, std::string_view text);
  // Refuses a row that lacks a column, unless the model says that it is optional.
  void EndRow();
  size_t rows() const { return rows_; }

  // Hands the tensors out; at least one row must be there.
  std::vector<inference::Tensor> Finish();

 private:
  struct Target {
    std::string name;
    size_t input = 0;
    size_t offset = 0;  // within a row of the input
    bool takes_null = false;
    bool may_be_absent = false;  // from a row, or from the table
  };
  void Grow();
  [[noreturn]] void RefuseMissing(const Target& target) const;
  [[noreturn]] void RefuseAbsent(const Target& target) const;

  const ExtraColumns extra_;
  std::vector<Target> columns_;
  bool named_ = true;
  std::vector<inference::Tensor> tensors_;
  std::vector<size_t> widths_;  // elements a row of each tensor
  std::vector<bool> seen_;
  size_t seen_count_ = 0;
  size_t rows_ = 0;
  size_t capacity_rows_ = 0;
};

}  // namespace millwright::serving
