#include "serving/batch_rules.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/error.h"
#include "serving/cell.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Signature;
using inference::Tensor;
using inference::TensorSpec;

bool BeginsWithRows(const TensorSpec& spec) {
  return !spec.shape.empty() && spec.shape[0] < 0;
}

bool HasOpenBeyondRows(const TensorSpec& spec) {
  return !spec.shape.empty() && std::any_of(spec.shape.begin() + 1, spec.shape.end(),
                                            [](int64_t size) { return size < 0; });
}

// Whether the data is what type and shape ask for, so that it can be copied without another look.
bool IsFilled(const Tensor& tensor) {
  for (const int64_t size : tensor.shape) {
    if (size < 0) return false;
  }
  const size_t count = tensor.element_count();
  if (tensor.type == DataType::kBytes) return tensor.strings.size() == count;
  size_t bytes = 0;
  return !__builtin_mul_overflow(count, inference::DataTypeBytes(tensor.type), &bytes) &&
         tensor.data.size() == bytes;
}

size_t RowElements(const std::vector<int64_t>& shape) {
  size_t count = 1;
  for (size_t i = 1; i < shape.size(); ++i) count *= static_cast<size_t>(shape[i]);
  return count;
}

// Copies a tensor's block into a larger one's, dimension by dimension.
struct Fill {
  const Tensor& from;
  Tensor* to;
  size_t width;  // bytes of an element

  void Copy(size_t depth, size_t from_index, size_t to_index) const {
    const auto size = static_cast<size_t>(from.shape[depth]);
    if (depth + 1 == from.shape.size()) {
      std::memcpy(to->data.data() + to_index * width, from.data.data() + from_index * width,
                  size * width);
      return;
    }
    for (size_t i = 0; i < size; ++i) {
      Copy(depth + 1, (from_index + i) * static_cast<size_t>(from.shape[depth + 1]),
           (to_index + i) * static_cast<size_t>(to->shape[depth + 1]));
    }
  }
};

Tensor Slice(const Tensor& tensor, size_t first_row, int64_t rows) {
  Tensor part{.name = tensor.name, .type = tensor.type, .shape = tensor.shape};
  part.shape[0] = rows;
  const size_t row = RowElements(tensor.shape);
  const size_t begin = first_row * row;
  const size_t count = static_cast<size_t>(rows) * row;
  if (tensor.type == DataType::kBytes) {
    part.strings.assign(tensor.strings.begin() + static_cast<ptrdiff_t>(begin),
                        tensor.strings.begin() + static_cast<ptrdiff_t>(begin + count));
  } else {
    const size_t width = inference::DataTypeBytes(tensor.type);
    part.data.assign(tensor.data.begin() + static_cast<ptrdiff_t>(begin * width),
                     tensor.data.begin() + static_cast<ptrdiff_t>((begin + count) * width));
  }
  return part;
}

}  // namespace

BatchRules::BatchRules(const Signature& signature, bool joins, std::vector<InputPadding> padding)
    : padding_(std::move(padding)) {
  cost_follows_rows_ = !std::any_of(signature.inputs.begin(), signature.inputs.end(),
                                    [](const TensorSpec& spec) { return HasOpenBeyondRows(spec); });
  joins_ = joins && !signature.inputs.empty() &&
           std::all_of(signature.inputs.begin(), signature.inputs.end(), BeginsWithRows) &&
           std::all_of(signature.outputs.begin(), signature.outputs.end(), BeginsWithRows);
  for (const InputPadding& one : padding_) {
    const auto spec =
        std::find_if(signature.inputs.begin(), signature.inputs.end(),
                     [&](const TensorSpec& input) { return input.name == one.input; });
    if (spec == signature.inputs.end() || spec->type == DataType::kBytes) {
      throw InvalidArgument("batch_padding: the model has no input of numbers named {}", one.input);
    }
  }
  const bool output_follows =
      joins_ && std::any_of(signature.outputs.begin(), signature.outputs.end(), HasOpenBeyondRows);
  if (!padding_.empty() && (!joins_ || output_follows)) {
    throw InvalidArgument(
        "batch_padding: the model's outputs have other open dimensions than their rows");
  }
}

const InputPadding* BatchRules::PaddingOf(const std::string& input) const {
  for (const InputPadding& one : padding_) {
    if (one.input == input) return &one;
  }
  return nullptr;
}

std::optional<int64_t> BatchRules::RowsOf(const InferRequest& request) const {
  if (!joins_ || request.inputs.empty()) return std::nullopt;
  const auto& first = request.inputs[0].shape;
  if (first.empty() || first[0] < 1) return std::nullopt;
  for (const Tensor& input : request.inputs) {
    if (input.shape.empty() || input.shape[0] != first[0] || !IsFilled(input)) return std::nullopt;
  }
  return first[0];
}

bool BatchRules::IsEven(const InferRequest& request) const {
  const Tensor* first = nullptr;
  for (const Tensor& input : request.inputs) {
    if (PaddingOf(input.name) == nullptr) continue;
    if (first != nullptr && first->shape != input.shape) return false;
    first = &input;
  }
  return true;
}

bool BatchRules::CanJoin(const InferRequest& a, const InferRequest& b) const {
  if (a.inputs.size() != b.inputs.size()) return false;
  bool is_padded = false;
  for (size_t i = 0; i < a.inputs.size(); ++i) {
    const Tensor& one = a.inputs[i];
    const Tensor& other = b.inputs[i];
    if (one.name != other.name || one.type != other.type ||
        one.shape.size() != other.shape.size()) {
      return false;
    }
    const bool same = std::equal(one.shape.begin() + 1, one.shape.end(), other.shape.begin() + 1);
    if (!same && PaddingOf(one.name) == nullptr) return false;
    // A row without elements would be padding alone, to which the model had no answer by itself.
    if (!same && (one.element_count() == 0 || other.element_count() == 0)) return false;
    is_padded = is_padded || !same;
  }
  if (is_padded && !(IsEven(a) && IsEven(b))) return false;
  if (a.params.is_null() && b.params.is_null()) return true;
  return a.params.Dump() == b.params.Dump();
}

std::vector<Tensor> BatchRules::Join(const std::vector<const InferRequest*>& requests) const {
  std::vector<Tensor> joined;
  for (size_t i = 0; i < requests[0]->inputs.size(); ++i) {
    const Tensor& first = requests[0]->inputs[i];
    Tensor all{.name = first.name, .type = first.type, .shape = first.shape};
    all.shape[0] = 0;
    for (const InferRequest* request : requests) {
      const auto& shape = request->inputs[i].shape;
      all.shape[0] += shape[0];
      for (size_t d = 1; d < shape.size(); ++d) all.shape[d] = std::max(all.shape[d], shape[d]);
    }
    if (all.type == DataType::kBytes) {
      all.strings.reserve(all.element_count());
    } else {
      all.data.reserve(all.element_count() * inference::DataTypeBytes(all.type));
    }
    for (const InferRequest* request : requests) Append(request->inputs[i], &all);
    joined.push_back(std::move(all));
  }
  return joined;
}

void BatchRules::Append(const Tensor& from, Tensor* to) const {
  if (to->type == DataType::kBytes) {
    to->strings.insert(to->strings.end(), from.strings.begin(), from.strings.end());
    return;
  }
  if (std::equal(from.shape.begin() + 1, from.shape.end(), to->shape.begin() + 1)) {
    to->data.insert(to->data.end(), from.data.begin(), from.data.end());
    return;
  }
  Tensor block{.name = to->name, .type = to->type, .shape = to->shape};
  block.shape[0] = from.shape[0];
  ResizeTensor(block.element_count(), &block);
  const double value = PaddingOf(from.name)->value;
  if (value != 0) {
    for (size_t i = 0; i < block.element_count(); ++i) StoreCell(value, i, &block);
  }
  const size_t width = inference::DataTypeBytes(to->type);
  Fill{from, &block, width}.Copy(0, 0, 0);
  to->data.insert(to->data.end(), block.data.begin(), block.data.end());
}

int64_t CountElements(const std::vector<Tensor>& inputs) {
  size_t count = 0;
  for (const Tensor& input : inputs) count += input.element_count();
  return static_cast<int64_t>(count);
}

std::vector<std::vector<Tensor>> SplitOutputs(std::vector<Tensor> outputs,
                                              const std::vector<int64_t>& rows) {
  const int64_t all = std::accumulate(rows.begin(), rows.end(), int64_t{0});
  for (const Tensor& output : outputs) {
    if (output.shape.empty() || output.shape[0] != all) {
      throw Internal("Output {}: not one row for each row of the inputs", output.name);
    }
  }
  std::vector<std::vector<Tensor>> parts(rows.size());
  size_t first = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    for (const Tensor& output : outputs) parts[i].push_back(Slice(output, first, rows[i]));
    first += static_cast<size_t>(rows[i]);
  }
  return parts;
}

}  // namespace millwright::serving
