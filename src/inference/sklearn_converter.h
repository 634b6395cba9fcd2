#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace millwright::inference {

// Whether a JSON document is what examples/sklearn/export.py writes.
bool IsSklearnExport(const Json& document);

// Converts such an export to an ONNX file's bytes: any number of StandardScaler, then one of
// LogisticRegression, LinearRegression, Ridge, Lasso, ElasticNet; DecisionTree, ExtraTree,
// RandomForest, ExtraTrees and GradientBoosting, each as Classifier and Regressor. Classifiers give
// `label` (INT64 or BYTES [N]) and `probabilities` FP32 [N,C], regressors `variable` FP32 [N,1].
// Throws kInvalidArgument for anything else.
std::string ConvertSklearnToOnnx(const Json& document);

}  // namespace millwright::inference
