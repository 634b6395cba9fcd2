#pragma once

#include <filesystem>
#include <memory>

#include "inference/engine.h"
#include "inference/onnx_options.h"

namespace millwright::inference {

// Loads an ONNX model into a session, which all callers share. The file is not checked first:
// LoadEngine does that. Throws kInvalidArgument with the runtime's reason.
std::unique_ptr<Engine> LoadOnnxEngine(const std::filesystem::path& path,
                                       const OnnxOptions& options);

}  // namespace millwright::inference
