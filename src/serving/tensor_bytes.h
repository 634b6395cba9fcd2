#pragma once

#include <cstdint>
#include <vector>

#include "inference/tensor.h"

namespace millwright::serving {

// What the elements of tensors take, texts by their lengths.
int64_t TensorBytes(const std::vector<inference::Tensor>& tensors);

}  // namespace millwright::serving
