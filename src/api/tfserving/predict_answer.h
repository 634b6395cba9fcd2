#pragma once

#include <string>
#include <vector>

#include "api/tfserving/predict_body.h"

namespace millwright::api::tfserving {

// Each appends an answer as TensorFlow Serving words it: numbers with a point where they are
// floating, BYTES as {"b64": …} where the output's name ends in "_bytes" or they are no UTF-8. NaN
// is null, for which JSON has no number, and infinities are strings.

// {"predictions": [one value, list or object a row]} or {"outputs": …}. Row by row, scores of named
// classes (NAME and NAME_keys) are one object a row. Throws kInvalidArgument when an answer by
// rows is asked for and the outputs have none.
void AppendPredictions(const std::vector<inference::Tensor>& outputs, Format format,
                       std::string* out);

// {"results": [[["label", score], …], …]}: of the output that has scores by class. Labels are the
// scores' names, or else their places. Throws kInvalidArgument when there is no such output.
void AppendClassifications(const std::vector<inference::Tensor>& outputs, std::string* out);

// {"results": [value, …]}: of the output with one floating value a row. Throws as above.
void AppendRegressions(const std::vector<inference::Tensor>& outputs, std::string* out);

}  // namespace millwright::api::tfserving
