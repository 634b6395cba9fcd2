#pragma once

#include <string>
#include <vector>

#include "analytics/session.h"
#include "inference/tensor.h"

namespace millwright::scoring {

// A model's outputs as columns of a table. [N] and [N,1] are one column of the output's name; the
// others are a column for each value of a row, NAME_0, NAME_1, …, or by the keys of the classes
// where the model gives them (NAME_keys beside NAME), NAME_setosa. Outputs that have no value for
// each row cannot be a column and throw kInvalidArgument.
class OutputColumns {
 public:
  // Learns names and types from the answer to `rows` rows.
  OutputColumns(const std::vector<inference::Tensor>& outputs, size_t rows,
                const std::string& prefix);

  const std::vector<std::string>& names() const { return names_; }
  // The column list of a table that holds them, without parentheses.
  std::string TableSql() const;
  // Writes the fields of one row of an answer, into an object that is begun. Throws as Append does.
  void WriteRow(const std::vector<inference::Tensor>& outputs, size_t row,
                JsonWriter* writer) const;
  // Appends the rows of an answer. Throws kFailedPrecondition when it is shaped otherwise than the
  // one before.
  void Append(const std::vector<inference::Tensor>& outputs, size_t rows,
              analytics::Session::Appender* table) const;

 private:
  void CheckShapes(const std::vector<inference::Tensor>& outputs, size_t rows) const;

  struct Source {
    size_t output = 0;
    size_t width = 1;
    inference::DataType type = inference::DataType::kFp32;
  };
  std::vector<Source> sources_;
  std::vector<std::string> names_;
  std::vector<std::string> types_;
};

}  // namespace millwright::scoring
