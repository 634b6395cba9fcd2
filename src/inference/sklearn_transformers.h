#pragma once

#include "inference/sklearn_graph.h"

namespace millwright::inference {

// Adds the first `count` steps of an export, one after another: scalers, imputers, encoders,
// selections, projections, and ColumnTransformer and FeatureUnion with such steps in them. Returns
// their columns. Throws kInvalidArgument for any other class and for options that are not covered.
Blocks AddTransformers(const Json::Array& steps, size_t count, Blocks input, SklearnGraph* graph);

}  // namespace millwright::inference
