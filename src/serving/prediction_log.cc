#include "serving/prediction_log.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/json.h"
#include "images/image_properties.h"
#include "serving/cell.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Tensor;
using Value = PredictionRow::Value;

// Numbers of one value. Of a longer one that is an image there is what it is like; others are left
// out.
constexpr size_t kListMax = 4096;

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
      return DecimalOf(tensor.As<float>()[index]);
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

// What a large image is like, under the names that drift gives these features.
void AppendImage(const std::string& name, const std::vector<double>& list,
                 std::span<const int64_t> shape, std::vector<std::pair<std::string, Value>>* out) {
  const auto image = images::ImageOfNumbers(list, shape);
  if (!image) return;
  const images::ImageProperties properties = images::PropertiesOf(*image);
  for (size_t i = 0; i < properties.size(); ++i) {
    if (std::isnan(properties[i])) continue;
    const auto property = images::ImagePropertyName(static_cast<images::ImageProperty>(i));
    out->emplace_back(name + ":" + std::string(property), properties[i]);
  }
}

void WriteNested(std::span<const int64_t> shape, const double** next, JsonWriter* writer) {
  writer->BeginArray();
  for (int64_t i = 0; i < shape[0]; ++i) {
    if (shape.size() > 1) {
      WriteNested(shape.subspan(1), next, writer);
    } else if (const double number = *(*next)++; std::isfinite(number)) {
      writer->Double(number);
    } else {
      writer->Null();
    }
  }
  writer->EndArray();
}

// Nested lists of a tensor's shape, without which an image is none.
std::string NestedText(const std::vector<double>& list, std::span<const int64_t> shape) {
  std::string text;
  JsonWriter writer(&text);
  const double* next = list.data();
  WriteNested(shape, &next, &writer);
  return text;
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
  } else if (tensor.type != DataType::kBytes) {
    const std::span<const int64_t> shape(tensor.shape.begin() + 1, tensor.shape.end());
    if (width > kListMax && !images::LayoutOf(shape)) return;
    const bool is_large = width > kListMax;
    std::vector<double> list(width);
    for (size_t i = 0; i < width; ++i) {
      // Nobody reads the single numbers of a large one: they need no decimals.
      list[i] = is_large && tensor.type == DataType::kFp32 ? tensor.As<float>()[first + i]
                                                           : NumberAt(tensor, first + i);
    }
    if (is_large) {
      AppendImage(tensor.name, list, shape, out);
    } else if (shape.size() > 1) {
      out->emplace_back(tensor.name, NestedText(list, shape));
    } else {
      out->emplace_back(tensor.name, std::move(list));
    }
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
