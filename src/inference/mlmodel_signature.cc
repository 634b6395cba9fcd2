#include "inference/mlmodel_signature.h"

#include "base/error.h"

namespace millwright::inference {
namespace {

// MLflow names tensor types as numpy does and column types in its own way; several of our types
// have no column type and take the next wider one.
struct TypeNames {
  DataType type;
  std::string_view numpy;
  std::string_view column;
};

constexpr TypeNames kTypeNames[] = {
    {DataType::kBool, "bool", "boolean"},     {DataType::kUint8, "uint8", "integer"},
    {DataType::kUint16, "uint16", "integer"}, {DataType::kUint32, "uint32", "long"},
    {DataType::kUint64, "uint64", "long"},    {DataType::kInt8, "int8", "integer"},
    {DataType::kInt16, "int16", "integer"},   {DataType::kInt32, "int32", "integer"},
    {DataType::kInt64, "int64", "long"},      {DataType::kFp16, "float16", "float"},
    {DataType::kFp32, "float32", "float"},    {DataType::kFp64, "float64", "double"},
    {DataType::kBytes, "str", "string"},
};

std::optional<DataType> FromNumpy(std::string_view name) {
  if (name == "object") return DataType::kBytes;
  for (const TypeNames& row : kTypeNames) {
    if (row.numpy == name) return row.type;
  }
  return std::nullopt;
}

std::optional<DataType> FromColumn(std::string_view name) {
  // Read towards the type that MLflow means by the name, not the narrowest that is written so.
  if (name == "integer") return DataType::kInt32;
  if (name == "long") return DataType::kInt64;
  if (name == "float") return DataType::kFp32;
  if (name == "binary") return DataType::kBytes;
  for (const TypeNames& row : kTypeNames) {
    if (row.column == name) return row.type;
  }
  return std::nullopt;
}

Json TensorJson(const TensorSpec& spec) {
  Json shape = Json::MakeArray();
  for (const int64_t size : spec.shape) shape.Append(size);
  Json tensor = Json::Of({{"dtype", kTypeNames[static_cast<size_t>(spec.type)].numpy}});
  tensor.Set("shape", std::move(shape));
  Json json = Json::Of({{"name", spec.name}, {"type", "tensor"}});
  json.Set("tensor-spec", std::move(tensor));
  return json;
}

Json ColumnJson(const Column& column) {
  return Json::Of({{"type", kTypeNames[static_cast<size_t>(column.type)].column},
                   {"name", column.name},
                   {"required", !column.optional}});
}

void ReadSide(const Json* text, std::vector<TensorSpec>* tensors, std::vector<Column>* columns) {
  if (text == nullptr || text->is_null()) return;
  const Json side = ParseJson(text->AsString("signature"));
  for (const Json& item : side.AsArray("signature")) {
    const Json* type_json = item.Find("type");
    if (type_json == nullptr || !type_json->is_string()) continue;
    const std::string& type = type_json->AsString();
    if (type == "tensor") {
      const Json& spec = item.At("tensor-spec");
      const auto element = FromNumpy(spec.At("dtype").AsString("dtype"));
      if (!element) continue;
      // MLflow leaves the name of a single tensor out.
      TensorSpec tensor{.name = item.GetString("name", columns == nullptr ? "predictions" : "X"),
                        .type = *element};
      for (const Json& size : spec.At("shape").AsArray("shape")) {
        tensor.shape.push_back(size.AsInt("shape"));
      }
      tensors->push_back(std::move(tensor));
    } else if (const auto element = FromColumn(type); element && columns == nullptr) {
      // Without a name it is the one column that there is.
      tensors->push_back(
          {.name = item.GetString("name", "predictions"), .type = *element, .shape = {-1}});
    } else if (element) {
      columns->push_back({.name = item.GetString("name"),
                          .type = *element,
                          .optional = !item.GetBool("required", true)});
    }
  }
}

}  // namespace

MlmodelSignature ToMlmodelSignature(const Signature& signature) {
  Json inputs = Json::MakeArray();
  for (const Column& column : signature.columns) inputs.Append(ColumnJson(column));
  if (signature.columns.empty()) {
    for (const TensorSpec& spec : signature.inputs) inputs.Append(TensorJson(spec));
  }
  Json outputs = Json::MakeArray();
  for (const TensorSpec& spec : signature.outputs) outputs.Append(TensorJson(spec));
  return {inputs.Dump(), outputs.Dump(),
          signature.params.empty() ? "" : ParamsToJson(signature.params).Dump()};
}

Signature FromMlmodelSignature(const Json& json) {
  Signature signature;
  ReadSide(json.Find("inputs"), &signature.inputs, &signature.columns);
  ReadSide(json.Find("outputs"), &signature.outputs, nullptr);
  const Json* params = json.Find("params");
  if (params != nullptr && !params->is_null()) {
    signature.params = ParamsFromJson(ParseJson(params->AsString("params")));
  }
  return signature;
}

}  // namespace millwright::inference
