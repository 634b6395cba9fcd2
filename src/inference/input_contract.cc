#include "inference/input_contract.h"

#include <map>

#include "base/error.h"

namespace millwright::inference {
namespace {

constexpr size_t kNamesInMessageMax = 32;

Error Refuse(const std::string& input, const std::string& why) {
  return InvalidArgument("Input {}: {}", input, why).WithField(input);
}

std::string NamesOf(const std::vector<TensorSpec>& specs) {
  std::string names;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (i == kNamesInMessageMax) return names + ", …";
    names += (i == 0 ? "" : ", ") + specs[i].name;
  }
  return names;
}

// A scalar and a tensor of unknown rank look the same in a signature; the engine tells them apart.
bool ShapeFits(const std::vector<int64_t>& expected, const std::vector<int64_t>& given) {
  if (expected.empty()) return true;
  if (expected.size() != given.size()) return false;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] >= 0 && expected[i] != given[i]) return false;
  }
  return true;
}

void CheckFill(const Tensor& input) {
  const size_t count = input.element_count();
  if (input.type == DataType::kBytes) {
    if (input.strings.size() == count) return;
    throw Refuse(input.name,
                 fmt::format("{} needs {} strings, got {}", DescribeShape(input.type, input.shape),
                             count, input.strings.size()));
  }
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, DataTypeBytes(input.type), &bytes)) {
    throw Refuse(input.name, "the shape is too large");
  }
  if (input.data.size() != bytes) {
    throw Refuse(input.name,
                 fmt::format("{} needs {} bytes, got {}", DescribeShape(input.type, input.shape),
                             bytes, input.data.size()));
  }
  if (input.type != DataType::kBool) return;
  for (const char value : input.data) {
    if (value != 0 && value != 1) throw Refuse(input.name, "a BOOL must be 0 or 1");
  }
}

}  // namespace

std::string DescribeShape(DataType type, const std::vector<int64_t>& shape) {
  std::string text(DataTypeName(type));
  text += " [";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ",") + std::to_string(shape[i]);
  }
  return text + "]";
}

InputContract::InputContract(std::vector<TensorSpec> specs,
                             std::vector<std::vector<std::string>> symbols)
    : specs_(std::move(specs)) {
  std::map<std::string, std::pair<size_t, size_t>> first_seen;
  for (size_t input = 0; input < symbols.size(); ++input) {
    for (size_t dimension = 0; dimension < symbols[input].size(); ++dimension) {
      const std::string& symbol = symbols[input][dimension];
      if (symbol.empty()) continue;
      const auto [it, is_new] = first_seen.try_emplace(symbol, input, dimension);
      if (!is_new) {
        ties_.push_back({it->second.first, it->second.second, input, dimension, symbol});
      }
    }
  }
}

size_t InputContract::SpecIndex(const Tensor& input, size_t hint) const {
  if (hint < specs_.size() && specs_[hint].name == input.name) return hint;
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (specs_[i].name == input.name) return i;
  }
  throw Refuse(input.name, "unknown; the model takes " + NamesOf(specs_));
}

void InputContract::CheckOne(const Tensor& input, size_t index) const {
  const TensorSpec& spec = specs_[index];
  if (input.type != spec.type) {
    throw Refuse(input.name, fmt::format("expected {}, got {}", DataTypeName(spec.type),
                                         DataTypeName(input.type)));
  }
  for (const int64_t size : input.shape) {
    if (size < 0) {
      throw Refuse(input.name,
                   "a dimension is negative: " + DescribeShape(input.type, input.shape));
    }
  }
  if (!ShapeFits(spec.shape, input.shape)) {
    throw Refuse(input.name,
                 fmt::format("expected {}, got {}", DescribeShape(spec.type, spec.shape),
                             DescribeShape(input.type, input.shape)));
  }
  CheckFill(input);
}

void InputContract::CheckSymbols(const std::vector<const Tensor*>& slots) const {
  for (const Tie& tie : ties_) {
    const Tensor* a = slots[tie.input_a];
    const Tensor* b = slots[tie.input_b];
    if (a == nullptr || b == nullptr) continue;
    const int64_t expected = a->shape[tie.dimension_a];
    const int64_t given = b->shape[tie.dimension_b];
    if (expected != given) {
      throw Refuse(b->name, fmt::format("dimension {} is {}, but input {} gives {} = {}",
                                        tie.dimension_b, given, a->name, tie.symbol, expected));
    }
  }
}

void InputContract::Match(const std::vector<Tensor>& inputs,
                          std::vector<const Tensor*>* slots) const {
  slots->assign(specs_.size(), nullptr);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const size_t index = SpecIndex(inputs[i], i);
    if ((*slots)[index] != nullptr) throw Refuse(inputs[i].name, "given twice");
    CheckOne(inputs[i], index);
    (*slots)[index] = &inputs[i];
  }
  for (size_t i = 0; i < specs_.size(); ++i) {
    if ((*slots)[i] == nullptr && !specs_[i].optional) {
      throw Refuse(specs_[i].name, fmt::format("missing; expected {}",
                                               DescribeShape(specs_[i].type, specs_[i].shape)));
    }
  }
  CheckSymbols(*slots);
}

}  // namespace millwright::inference
