#pragma once

#include <string>

#include "base/json.h"
#include "inference/tensor.h"

namespace millwright::inference {

// MLflow's own notation of a signature, as it stands in `MLmodel`: each side is JSON text, a list
// of named columns or of tensors.
struct MlmodelSignature {
  std::string inputs;
  std::string outputs;
  std::string params;  // empty when there are none
};

MlmodelSignature ToMlmodelSignature(const Signature& signature);

// Reads the `signature` of an MLmodel. Columns of types that no tensor has (datetime, arrays) and
// tensors of unknown types are left out. Columns of the outputs become tensors of one value a row.
// Throws kInvalidArgument when it is no signature at all.
Signature FromMlmodelSignature(const Json& signature);

}  // namespace millwright::inference
