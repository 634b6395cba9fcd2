#pragma once

#include <string>

#include "inference/tensor.h"

namespace millwright::api::prediction {

// Both append a tensor's values as JSON: the shortest text that reads back as the same number of
// the tensor's type; NaN is null and infinities are the strings "Infinity" and "-Infinity". Throws
// kInvalidArgument for BYTES that are not UTF-8, which only binary answers can carry.

// One flat list in row-major order: [1,2,3,4].
void AppendFlat(const inference::Tensor& tensor, std::string* out);
// Lists nested as the shape says: [[1,2],[3,4]].
void AppendNested(const inference::Tensor& tensor, std::string* out);

}  // namespace millwright::api::prediction
