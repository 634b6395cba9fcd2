#include "serving/prediction_log.h"

#include <algorithm>
#include <cmath>

#include "serving/cell.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Tensor;
using Value = PredictionRow::Value;

constexpr size_t kListMax = 4096;  // numbers of one value; a longer one (an image) is left out

double NumberAt(const Tensor& tensor, size_t index) {
  switch (tensor.type) {
    case DataType::kBool:
    case DataType::kUint8:
      return tensor.As<uint8_t>()[index];
    case DataType::kUint16:
      return tensor.As<uint16_t>()[index];
    case DataType::kUint32:
      return tensor.As<uint32_t>()[index];
    case DataType::kUint64:
      return static_cast<double>(tensor.As<uint64_t>()[index]);
    case DataType::kInt8:
      return tensor.As<int8_t>()[index];
    case DataType::kInt16:
      return tensor.As<int16_t>()[index];
    case DataType::kInt32:
      return tensor.As<int32_t>()[index];
    case DataType::kInt64:
      return static_cast<double>(tensor.As<int64_t>()[index]);
    case DataType::kFp16:
      return DoubleFromHalf(tensor.As<uint16_t>()[index]);
    case DataType::kFp32:
      return tensor.As<float>()[index];
    case DataType::kFp64:
      return tensor.As<double>()[index];
    case DataType::kBytes:
      return 0;
  }
  return 0;
}

bool IsFloating(DataType type) {
  return type == DataType::kFp16 || type == DataType::kFp32 || type == DataType::kFp64;
}

Value ValueAt(const Tensor& tensor, size_t index) {
  if (tensor.type == DataType::kBytes) return tensor.strings[index];
  if (tensor.type == DataType::kBool) return tensor.data[index] != 0;
  const double number = NumberAt(tensor, index);
  if (IsFloating(tensor.type)) return std::isnan(number) ? Value() : Value(number);
  if (tensor.type == DataType::kInt64) return tensor.As<int64_t>()[index];
  return static_cast<int64_t>(number);
}

void AppendRow(const Tensor& tensor, size_t row, size_t width,
               const std::vector<inference::Column>* columns,
               std::vector<std::pair<std::string, Value>>* out) {
  const size_t first = row * width;
  if (columns != nullptr && columns->size() == width) {
    for (size_t i = 0; i < width; ++i) {
      out->emplace_back((*columns)[i].name, ValueAt(tensor, first + i));
    }
  } else if (width == 1) {
    out->emplace_back(tensor.name, ValueAt(tensor, first));
  } else if (tensor.type != DataType::kBytes && width <= kListMax) {
    std::vector<double> list(width);
    for (size_t i = 0; i < width; ++i) list[i] = NumberAt(tensor, first + i);
    out->emplace_back(tensor.name, std::move(list));
  }
}

// The number of elements a row, 0 for a tensor that has other rows.
size_t WidthOf(const Tensor& tensor, size_t rows) {
  if (tensor.shape.empty()) return rows == 1 ? 1 : 0;
  if (tensor.shape[0] != static_cast<int64_t>(rows)) return 0;
  return tensor.element_count() / rows;
}

}  // namespace

std::vector<PredictionRow> RowsOf(const LoggedPrediction& prediction) {
  const auto& inputs = *prediction.inputs;
  const size_t rows = inputs.empty() || inputs[0].shape.empty()
                          ? 1
                          : static_cast<size_t>(std::max<int64_t>(inputs[0].shape[0], 0));
  std::vector<PredictionRow> result(rows);
  const auto* columns = prediction.model != nullptr && !prediction.model->signature.columns.empty()
                            ? &prediction.model->signature.columns
                            : nullptr;
  for (size_t row = 0; row < rows; ++row) {
    result[row].id = rows == 1 ? prediction.id : prediction.id + "/" + std::to_string(row);
    for (const Tensor& tensor : inputs) {
      const size_t width = WidthOf(tensor, rows);
      if (width > 0) AppendRow(tensor, row, width, columns, &result[row].inputs);
    }
    for (const Tensor& tensor : prediction.outputs) {
      const size_t width = WidthOf(tensor, rows);
      if (width > 0) AppendRow(tensor, row, width, nullptr, &result[row].outputs);
    }
  }
  return result;
}

}  // namespace millwright::serving
