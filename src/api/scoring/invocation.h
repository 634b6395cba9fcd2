#pragma once

#include <string>
#include <vector>

#include "inference/tensor.h"

// The JSON of MLflow's scoring protocol, read straight into a model's input tensors.
namespace millwright::api::scoring {

// Reads a body that holds exactly one of
//   dataframe_split    {"columns": […], "data": [[…]]} (an "index" is ignored)
//   dataframe_records  [{"column": value, …}, …]
//   instances          [row, …]: values, lists, or objects by column or input
//   inputs             one tensor, or an object by input or column
// and perhaps `params`, an object. Tables go by column names; a column that is unknown, missing,
// given twice, null without being optional or of the wrong type is kInvalidArgument naming it and
// the row, as are ragged rows and unknown fields. `body` gets room for the parser's padding.
std::vector<inference::Tensor> ReadInvocation(std::string* body,
                                              const inference::Signature& signature);

// Appends {"predictions": {"OUTPUT": [one entry a row], …}}, what MLflow's onnx flavor answers; the
// one output of a Python model that gives it no name stands there alone, as MLflow has it.
void AppendPredictions(const std::vector<inference::Tensor>& outputs, std::string* out);

}  // namespace millwright::api::scoring
