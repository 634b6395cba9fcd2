#include "api/prediction/output_column.h"

#include "base/error.h"
#include "base/json.h"

namespace millwright::api::prediction {
namespace {

using inference::DataType;
using inference::Tensor;

bool AreKeysOf(const Tensor& keys, const Tensor& values) {
  return values.shape.size() == 2 && keys.shape.size() == 1 && keys.shape[0] == values.shape[1] &&
         keys.name == values.name + "_keys";
}

const Tensor* FindKeys(const std::vector<Tensor>& outputs, const Tensor& values) {
  for (const Tensor& keys : outputs) {
    if (AreKeysOf(keys, values)) return &keys;
  }
  return nullptr;
}

bool AreKeys(const std::vector<Tensor>& outputs, const Tensor& keys) {
  for (const Tensor& values : outputs) {
    if (AreKeysOf(keys, values)) return true;
  }
  return false;
}

}  // namespace

std::vector<OutputColumn> OutputColumns(const std::vector<Tensor>& outputs) {
  std::vector<OutputColumn> columns;
  columns.reserve(outputs.size());
  for (const Tensor& tensor : outputs) {
    if (AreKeys(outputs, tensor)) continue;
    columns.push_back({tensor.name, &tensor, FindKeys(outputs, tensor)});
  }
  return columns;
}

void AppendRow(const OutputColumn& column, size_t row, const JsonStyle& style, std::string* out) {
  if (column.keys == nullptr) return AppendSlice(*column.values, row, style, out);
  const auto width = static_cast<size_t>(column.values->shape[1]);
  out->push_back('{');
  for (size_t i = 0; i < width; ++i) {
    if (i > 0) out->push_back(',');
    AppendKey(*column.keys, i, out);
    out->push_back(':');
    AppendElement(*column.values, row * width + i, style, out);
  }
  out->push_back('}');
}

}  // namespace millwright::api::prediction
