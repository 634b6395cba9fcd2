#pragma once

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

#include "base/file.h"
#include "base/json.h"
#include "inference/tensor.h"

// Reads the requests and expected answers of tests/data/models for tests.
namespace millwright::inference::testing {

inline std::filesystem::path ModelFolder(const std::string& name) {
  return std::filesystem::path(MILLWRIGHT_SOURCE_DIR) / "tests/data/models" / name;
}

// Converts a number that half precision holds exactly and that is normal, or zero.
inline uint16_t ToHalf(double value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (value == 0) return sign;
  int exponent = 0;
  const double mantissa = std::frexp(std::fabs(value), &exponent);
  const int fraction = static_cast<int>((mantissa * 2 - 1) * 1024);
  return static_cast<uint16_t>(sign | ((exponent + 14) << 10) | fraction);
}

inline double FromHalf(uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const double magnitude = exponent == 0 ? (half & 1023) * std::ldexp(1.0, -24)
                                         : std::ldexp(1.0 + (half & 1023) / 1024.0, exponent - 15);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

template <typename T>
void Put(Tensor* tensor, T value) {
  const size_t at = tensor->data.size();
  tensor->data.resize(at + sizeof(T));
  std::memcpy(tensor->data.data() + at, &value, sizeof(T));
}

// JSON has no integers above int64: the largest of uint64 arrives as a double.
inline uint64_t ToUint64(const Json& json) {
  if (json.is_int()) return static_cast<uint64_t>(json.AsInt());
  return json.AsDouble() >= 18446744073709551615.0 ? std::numeric_limits<uint64_t>::max()
                                                   : static_cast<uint64_t>(json.AsDouble());
}

inline void PutJson(Tensor* tensor, const Json& json) {
  const double number = json.is_null() ? NAN : json.is_number() ? json.AsDouble() : 0;
  switch (tensor->type) {
    case DataType::kBool:
      return Put<char>(tensor, json.AsBool() ? 1 : 0);
    case DataType::kUint8:
      return Put(tensor, static_cast<uint8_t>(json.AsInt()));
    case DataType::kUint16:
      return Put(tensor, static_cast<uint16_t>(json.AsInt()));
    case DataType::kUint32:
      return Put(tensor, static_cast<uint32_t>(json.AsInt()));
    case DataType::kUint64:
      return Put(tensor, ToUint64(json));
    case DataType::kInt8:
      return Put(tensor, static_cast<int8_t>(json.AsInt()));
    case DataType::kInt16:
      return Put(tensor, static_cast<int16_t>(json.AsInt()));
    case DataType::kInt32:
      return Put(tensor, static_cast<int32_t>(json.AsInt()));
    case DataType::kInt64:
      return Put(tensor, json.AsInt());
    case DataType::kFp16:
      return Put(tensor, ToHalf(number));
    case DataType::kFp32:
      return Put(tensor, static_cast<float>(number));
    case DataType::kFp64:
      return Put(tensor, number);
    case DataType::kBytes:
      tensor->strings.push_back(json.AsString());
      return;
  }
}

inline Tensor TensorFromJson(const Json& json) {
  Tensor tensor{.name = json.At("name").AsString()};
  tensor.type = ParseDataType(json.At("datatype").AsString()).value();
  for (const Json& size : json.At("shape").AsArray()) tensor.shape.push_back(size.AsInt());
  for (const Json& value : json.At("data").AsArray()) PutJson(&tensor, value);
  return tensor;
}

inline std::vector<Tensor> InputsOf(const Json& vector_case) {
  std::vector<Tensor> inputs;
  for (const Json& input : vector_case.At("request").At("inputs").AsArray()) {
    inputs.push_back(TensorFromJson(input));
  }
  return inputs;
}

// Reads a floating-point element of any width.
inline double FloatAt(const Tensor& tensor, size_t index) {
  if (tensor.type == DataType::kFp64) return tensor.As<double>()[index];
  if (tensor.type == DataType::kFp16) return FromHalf(tensor.As<uint16_t>()[index]);
  return tensor.As<float>()[index];
}

inline bool IsFloat(DataType type) {
  return type == DataType::kFp16 || type == DataType::kFp32 || type == DataType::kFp64;
}

// The largest absolute difference of two tensors of floats; 0 where both are NaN.
inline double LargestDifference(const Tensor& a, const Tensor& b) {
  double largest = 0;
  for (size_t i = 0; i < a.element_count(); ++i) {
    const double difference = std::fabs(FloatAt(a, i) - FloatAt(b, i));
    if (std::isnan(FloatAt(a, i)) && std::isnan(FloatAt(b, i))) continue;
    if (std::isnan(difference)) return difference;
    largest = std::max(largest, difference);
  }
  return largest;
}

inline Json Vectors(const std::string& model) {
  return ParseJson(ReadFile(ModelFolder(model) / "vectors.json"));
}

// 4,000 rows of flights with missing values: 11 features and the true label.
struct FlightRows {
  std::vector<std::string> columns;
  std::vector<float> values;  // row-major
  std::vector<float> labels;
};

inline FlightRows ReadFlightRows() {
  FlightRows rows;
  std::ifstream file(ModelFolder("flights_late_xgb") / "rows.csv");
  std::string line;
  std::string cell;
  for (size_t row = 0; std::getline(file, line); ++row) {
    std::vector<std::string> cells;
    std::stringstream stream(line);
    while (std::getline(stream, cell, ',')) cells.push_back(cell);
    const std::string last = cells.back();
    cells.pop_back();
    if (row == 0) {
      rows.columns = cells;
      continue;
    }
    for (const std::string& text : cells)
      rows.values.push_back(text.empty() ? NAN : std::stof(text));
    rows.labels.push_back(std::stof(last));
  }
  return rows;
}

}  // namespace millwright::inference::testing
