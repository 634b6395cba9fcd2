#pragma once

#include <filesystem>
#include <string_view>

namespace millwright::scan {

// Checks an ONNX file's structure without running it: parsable, known operator domains, no external
// data outside of the model's folder, plausible tensor sizes. Throws kInvalidArgument.
void CheckOnnxFile(const std::filesystem::path& path);

// The same for a model in memory, whose external data would lie in `folder`. The message is the
// bare reason.
void CheckOnnxBytes(std::string_view bytes, const std::filesystem::path& folder);

// Whether bytes are an ONNX model, whatever their file is called: a message of ONNX's fields alone,
// with a version, an operator set and a graph.
bool IsOnnx(std::string_view bytes);

}  // namespace millwright::scan
