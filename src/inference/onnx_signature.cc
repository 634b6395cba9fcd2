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

// What is inside of an optional; any other type itself. The type outlives what is returned.
struct Contained {
  OrtHandle<OrtTypeInfo> owner;
  const OrtTypeInfo* type = nullptr;
  bool is_optional = false;
};

Contained ContainedIn(const OrtApi& api, const OrtTypeInfo* type) {
  if (KindOf(api, type) != ONNX_TYPE_OPTIONAL) return {.owner = nullptr, .type = type};
  const OrtOptionalTypeInfo* optional = nullptr;
  CheckOrt(api.CastTypeInfoToOptionalTypeInfo(type, &optional), "Cannot read a type");
  OrtTypeInfo* inside = nullptr;
  CheckOrt(api.GetOptionalContainedTypeInfo(optional, &inside), "Cannot read a type");
  return {.owner = OrtHandle<OrtTypeInfo>(inside), .type = inside, .is_optional = true};
}

OrtHandle<OrtTypeInfo> ElementOf(const OrtApi& api, const OrtTypeInfo* type) {
  const OrtSequenceTypeInfo* sequence = nullptr;
  CheckOrt(api.CastTypeInfoToSequenceTypeInfo(type, &sequence), "Cannot read a type");
  OrtTypeInfo* element = nullptr;
  CheckOrt(api.GetSequenceElementType(sequence, &element), "Cannot read a type");
  return OrtHandle<OrtTypeInfo>(element);
}

// A sequence of tensors as one: its length goes in front of their shape. Free dimensions have no
// names then: they may be others in each request.
void ReadSequenceSpec(const OrtApi& api, const OrtTypeInfo* element, const std::string& what,
                      TensorSpec* spec) {
  ReadTensorSpec(api, element, what, spec);
  spec->shape.insert(spec->shape.begin(), -1);
}

void ReadInput(OrtSession* session, size_t index, OnnxSignature* out) {
  const OrtApi& api = *GetOnnxRuntime().api;
  TensorSpec spec{.name = ReadName(api, session, index, api.SessionGetInputName)};
  const auto whole = ReadType(session, index, api.SessionGetInputTypeInfo);
  const Contained type = ContainedIn(api, whole.get());
  spec.optional = type.is_optional;
  const std::string what = "Input " + spec.name;
  OnnxKind served = OnnxKind::kTensor;
  ONNXType kind = KindOf(api, type.type);
  std::string refused(KindName(kind));
  if (kind == ONNX_TYPE_TENSOR) {
    out->symbols.push_back(ReadTensorSpec(api, type.type, what, &spec));
  } else if (kind == ONNX_TYPE_SEQUENCE) {
    const auto element = ElementOf(api, type.type);
    kind = KindOf(api, element.get());
    refused = "a sequence of which each element is " + std::string(KindName(kind));
    if (kind == ONNX_TYPE_TENSOR) {
      ReadSequenceSpec(api, element.get(), what, &spec);
      out->symbols.emplace_back(spec.shape.size());
      served = OnnxKind::kSequence;
    }
  }
  if (kind != ONNX_TYPE_TENSOR) {
    throw InvalidArgument("{} is {}; only tensors and sequences of tensors can be asked for", what,
                          refused);
  }
  out->inputs.push_back(served);
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
    out->inputs.push_back(OnnxKind::kTensor);
    out->signature.inputs.push_back(std::move(spec));
  }
}

// The types of a map's scores and labels. Throws for scores that are no numbers.
struct MapTypes {
  DataType score = DataType::kFp32;
  DataType key = DataType::kInt64;
};

MapTypes ReadMap(const OrtApi& api, const OrtTypeInfo* type, const std::string& what) {
  const OrtMapTypeInfo* map = nullptr;
  CheckOrt(api.CastTypeInfoToMapTypeInfo(type, &map), "Cannot read a type");
  ONNXTensorElementDataType key = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  CheckOrt(api.GetMapKeyType(map, &key), "Cannot read a type");
  OrtTypeInfo* raw_value = nullptr;
  CheckOrt(api.GetMapValueType(map, &raw_value), "Cannot read a type");
  const OrtHandle<OrtTypeInfo> value(raw_value);
  MapTypes types{.key = key == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING ? DataType::kBytes
                                                                    : DataType::kInt64};
  TensorSpec score;
  if (KindOf(api, value.get()) == ONNX_TYPE_TENSOR) {
    ReadTensorSpec(api, value.get(), what, &score);
    types.score = score.type;
  }
  return types;
}

void AddMap(const OnnxOutput& output, const MapTypes& types, OnnxSignature* out) {
  std::vector<int64_t> shape{-1};
  if (output.kind == OnnxKind::kMapSequence) shape.push_back(-1);
  out->signature.outputs.push_back({.name = output.name, .type = types.score, .shape = shape});
  out->signature.outputs.push_back(
      {.name = KeysName(output.name), .type = types.key, .shape = {-1}});
}

void ReadOutput(OrtSession* session, size_t index, OnnxSignature* out) {
  const OrtApi& api = *GetOnnxRuntime().api;
  OnnxOutput output{.name = ReadName(api, session, index, api.SessionGetOutputName)};
  const std::string what = "Output " + output.name;
  const auto whole = ReadType(session, index, api.SessionGetOutputTypeInfo);
  const Contained type = ContainedIn(api, whole.get());
  output.is_optional = type.is_optional;
  output.spec.name = output.name;
  const ONNXType kind = KindOf(api, type.type);
  if (kind == ONNX_TYPE_TENSOR) {
    output.symbols = ReadTensorSpec(api, type.type, what, &output.spec);
    out->signature.outputs.push_back(output.spec);
  } else if (kind == ONNX_TYPE_MAP) {
    output.kind = OnnxKind::kMap;
    AddMap(output, ReadMap(api, type.type, what), out);
  } else if (kind == ONNX_TYPE_SEQUENCE) {
    const auto element = ElementOf(api, type.type);
    const ONNXType inside = KindOf(api, element.get());
    if (inside == ONNX_TYPE_MAP) {
      output.kind = OnnxKind::kMapSequence;
      AddMap(output, ReadMap(api, element.get(), what), out);
    } else if (inside == ONNX_TYPE_TENSOR) {
      output.kind = OnnxKind::kSequence;
      ReadSequenceSpec(api, element.get(), what, &output.spec);
      out->signature.outputs.push_back(output.spec);
    } else {
      throw InvalidArgument("{} is a sequence of which each element is {}; that cannot be served",
                            what, KindName(inside));
    }
  } else {
    throw InvalidArgument("{} is {}; only tensors, maps and sequences of them can be served", what,
                          KindName(kind));
  }
  out->outputs.push_back(std::move(output));
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
