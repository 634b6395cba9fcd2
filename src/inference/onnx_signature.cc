#include "inference/onnx_signature.h"

#include <onnxruntime_c_api.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "inference/class_keys.h"
#include "inference/onnx_handle.h"
#include "inference/onnx_value.h"

namespace millwright::inference {
namespace {

using NameGetter = OrtStatus*(ORT_API_CALL*)(const OrtSession*, size_t, OrtAllocator*, char**);
using TypeGetter = OrtStatus*(ORT_API_CALL*)(const OrtSession*, size_t, OrtTypeInfo**);

std::string TakeText(const OrtApi& api, OrtAllocator* allocator, char* text) {
  if (text == nullptr) return "";
  std::string copy(text);
  CheckOrt(api.AllocatorFree(allocator, text), "Cannot free a name");
  return copy;
}

std::string ReadName(const OrtApi& api, OrtSession* session, size_t index, NameGetter get) {
  OrtAllocator* allocator = nullptr;
  CheckOrt(api.GetAllocatorWithDefaultOptions(&allocator), "No allocator");
  char* name = nullptr;
  CheckOrt(get(session, index, allocator, &name), "Cannot read a name");
  return TakeText(api, allocator, name);
}

OrtHandle<OrtTypeInfo> ReadType(OrtSession* session, size_t index, TypeGetter get) {
  OrtTypeInfo* type = nullptr;
  CheckOrt(get(session, index, &type), "Cannot read a type");
  return OrtHandle<OrtTypeInfo>(type);
}

DataType ElementType(const OrtApi& api, const OrtTensorTypeAndShapeInfo* info,
                     const std::string& what) {
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  CheckOrt(api.GetTensorElementType(info, &element), "Cannot read a type");
  const auto type = FromOnnxElementType(element);
  if (!type) {
    throw InvalidArgument("{}: ONNX element type {} cannot be served", what, int(element));
  }
  return *type;
}

// Fills a spec from a tensor's type and tells the names of its free dimensions.
std::vector<std::string> ReadTensorSpec(const OrtApi& api, const OrtTypeInfo* type,
                                        const std::string& what, TensorSpec* spec) {
  const OrtTensorTypeAndShapeInfo* info = nullptr;
  CheckOrt(api.CastTypeInfoToTensorInfo(type, &info), "Cannot read a type");
  spec->type = ElementType(api, info, what);
  size_t rank = 0;
  CheckOrt(api.GetDimensionsCount(info, &rank), "Cannot read a shape");
  spec->shape.resize(rank);
  CheckOrt(api.GetDimensions(info, spec->shape.data(), rank), "Cannot read a shape");
  std::vector<const char*> symbols(rank, nullptr);
  CheckOrt(api.GetSymbolicDimensions(info, symbols.data(), rank), "Cannot read a shape");
  std::vector<std::string> names(rank);
  for (size_t i = 0; i < rank; ++i) {
    if (spec->shape[i] < 0) names[i] = symbols[i] != nullptr ? symbols[i] : "";
  }
  return names;
}

ONNXType KindOf(const OrtApi& api, const OrtTypeInfo* type) {
  ONNXType kind = ONNX_TYPE_UNKNOWN;
  CheckOrt(api.GetOnnxTypeFromTypeInfo(type, &kind), "Cannot read a type");
  return kind;
}

std::string_view KindName(ONNXType kind) {
  switch (kind) {
    case ONNX_TYPE_TENSOR:
      return "a tensor";
    case ONNX_TYPE_SEQUENCE:
      return "a sequence";
    case ONNX_TYPE_MAP:
      return "a map";
    case ONNX_TYPE_OPAQUE:
      return "an opaque type";
    case ONNX_TYPE_SPARSETENSOR:
      return "a sparse tensor";
    case ONNX_TYPE_OPTIONAL:
      return "an optional";
    case ONNX_TYPE_UNKNOWN:
      break;
  }
  return "of an unknown type";
}

void ReadInput(OrtSession* session, size_t index, OnnxSignature* out) {
  const OrtApi& api = *GetOnnxRuntime().api;
  TensorSpec spec{.name = ReadName(api, session, index, api.SessionGetInputName)};
  const auto type = ReadType(session, index, api.SessionGetInputTypeInfo);
  const ONNXType kind = KindOf(api, type.get());
  if (kind != ONNX_TYPE_TENSOR) {
    throw InvalidArgument("Input {} is {}; only tensors can be served", spec.name, KindName(kind));
  }
  out->symbols.push_back(ReadTensorSpec(api, type.get(), "Input " + spec.name, &spec));
  out->signature.inputs.push_back(std::move(spec));
}

// Initializers that a request may override are optional inputs.
void ReadOverridable(OrtSession* session, OnnxSignature* out) {
  const OrtApi& api = *GetOnnxRuntime().api;
  size_t count = 0;
  CheckOrt(api.SessionGetOverridableInitializerCount(session, &count), "Cannot read inputs");
  for (size_t i = 0; i < count; ++i) {
    TensorSpec spec{.name = ReadName(api, session, i, api.SessionGetOverridableInitializerName)};
    const auto type = ReadType(session, i, api.SessionGetOverridableInitializerTypeInfo);
    if (KindOf(api, type.get()) != ONNX_TYPE_TENSOR) continue;
    ReadTensorSpec(api, type.get(), "Input " + spec.name, &spec);
    spec.optional = true;
    out->symbols.emplace_back();
    out->signature.inputs.push_back(std::move(spec));
  }
}

// Reads the key type of a sequence of maps; throws for any other sequence.
DataType MapKeyType(const OrtApi& api, const OrtTypeInfo* type, const std::string& name) {
  const OrtSequenceTypeInfo* sequence = nullptr;
  CheckOrt(api.CastTypeInfoToSequenceTypeInfo(type, &sequence), "Cannot read a type");
  OrtTypeInfo* raw_element = nullptr;
  CheckOrt(api.GetSequenceElementType(sequence, &raw_element), "Cannot read a type");
  const OrtHandle<OrtTypeInfo> element(raw_element);
  const ONNXType kind = KindOf(api, element.get());
  if (kind != ONNX_TYPE_MAP) {
    throw InvalidArgument(
        "Output {} is a sequence of which each element is {}; only tensors and "
        "sequences of maps can be served",
        name, KindName(kind));
  }
  const OrtMapTypeInfo* map = nullptr;
  CheckOrt(api.CastTypeInfoToMapTypeInfo(element.get(), &map), "Cannot read a type");
  ONNXTensorElementDataType key = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  CheckOrt(api.GetMapKeyType(map, &key), "Cannot read a type");
  return key == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING ? DataType::kBytes : DataType::kInt64;
}

void ReadOutput(OrtSession* session, size_t index, OnnxSignature* out) {
  const OrtApi& api = *GetOnnxRuntime().api;
  TensorSpec spec{.name = ReadName(api, session, index, api.SessionGetOutputName)};
  const auto type = ReadType(session, index, api.SessionGetOutputTypeInfo);
  const ONNXType kind = KindOf(api, type.get());
  if (kind == ONNX_TYPE_TENSOR) {
    OnnxOutput output{.name = spec.name};
    output.symbols = ReadTensorSpec(api, type.get(), "Output " + spec.name, &spec);
    output.spec = spec;
    out->outputs.push_back(std::move(output));
    out->signature.outputs.push_back(std::move(spec));
    return;
  }
  if (kind != ONNX_TYPE_SEQUENCE) {
    throw InvalidArgument("Output {} is {}; only tensors and sequences of maps can be served",
                          spec.name, KindName(kind));
  }
  const DataType key = MapKeyType(api, type.get(), spec.name);
  out->outputs.push_back({.name = spec.name, .is_map_sequence = true});
  out->signature.outputs.push_back({.name = spec.name, .type = DataType::kFp32, .shape = {-1, -1}});
  out->signature.outputs.push_back({.name = KeysName(spec.name), .type = key, .shape = {-1}});
}

std::vector<std::string> ReadNameList(OrtSession* session, const char* key) {
  const OrtApi& api = *GetOnnxRuntime().api;
  OrtModelMetadata* raw_metadata = nullptr;
  CheckOrt(api.SessionGetModelMetadata(session, &raw_metadata), "Cannot read metadata");
  const OrtHandle<OrtModelMetadata> metadata(raw_metadata);
  OrtAllocator* allocator = nullptr;
  CheckOrt(api.GetAllocatorWithDefaultOptions(&allocator), "No allocator");
  char* text = nullptr;
  CheckOrt(api.ModelMetadataLookupCustomMetadataMap(raw_metadata, allocator, key, &text),
           "Cannot read metadata");
  const std::string list = TakeText(api, allocator, text);
  if (list.empty()) return {};
  std::vector<std::string> names;
  const Json parsed = ParseJson(list);
  for (const Json& name : parsed.AsArray(key)) names.push_back(name.AsString(key));
  return names;
}

// Names the columns of the single input [N,C] where the metadata names exactly C features.
void ReadColumns(OrtSession* session, Signature* signature) {
  if (signature->inputs.size() != 1 || signature->inputs[0].shape.size() != 2) return;
  const TensorSpec& input = signature->inputs[0];
  const std::vector<std::string> names = ReadNameList(session, "feature_names");
  if (names.empty() || input.shape[1] != static_cast<int64_t>(names.size())) return;
  const std::vector<std::string> optional = ReadNameList(session, "optional_features");
  for (const std::string& name : names) {
    const bool may_miss = std::find(optional.begin(), optional.end(), name) != optional.end();
    signature->columns.push_back({.name = name, .type = input.type, .optional = may_miss});
  }
}

}  // namespace

OnnxSignature ReadOnnxSignature(OrtSession* session) {
  const OrtApi& api = *GetOnnxRuntime().api;
  OnnxSignature out;
  size_t inputs = 0;
  CheckOrt(api.SessionGetInputCount(session, &inputs), "Cannot read inputs");
  for (size_t i = 0; i < inputs; ++i) ReadInput(session, i, &out);
  ReadOverridable(session, &out);
  size_t outputs = 0;
  CheckOrt(api.SessionGetOutputCount(session, &outputs), "Cannot read outputs");
  for (size_t i = 0; i < outputs; ++i) ReadOutput(session, i, &out);
  ReadColumns(session, &out.signature);
  return out;
}

}  // namespace millwright::inference
