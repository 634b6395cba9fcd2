#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "inference/param_spec.h"

namespace millwright::inference {

// Element types by the names of the Open Inference Protocol.
enum class DataType {
  kBool,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFp16,
  kFp32,
  kFp64,
  kBytes,
};
std::string_view DataTypeName(DataType type);                  // "FP32"
std::optional<DataType> ParseDataType(std::string_view name);  // nothing when unknown
size_t DataTypeBytes(DataType type);                           // 0 for kBytes

// A named, typed, shaped array in row-major order. Fixed-size types live in `data`, strings in
// `strings`.
struct Tensor {
  std::string name;
  DataType type = DataType::kFp32;
  std::vector<int64_t> shape;
  std::vector<char> data;
  std::vector<std::string> strings;

  size_t element_count() const;
  template <typename T>
  const T* As() const {
    return reinterpret_cast<const T*>(data.data());
  }
  template <typename T>
  T* As() {
    return reinterpret_cast<T*>(data.data());
  }
  static Tensor OfFloats(std::string name, std::vector<int64_t> shape, std::vector<float> values);
};

// What a model takes or gives: -1 in the shape stands for any size.
struct TensorSpec {
  std::string name;
  DataType type = DataType::kFp32;
  std::vector<int64_t> shape;
  bool optional = false;
};

// The contract of a model. Where `columns` is not empty the (single) input tensor's last dimension
// is these named columns, and table-shaped requests (dataframe_split, dataframe_records) map to it
// by name; a column may be missing (NaN) only when it is marked optional.
struct Column {
  std::string name;
  DataType type = DataType::kFp64;
  bool optional = false;
};
struct Signature {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  std::vector<Column> columns;
  std::vector<ParamSpec> params;  // that requests may set beside the inputs
};
Json SignatureToJson(const Signature& signature);
Signature SignatureFromJson(const Json& json);

}  // namespace millwright::inference
