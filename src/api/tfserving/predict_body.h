#pragma once

#include <string>
#include <vector>

#include "inference/tensor.h"

// The bodies of TensorFlow Serving's requests, which those of KServe's first protocol are among.
namespace millwright::api::tfserving {

// How a request writes its inputs, and so how the answer writes its outputs.
enum class Format { kRow, kColumnar };

struct PredictBody {
  std::vector<inference::Tensor> inputs;
  Format format = Format::kRow;
};

// Reads {"instances": […]} or {"inputs": …} with, perhaps, "signature_name", of which a model has
// one: serving_default. Other fields are passed over, as TensorFlow Serving does. Errors are
// kInvalidArgument naming field, input or column. `body` gets room for the parser's padding.
PredictBody ReadPredictBody(std::string* body, const inference::Signature& signature);

// Reads {"examples": [{"feature": value or list, …}, …]} with, perhaps, "context", whose features
// belong to every example that does not give them itself. A feature is an input or a column.
std::vector<inference::Tensor> ReadExamples(const std::string& body,
                                            const inference::Signature& signature);

}  // namespace millwright::api::tfserving
