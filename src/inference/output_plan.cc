#include "inference/output_plan.h"

#include <tuple>

namespace millwright::inference {
namespace {

std::optional<std::pair<size_t, size_t>> FindSymbol(
    const std::vector<std::vector<std::string>>& input_symbols, const std::string& symbol) {
  for (size_t input = 0; input < input_symbols.size(); ++input) {
    for (size_t index = 0; index < input_symbols[input].size(); ++index) {
      if (input_symbols[input][index] == symbol) return std::pair(input, index);
    }
  }
  return std::nullopt;
}

}  // namespace

OutputPlan::OutputPlan(const OnnxOutput& output,
                       const std::vector<std::vector<std::string>>& input_symbols)
    : name_(output.name), type_(output.spec.type) {
  // A shape of no dimensions may be a scalar or unknown.
  const bool is_fixed_width =
      output.kind == OnnxKind::kTensor && !output.is_optional && type_ != DataType::kBytes;
  if (!is_fixed_width || output.spec.shape.empty()) return;
  for (size_t i = 0; i < output.spec.shape.size(); ++i) {
    Dimension dimension{.size = output.spec.shape[i]};
    if (dimension.size < 0) {
      if (output.symbols[i].empty()) return;
      const auto found = FindSymbol(input_symbols, output.symbols[i]);
      if (!found) return;
      std::tie(dimension.input, dimension.index) = *found;
    }
    dimensions_.push_back(dimension);
  }
  is_known_ = true;
}

std::optional<Tensor> OutputPlan::Allocate(const std::vector<const Tensor*>& inputs) const {
  std::optional<Tensor> tensor(std::in_place);
  tensor->name = name_;
  tensor->type = type_;
  tensor->shape.reserve(dimensions_.size());
  size_t bytes = DataTypeBytes(type_);
  for (const Dimension& dimension : dimensions_) {
    int64_t size = dimension.size;
    if (size < 0) {
      if (inputs[dimension.input] == nullptr) return std::nullopt;
      size = inputs[dimension.input]->shape[dimension.index];
    }
    if (__builtin_mul_overflow(bytes, static_cast<size_t>(size), &bytes)) return std::nullopt;
    tensor->shape.push_back(size);
  }
  tensor->data.resize(bytes);
  return tensor;
}

}  // namespace millwright::inference
