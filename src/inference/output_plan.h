#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "inference/onnx_signature.h"

namespace millwright::inference {

// Foretells an output's shape from the inputs' shapes, where the model names its free dimensions:
// an output [N,2] of an input [N,30]. The engine then lets the model write straight into the
// answer.
class OutputPlan {
 public:
  OutputPlan(const OnnxOutput& output, const std::vector<std::vector<std::string>>& input_symbols);

  // Whether shapes can be foretold at all: numbers, and each free dimension named by an input.
  bool is_known() const { return is_known_; }
  // Makes the empty tensor for these inputs (in the signature's order); nothing when a needed input
  // is absent or the size would overflow.
  std::optional<Tensor> Allocate(const std::vector<const Tensor*>& inputs) const;

 private:
  struct Dimension {
    int64_t size = -1;  // or, where free, the dimension of an input that decides
    size_t input = 0;
    size_t index = 0;
  };

  std::string name_;
  DataType type_ = DataType::kFp32;
  std::vector<Dimension> dimensions_;
  bool is_known_ = false;
};

}  // namespace millwright::inference
