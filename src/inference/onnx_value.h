#pragma once

#include <vector>

#include "inference/onnx_handle.h"
#include "inference/tensor.h"

namespace millwright::inference {

// Maps ONNX's element type (ONNXTensorElementDataType) to ours; nothing for a type that the Open
// Inference Protocol lacks, such as bfloat16.
std::optional<DataType> FromOnnxElementType(int type);

// Wraps a tensor for a run. Numbers are not copied: the tensor must outlive the value. Strings are.
// The caller releases it.
OrtValue* ToOrtValue(const OrtApi& api, const OrtMemoryInfo* memory, const Tensor& tensor);

// Wraps the tensors that this one stands for, which are as many as its first dimension says, for a
// run. Throws kInvalidArgument where there are none: the runtime has no empty sequences. The caller
// releases it; the tensor must outlive it.
OrtValue* ToOrtSequence(const OrtApi& api, const OrtMemoryInfo* memory, const Tensor& tensor);

// Whether an optional output is there.
bool IsPresent(const OrtApi& api, const OrtValue* value);

// Copies a tensor out. Throws kInternal naming it when its element type has no name in ours.
Tensor FromOrtValue(const OrtApi& api, OrtValue* value, const std::string& name);

// Copies a sequence of tensors out as one, its length in front of their shape. Throws kInternal
// when they differ in shape or type.
Tensor StackTensors(const OrtApi& api, OrtValue* value, const std::string& name);

// Copies a map out as NAME [C] and NAME_keys [C].
void FlattenMap(const OrtApi& api, OrtValue* value, const std::string& name,
                std::vector<Tensor>* out);

// Copies a sequence of maps out as NAME [N,C] and NAME_keys [C]. Throws kInternal when the maps
// differ in their keys.
void FlattenMaps(const OrtApi& api, OrtValue* value, const std::string& name,
                 std::vector<Tensor>* out);

}  // namespace millwright::inference
