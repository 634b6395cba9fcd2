#pragma once

#include <vector>

#include "inference/tensor.h"

namespace millwright::serving {

// Refuses NaN in a column that may not be missing: throws kInvalidArgument naming column and row.
// Only for models that say which of their columns are optional; for all others NaN is a value like
// any other, because many models (trees, imputers) take it.
void CheckMissingValues(const inference::Signature& signature,
                        const std::vector<inference::Tensor>& inputs);

}  // namespace millwright::serving
