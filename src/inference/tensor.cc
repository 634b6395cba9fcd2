#include "inference/tensor.h"

#include <cstring>

#include "base/error.h"

namespace millwright::inference {
namespace {

struct TypeRow {
  DataType type;
  std::string_view name;
  size_t bytes;
};

constexpr TypeRow kTypes[] = {
    {DataType::kBool, "BOOL", 1},     {DataType::kUint8, "UINT8", 1},
    {DataType::kUint16, "UINT16", 2}, {DataType::kUint32, "UINT32", 4},
    {DataType::kUint64, "UINT64", 8}, {DataType::kInt8, "INT8", 1},
    {DataType::kInt16, "INT16", 2},   {DataType::kInt32, "INT32", 4},
    {DataType::kInt64, "INT64", 8},   {DataType::kFp16, "FP16", 2},
    {DataType::kFp32, "FP32", 4},     {DataType::kFp64, "FP64", 8},
    {DataType::kBytes, "BYTES", 0},
};

const TypeRow& RowOf(DataType type) {
  return kTypes[static_cast<size_t>(type)];
}

Json SpecToJson(const TensorSpec& spec) {
  Json shape = Json::MakeArray();
  for (const int64_t size : spec.shape) shape.Append(size);
  Json json = Json::Of({{"name", spec.name}, {"datatype", DataTypeName(spec.type)}});
  json.Set("shape", std::move(shape));
  if (spec.optional) json.Set("optional", true);
  return json;
}

DataType TypeFromJson(const Json& json) {
  const std::string& name = json.At("datatype").AsString("datatype");
  const auto type = ParseDataType(name);
  if (!type) throw InvalidArgument("Unknown datatype: {}", name).WithField("datatype");
  return *type;
}

TensorSpec SpecFromJson(const Json& json) {
  TensorSpec spec{.name = json.At("name").AsString("name"), .type = TypeFromJson(json)};
  for (const Json& size : json.At("shape").AsArray("shape")) {
    spec.shape.push_back(size.AsInt("shape"));
  }
  spec.optional = json.GetBool("optional");
  return spec;
}

}  // namespace

std::string_view DataTypeName(DataType type) {
  return RowOf(type).name;
}

std::optional<DataType> ParseDataType(std::string_view name) {
  for (const TypeRow& row : kTypes) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

size_t DataTypeBytes(DataType type) {
  return RowOf(type).bytes;
}

size_t Tensor::element_count() const {
  size_t count = 1;
  for (const int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, static_cast<size_t>(size), &count)) {
      throw InvalidArgument("Tensor {}: the shape is negative or too large", name).WithField(name);
    }
  }
  return count;
}

Tensor Tensor::OfFloats(std::string name, std::vector<int64_t> shape, std::vector<float> values) {
  Tensor tensor{.name = std::move(name), .type = DataType::kFp32, .shape = std::move(shape)};
  tensor.data.resize(values.size() * sizeof(float));
  if (!values.empty()) std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  return tensor;
}

Json SignatureToJson(const Signature& signature) {
  Json inputs = Json::MakeArray();
  for (const TensorSpec& spec : signature.inputs) inputs.Append(SpecToJson(spec));
  Json outputs = Json::MakeArray();
  for (const TensorSpec& spec : signature.outputs) outputs.Append(SpecToJson(spec));
  Json columns = Json::MakeArray();
  for (const Column& column : signature.columns) {
    Json json = Json::Of({{"name", column.name}, {"datatype", DataTypeName(column.type)}});
    if (column.optional) json.Set("optional", true);
    columns.Append(std::move(json));
  }
  Json json = Json::Of({{"inputs", inputs}, {"outputs", outputs}, {"columns", columns}});
  if (!signature.params.empty()) json.Set("params", ParamsToJson(signature.params));
  return json;
}

Signature SignatureFromJson(const Json& json) {
  Signature signature;
  for (const Json& spec : json.At("inputs").AsArray("inputs")) {
    signature.inputs.push_back(SpecFromJson(spec));
  }
  for (const Json& spec : json.At("outputs").AsArray("outputs")) {
    signature.outputs.push_back(SpecFromJson(spec));
  }
  if (const Json* columns = json.Find("columns")) {
    for (const Json& column : columns->AsArray("columns")) {
      signature.columns.push_back({.name = column.At("name").AsString("name"),
                                   .type = TypeFromJson(column),
                                   .optional = column.GetBool("optional")});
    }
  }
  if (const Json* params = json.Find("params")) signature.params = ParamsFromJson(*params);
  return signature;
}

}  // namespace millwright::inference
