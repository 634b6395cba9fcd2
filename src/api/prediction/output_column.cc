#include "api/prediction/output_column.h"

#include "inference/class_keys.h"

namespace millwright::api::prediction {

using inference::Tensor;

std::vector<OutputColumn> OutputColumns(const std::vector<Tensor>& outputs) {
  std::vector<OutputColumn> columns;
  columns.reserve(outputs.size());
  for (const Tensor& tensor : outputs) {
    if (inference::AreKeys(outputs, tensor)) continue;
    columns.push_back({tensor.name, &tensor, inference::FindKeys(outputs, tensor)});
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
