#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "inference/tensor.h"
#include "serving/predictor.h"

namespace millwright::serving {

// Of a dimension beyond the rows that requests may differ in: shorter ones are filled up with
// `value` behind their own.
struct InputPadding {
  std::string input;
  double value = 0;
};

// Which requests of a model may be one run: those whose inputs are the same but for the number of
// rows, and whose params are equal. Immutable and so thread-safe.
class BatchRules {
 public:
  // The rules of a model that runs nothing together.
  BatchRules() = default;
  // `joins`: whether rows were seen to be independent of one another. `padding` names the inputs
  // whose other open dimensions may differ, all with the value to fill up with; it is refused
  // (kInvalidArgument) for an input that the model has not, and for a model whose outputs have open
  // dimensions beyond the rows, which filling up would change.
  BatchRules(const inference::Signature& signature, bool joins, std::vector<InputPadding> padding);

  // Whether nothing but the rows is open in the inputs, so that they tell what a run costs.
  bool cost_follows_rows() const { return cost_follows_rows_; }
  // The rows of a request that may be run with others; nothing when it must be run alone: inputs
  // that do not begin with one number of rows, or do not fill their shapes.
  std::optional<int64_t> RowsOf(const InferRequest& request) const;
  // Whether two requests, each with RowsOf, may be one run.
  bool CanJoin(const InferRequest& a, const InferRequest& b) const;
  // The inputs of all, one after another. Each can join the first.
  std::vector<inference::Tensor> Join(const std::vector<const InferRequest*>& requests) const;

 private:
  const InputPadding* PaddingOf(const std::string& input) const;
  // Whether all inputs that may be filled up have one shape: a request in which they differ is one
  // that the model refuses, which filling up would hide.
  bool IsEven(const InferRequest& request) const;
  void Append(const inference::Tensor& from, inference::Tensor* to) const;

  bool joins_ = false;
  bool cost_follows_rows_ = false;
  std::vector<InputPadding> padding_;
};

// The elements of all inputs.
int64_t CountElements(const std::vector<inference::Tensor>& inputs);

// Cuts the outputs of a joined run into those of its requests, by their rows. Throws kInternal when
// an output has another number of rows.
std::vector<std::vector<inference::Tensor>> SplitOutputs(std::vector<inference::Tensor> outputs,
                                                         const std::vector<int64_t>& rows);

}  // namespace millwright::serving
