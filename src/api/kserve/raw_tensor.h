#pragma once

#include <string>
#include <string_view>

#include "inference/tensor.h"

namespace millwright::api::kserve {

// Raw tensors as the binary extension and gRPC's raw_input_contents carry them: little-endian
// elements in row-major order; each element of BYTES is its length in 4 bytes and then its bytes.

// Fills a tensor of known type and shape. Throws kInvalidArgument naming it when the bytes are not
// what type and shape ask for.
void ReadRaw(std::string_view bytes, inference::Tensor* tensor);

// Appends the tensor and returns how many bytes it took.
size_t AppendRaw(const inference::Tensor& tensor, std::string* out);

}  // namespace millwright::api::kserve
