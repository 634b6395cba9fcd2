#pragma once

#include "inference/sklearn_graph.h"

namespace millwright::inference {

// Encoders of categories. What scikit-learn refuses (handle_unknown="error"), the graph refuses
// when it runs: an index that is not there, in a node named after the column. A missing text is "".
Blocks AddOneHotEncoder(const Json& step, const Blocks& input, SklearnGraph* graph);
Blocks AddOrdinalEncoder(const Json& step, const Blocks& input, SklearnGraph* graph);

}  // namespace millwright::inference
