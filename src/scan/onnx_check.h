#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace millwright::scan {

// What a check saw of a model.
struct OnnxFacts {
  size_t node_count = 0;     // of all graphs and functions
  size_t ml_node_count = 0;  // of those, of the operators of ai.onnx.ml
};

// Checks an ONNX file's structure without running it: parsable, known operator domains, no external
// data outside of the model's folder, plausible tensor sizes. Throws kInvalidArgument.
OnnxFacts CheckOnnxFile(const std::filesystem::path& path);

// The same for a model in memory, whose external data would lie in `folder`. The message is the
// bare reason.
OnnxFacts CheckOnnxBytes(std::string_view bytes, const std::filesystem::path& folder);

// Whether bytes are an ONNX model, whatever their file is called: a message of ONNX's fields alone,
// with a version, an operator set and a graph.
bool IsOnnx(std::string_view bytes);

}  // namespace millwright::scan
