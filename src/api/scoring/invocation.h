#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inference/tensor.h"

// The JSON of MLflow's scoring protocol, read straight into a model's input tensors.
namespace millwright::api::scoring {

// What a body asks for.
struct Invocation {
  std::vector<inference::Tensor> inputs;
  Json params;  // an object; null when there are none
};

// Reads a JSON body that holds exactly one of
//   dataframe_split    {"columns": […], "data": [[…]]} (an "index" is ignored)
//   dataframe_records  [{"column": value, …}, …]
//   instances          [row, …]: values, lists, or objects by column or input
//   inputs             one tensor, or an object by input or column
// and perhaps `params`, an object. Tables go by column names; columns that the model does not take
// are passed over, as MLflow does. A column that is missing, given twice, null without being
// optional or of the wrong type is kInvalidArgument naming it and the row, as are ragged rows and
// unknown fields. `body` gets room for the parser's padding.
Invocation ReadInvocation(std::string* body, const inference::Signature& signature);

// Appends {"predictions": {"OUTPUT": [one entry a row], …}}, what MLflow's onnx flavor answers.
// What the predict of a Python model gives stands there alone, as MLflow has it: the labels or
// numbers of an estimator, the one output of a PythonModel that gives it no name.
void AppendPredictions(std::string_view platform, const std::vector<inference::Tensor>& outputs,
                       std::string* out);

}  // namespace millwright::api::scoring
