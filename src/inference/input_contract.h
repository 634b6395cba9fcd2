#pragma once

#include <string>
#include <vector>

#include "inference/tensor.h"

namespace millwright::inference {

// What an engine accepts, prepared once so that each request is checked without allocating.
// Immutable after construction and so thread-safe.
class InputContract {
 public:
  InputContract() = default;
  // `symbols` names the free dimensions input by input ("N", or "" where there is no name): free
  // dimensions of one name must have one size within a request. It may be empty.
  InputContract(std::vector<TensorSpec> specs, std::vector<std::vector<std::string>> symbols);

  // Fills `slots` with one tensor per spec, in the specs' order; nullptr for an optional one that
  // is absent. Throws kInvalidArgument naming the input (also as the error's field) for a missing,
  // unknown or repeated name, a wrong type or shape, or data that does not fill the shape.
  void Match(const std::vector<Tensor>& inputs, std::vector<const Tensor*>* slots) const;

 private:
  size_t SpecIndex(const Tensor& input, size_t hint) const;
  void CheckOne(const Tensor& input, size_t index) const;
  void CheckSymbols(const std::vector<const Tensor*>& slots) const;

  // A pair of dimensions that share a name.
  struct Tie {
    size_t input_a, dimension_a, input_b, dimension_b;
    std::string symbol;
  };

  std::vector<TensorSpec> specs_;
  std::vector<Tie> ties_;
};

// Writes a type and shape for people: "FP32 [-1,30]".
std::string DescribeShape(DataType type, const std::vector<int64_t>& shape);

}  // namespace millwright::inference
