#pragma once

#include "inference/sklearn_graph.h"

namespace millwright::inference {

// The classes of a classifier as ONNX labels, integers or texts; none of a regressor.
struct ClassLabels {
  std::vector<int64_t> integers;
  std::vector<std::string> texts;
  size_t count() const { return integers.size() + texts.size(); }
};

// Adds the model that stands behind the transformers, with the outputs `label` and `probabilities`
// or `variable`; returns its classes. Throws kInvalidArgument for a class that is not covered.
ClassLabels AddModel(const Json& step, const Blocks& input, SklearnGraph* graph);

}  // namespace millwright::inference
