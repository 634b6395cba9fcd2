#pragma once

#include <cstddef>

#include "inference/tensor.h"

namespace millwright::api::kserve {

// Triton's classification extension: the `count` highest values of each row as BYTES
// "value:place" or, where `names` holds one for each place, "value:place:name", highest first. Rows
// are the first dimension of a tensor of two or more, which is given as [rows, count]. Throws
// kInvalidArgument for a tensor that is not of numbers.
inference::Tensor Classify(const inference::Tensor& tensor, size_t count,
                           const inference::Tensor* names);

}  // namespace millwright::api::kserve
