#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::tensorboard {

// How many numbers or strings of one tensor are read.
inline constexpr size_t kTensorItemsMax = 1 << 20;

// A TensorProto as summaries hold it: numbers of any real type as doubles, or strings. The strings
// are views into the bytes it was read from.
struct Tensor {
  std::vector<int64_t> shape;
  std::vector<double> numbers;
  std::vector<std::string_view> strings;
};

// Reads a TensorProto, whose values stand in tensor_content or in the field of their type; a single
// value stands for all of a shape. Throws kInvalidArgument for malformed bytes, types that are
// neither real numbers nor strings, a count of values that does not fit the shape, and more than
// kTensorItemsMax of them.
Tensor ParseTensor(std::string_view bytes);

}  // namespace millwright::tensorboard
