#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/prediction/tensor_json.h"

namespace millwright::api::prediction {

// An output as a column of a table of answers. `keys` names the values of each row where the model
// does (a ZipMap's NAME and NAME_keys): such a row is an object.
struct OutputColumn {
  std::string_view name;
  const inference::Tensor* values = nullptr;
  const inference::Tensor* keys = nullptr;
};

// In the outputs' order; those that are keys of another one are part of it. Valid while the outputs
// are.
std::vector<OutputColumn> OutputColumns(const std::vector<inference::Tensor>& outputs);

// Appends what one row holds. The row must be there.
void AppendRow(const OutputColumn& column, size_t row, const JsonStyle& style, std::string* out);

}  // namespace millwright::api::prediction
