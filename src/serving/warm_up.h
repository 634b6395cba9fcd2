#pragma once

#include <filesystem>
#include <vector>

#include "inference/engine.h"

namespace millwright::serving {

inline constexpr size_t kExampleRowsMax = 16;  // of an example that a warm-up takes

// Runs a model once before it takes traffic, with the example that its package holds or else with
// zeros. Throws kInvalidArgument with the reason when the model fails, unless the zeros prove
// nothing: because other dimensions than the number of rows are open, or because the model refuses
// them as its input, as an encoder does that knows no category 0 or "". `path` is where it was
// loaded from. Returns the inputs that the model took, none where it refused them.
std::vector<inference::Tensor> WarmUp(const std::filesystem::path& path, inference::Engine& engine);

// The inputs of an example as MLflow saves it: {"columns", "data"} or {"data"}, or {"inputs": …}
// for a model of one tensor. Nothing when it does not fit the signature.
std::vector<inference::Tensor> ExampleInputs(const Json& example,
                                             const inference::Signature& signature);

}  // namespace millwright::serving
