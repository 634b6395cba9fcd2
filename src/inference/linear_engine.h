#pragma once

#include <filesystem>
#include <memory>

#include "inference/engine.h"

namespace millwright::inference {

// Gives an ONNX model's engine back, or, where the file is a linear model, one that computes it
// without ONNX Runtime, whose time for one row is nearly all its own and not the model's. Before it
// does so both have given the same answers to rows of the model's own range. What the runtime
// refuses or treats by rules of its own, it still does: wrong inputs, numbers that are not finite,
// labels that hang on rounding.
std::unique_ptr<Engine> WithLinearModel(const std::filesystem::path& path,
                                        std::unique_ptr<Engine> runtime);

}  // namespace millwright::inference
