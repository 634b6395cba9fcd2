#include "api/prediction/tensor_json.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "serving/cell.h"

namespace millwright::api::prediction {
namespace {

using inference::DataType;
using inference::Tensor;

constexpr size_t kNumberBytesMax = 32;

template <typename T>
void AppendNumber(T value, std::string* out) {
  char text[kNumberBytesMax];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  out->append(text, end);
}

template <typename T>
void AppendFloating(T value, std::string* out) {
  if (std::isfinite(value)) return AppendNumber(value, out);
  out->append(std::isnan(value) ? "null" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

void AppendText(const Tensor& tensor, size_t index, std::string* out) {
  const std::string& text = tensor.strings[index];
  if (!simdjson::validate_utf8(text)) {
    throw InvalidArgument("Output {} is not UTF-8; ask for it as binary data", tensor.name)
        .WithField(tensor.name);
  }
  AppendJsonString(text, out);
}

void AppendValue(const Tensor& tensor, size_t index, std::string* out) {
  switch (tensor.type) {
    case DataType::kBool:
      out->append(tensor.data[index] != 0 ? "true" : "false");
      return;
    case DataType::kUint8:
      return AppendNumber(tensor.As<uint8_t>()[index], out);
    case DataType::kUint16:
      return AppendNumber(tensor.As<uint16_t>()[index], out);
    case DataType::kUint32:
      return AppendNumber(tensor.As<uint32_t>()[index], out);
    case DataType::kUint64:
      return AppendNumber(tensor.As<uint64_t>()[index], out);
    case DataType::kInt8:
      return AppendNumber(tensor.As<int8_t>()[index], out);
    case DataType::kInt16:
      return AppendNumber(tensor.As<int16_t>()[index], out);
    case DataType::kInt32:
      return AppendNumber(tensor.As<int32_t>()[index], out);
    case DataType::kInt64:
      return AppendNumber(tensor.As<int64_t>()[index], out);
    case DataType::kFp16:
      return AppendFloating(
          static_cast<float>(serving::DoubleFromHalf(tensor.As<uint16_t>()[index])), out);
    case DataType::kFp32:
      return AppendFloating(tensor.As<float>()[index], out);
    case DataType::kFp64:
      return AppendFloating(tensor.As<double>()[index], out);
    case DataType::kBytes:
      return AppendText(tensor, index, out);
  }
}

void AppendLevel(const Tensor& tensor, size_t depth, size_t* index, std::string* out) {
  if (depth == tensor.shape.size()) return AppendValue(tensor, (*index)++, out);
  out->push_back('[');
  for (int64_t i = 0; i < tensor.shape[depth]; ++i) {
    if (i > 0) out->push_back(',');
    AppendLevel(tensor, depth + 1, index, out);
  }
  out->push_back(']');
}

}  // namespace

void AppendFlat(const Tensor& tensor, std::string* out) {
  out->push_back('[');
  const size_t count = tensor.element_count();
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out->push_back(',');
    AppendValue(tensor, i, out);
  }
  out->push_back(']');
}

void AppendNested(const Tensor& tensor, std::string* out) {
  size_t index = 0;
  AppendLevel(tensor, 0, &index, out);
}

}  // namespace millwright::api::prediction
