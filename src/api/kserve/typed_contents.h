#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inference/tensor.h"

namespace millwright::api::kserve {

// InferTensorContents of inference.proto.

// Fills a tensor of known type and shape from the bytes of its contents (one message, possibly in
// parts). Throws kInvalidArgument naming it when they are another type's, do not fit it or do not
// fill the shape.
void ReadTypedContents(const std::vector<std::string_view>& parts, inference::Tensor* tensor);

// The message's bytes; not for FP16, which has no list.
std::string WriteTypedContents(const inference::Tensor& tensor);

}  // namespace millwright::api::kserve
