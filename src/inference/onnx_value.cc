#include "inference/onnx_value.h"

#include <onnxruntime_c_api.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/error.h"
#include "inference/class_keys.h"

namespace millwright::inference {
namespace {

struct ElementRow {
  DataType type;
  ONNXTensorElementDataType element;
};

constexpr ElementRow kElements[] = {
    {DataType::kBool, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL},
    {DataType::kUint8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8},
    {DataType::kUint16, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16},
    {DataType::kUint32, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32},
    {DataType::kUint64, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64},
    {DataType::kInt8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8},
    {DataType::kInt16, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16},
    {DataType::kInt32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32},
    {DataType::kInt64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64},
    {DataType::kFp16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16},
    {DataType::kFp32, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT},
    {DataType::kFp64, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE},
    {DataType::kBytes, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING},
};

ONNXTensorElementDataType ToElement(DataType type) {
  return kElements[static_cast<size_t>(type)].element;
}

// Strings are written into the runtime's own buffers, so that a NUL inside survives.
OrtValue* StringValue(const OrtApi& api, const Tensor& tensor) {
  OrtAllocator* allocator = nullptr;
  CheckOrt(api.GetAllocatorWithDefaultOptions(&allocator), "No allocator");
  OrtHandle<OrtValue> owner;
  OrtValue* value = nullptr;
  CheckOrt(api.CreateTensorAsOrtValue(allocator, tensor.shape.data(), tensor.shape.size(),
                                      ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, &value),
           "Cannot make a tensor of strings");
  owner.reset(value);
  for (size_t i = 0; i < tensor.strings.size(); ++i) {
    const std::string& text = tensor.strings[i];
    char* buffer = nullptr;
    CheckOrt(api.GetResizedStringTensorElementBuffer(value, i, text.size(), &buffer),
             "Cannot fill a tensor of strings");
    if (!text.empty()) std::memcpy(buffer, text.data(), text.size());
  }
  return owner.release();
}

void CopyStrings(const OrtApi& api, OrtValue* value, Tensor* tensor) {
  const size_t count = tensor->element_count();
  if (count == 0) return;
  size_t bytes = 0;
  CheckOrt(api.GetStringTensorDataLength(value, &bytes), "Cannot read strings");
  std::string content(bytes, '\0');
  std::vector<size_t> offsets(count);
  CheckOrt(api.GetStringTensorContent(value, content.data(), bytes, offsets.data(), count),
           "Cannot read strings");
  tensor->strings.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t end = i + 1 < count ? offsets[i + 1] : bytes;
    tensor->strings.push_back(content.substr(offsets[i], end - offsets[i]));
  }
}

OrtHandle<OrtValue> ElementOf(const OrtApi& api, OrtValue* value, int index) {
  OrtAllocator* allocator = nullptr;
  CheckOrt(api.GetAllocatorWithDefaultOptions(&allocator), "No allocator");
  OrtValue* element = nullptr;
  CheckOrt(api.GetValue(value, index, allocator, &element), "Cannot read an output's element");
  return OrtHandle<OrtValue>(element);
}

}  // namespace

std::optional<DataType> FromOnnxElementType(int type) {
  for (const ElementRow& row : kElements) {
    if (row.element == type) return row.type;
  }
  return std::nullopt;
}

OrtValue* ToOrtValue(const OrtApi& api, const OrtMemoryInfo* memory, const Tensor& tensor) {
  if (tensor.type == DataType::kBytes) return StringValue(api, tensor);
  static char nothing[sizeof(double)];  // an empty vector may have no address
  char* data = tensor.data.empty() ? nothing : const_cast<char*>(tensor.data.data());
  OrtValue* value = nullptr;
  CheckOrt(api.CreateTensorWithDataAsOrtValue(memory, data, tensor.data.size(), tensor.shape.data(),
                                              tensor.shape.size(), ToElement(tensor.type), &value),
           "Cannot wrap a tensor");
  return value;
}

Tensor FromOrtValue(const OrtApi& api, OrtValue* value, const std::string& name) {
  OrtTensorTypeAndShapeInfo* raw_info = nullptr;
  CheckOrt(api.GetTensorTypeAndShape(value, &raw_info), "Cannot read an output's type");
  const OrtHandle<OrtTensorTypeAndShapeInfo> info(raw_info);
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  CheckOrt(api.GetTensorElementType(raw_info, &element), "Cannot read an output's type");
  const auto type = FromOnnxElementType(element);
  if (!type) throw Internal("Output {}: element type {} cannot be served", name, int(element));
  size_t rank = 0;
  CheckOrt(api.GetDimensionsCount(raw_info, &rank), "Cannot read an output's shape");
  Tensor tensor{.name = name, .type = *type};
  tensor.shape.resize(rank);
  CheckOrt(api.GetDimensions(raw_info, tensor.shape.data(), rank), "Cannot read an output's shape");
  if (*type == DataType::kBytes) {
    CopyStrings(api, value, &tensor);
    return tensor;
  }
  void* data = nullptr;
  CheckOrt(api.GetTensorMutableData(value, &data), "Cannot read an output");
  const char* begin = static_cast<const char*>(data);
  tensor.data.assign(begin, begin + tensor.element_count() * DataTypeBytes(*type));
  return tensor;
}

OrtValue* ToOrtSequence(const OrtApi& api, const OrtMemoryInfo* memory, const Tensor& tensor) {
  const auto count = static_cast<size_t>(tensor.shape[0]);
  if (count == 0) {
    throw InvalidArgument("Input {}: a sequence must have at least one tensor", tensor.name)
        .WithField(tensor.name);
  }
  const std::vector<int64_t> shape(tensor.shape.begin() + 1, tensor.shape.end());
  std::vector<OrtHandle<OrtValue>> owners;
  std::vector<OrtValue*> elements;
  const size_t bytes = tensor.data.size() / count, texts = tensor.strings.size() / count;
  for (size_t i = 0; i < count; ++i) {
    OrtValue* element = nullptr;
    if (tensor.type == DataType::kBytes) {
      Tensor part{.type = DataType::kBytes, .shape = shape};
      const auto first = tensor.strings.begin() + static_cast<ptrdiff_t>(i * texts);
      part.strings.assign(first, first + static_cast<ptrdiff_t>(texts));
      element = StringValue(api, part);
    } else {
      char* const data = const_cast<char*>(tensor.data.data()) + i * bytes;
      CheckOrt(api.CreateTensorWithDataAsOrtValue(memory, data, bytes, shape.data(), shape.size(),
                                                  ToElement(tensor.type), &element),
               "Cannot wrap a tensor");
    }
    owners.emplace_back(element);
    elements.push_back(element);
  }
  OrtValue* sequence = nullptr;
  CheckOrt(api.CreateValue(elements.data(), count, ONNX_TYPE_SEQUENCE, &sequence),
           "Cannot make a sequence");
  return sequence;
}

bool IsPresent(const OrtApi& api, const OrtValue* value) {
  int is_present = 0;
  CheckOrt(api.HasValue(value, &is_present), "Cannot read an output");
  return is_present != 0;
}

Tensor StackTensors(const OrtApi& api, OrtValue* value, const std::string& name) {
  size_t count = 0;
  CheckOrt(api.GetValueCount(value, &count), "Cannot read a sequence");
  Tensor stacked{.name = name, .shape = {0}};
  for (size_t i = 0; i < count; ++i) {
    Tensor one = FromOrtValue(api, ElementOf(api, value, static_cast<int>(i)).get(), name);
    if (i == 0) {
      stacked.type = one.type;
      stacked.shape.insert(stacked.shape.end(), one.shape.begin(), one.shape.end());
    } else if (one.type != stacked.type ||
               !std::equal(one.shape.begin(), one.shape.end(), stacked.shape.begin() + 1,
                           stacked.shape.end())) {
      throw Internal("Output {}: the tensors of a sequence differ in shape, which no protocol says",
                     name);
    }
    stacked.data.insert(stacked.data.end(), one.data.begin(), one.data.end());
    std::move(one.strings.begin(), one.strings.end(), std::back_inserter(stacked.strings));
  }
  stacked.shape[0] = static_cast<int64_t>(count);
  return stacked;
}

void FlattenMap(const OrtApi& api, OrtValue* value, const std::string& name,
                std::vector<Tensor>* out) {
  out->push_back(FromOrtValue(api, ElementOf(api, value, 1).get(), name));
  out->push_back(FromOrtValue(api, ElementOf(api, value, 0).get(), KeysName(name)));
}

void FlattenMaps(const OrtApi& api, OrtValue* value, const std::string& name,
                 std::vector<Tensor>* out) {
  size_t rows = 0;
  CheckOrt(api.GetValueCount(value, &rows), "Cannot read a sequence");
  Tensor scores{.name = name, .shape = {static_cast<int64_t>(rows), 0}};
  Tensor keys{.name = KeysName(name), .shape = {0}};
  for (size_t row = 0; row < rows; ++row) {
    const OrtHandle<OrtValue> map = ElementOf(api, value, static_cast<int>(row));
    Tensor row_keys = FromOrtValue(api, ElementOf(api, map.get(), 0).get(), keys.name);
    const Tensor row_scores = FromOrtValue(api, ElementOf(api, map.get(), 1).get(), name);
    if (row == 0) {
      scores.type = row_scores.type;
      scores.shape[1] = row_scores.shape.empty() ? 1 : row_scores.shape[0];
      keys = std::move(row_keys);
    } else if (row_keys.data != keys.data || row_keys.strings != keys.strings) {
      throw Internal("Output {}: its maps differ in their keys", name);
    }
    scores.data.insert(scores.data.end(), row_scores.data.begin(), row_scores.data.end());
  }
  out->push_back(std::move(scores));
  out->push_back(std::move(keys));
}

}  // namespace millwright::inference
