#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "inference/tensor.h"
#include "serving/table_builder.h"

namespace millwright::streaming {

inline constexpr size_t kMessageRowsMax = 100'000;

// What a message holds: a row, or a list of them. A row is an object of columns, or a list of
// values where the model knows its columns by position.
struct MessageRows {
  std::vector<Json> rows;
  bool is_list = false;
};
// Throws kInvalidArgument for what is neither.
MessageRows ReadRows(std::string_view value);

// Turns rows into the inputs of a model, as `millwright score` and /invocations do, so that the
// numbers are the same. A row's other fields are passed over.
class RowBatch {
 public:
  // `features` are the columns in the model's order, for a model that has no names for them; they
  // outlive the batch.
  RowBatch(const inference::Signature& signature, const std::vector<std::string>& features);

  // Throws kInvalidArgument for a row that the model cannot take; it is not part of the batch then.
  void Add(const Json& row);
  size_t size() const { return builder_.rows(); }
  // There must be a row.
  std::vector<inference::Tensor> Finish() { return builder_.Finish(); }

 private:
  void SetFields(const Json& row);
  void SetPositions(const Json& row);

  const std::vector<std::string>& features_;
  serving::TableBuilder builder_;
};

}  // namespace millwright::streaming
