#pragma once

#include <string>

#include "inference/onnx_outline.h"

namespace millwright::api::native {

// The outline of a model as the answer of a route; `bytes` is the size of its file.
std::string OnnxJson(const inference::outline::Model& model, uint64_t bytes);

}  // namespace millwright::api::native
