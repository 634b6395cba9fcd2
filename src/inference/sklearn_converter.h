#pragma once

#include <string>

#include "base/json.h"

namespace millwright::inference {

// Whether a JSON document is what examples/sklearn/export.py writes.
bool IsSklearnExport(const Json& document);

// Converts such an export, a model with any transformers before it, to an ONNX file's bytes.
// docs/reference/model-conversion.md lists the classes. Where a column holds texts each column is
// an input of its own, FP32 or BYTES [N,1], else there is X FP32 [N,features]. Classifiers give
// `label` (INT64 or BYTES [N]) and `probabilities` FP32 [N,C], regressors `variable` FP32 [N,1].
// Throws kInvalidArgument for anything else.
std::string ConvertSklearnToOnnx(const Json& document);

}  // namespace millwright::inference
