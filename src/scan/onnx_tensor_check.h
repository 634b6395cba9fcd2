#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::scan {

// What a graph's check needs to know of a TensorProto.
struct OnnxTensorFacts {
  std::string_view name;
  size_t element_count = 0;
  uint64_t bytes = 0;           // of all elements; 0 for strings
  double element_bytes = 0;     // 0.5 for four-bit types, 0 for strings
  std::vector<int64_t> values;  // of a small INT64 tensor, else empty
};

// Checks a TensorProto: a known element type, dimensions that are neither negative nor too large,
// as much data as they announce, and external data that is a part of a file inside `folder`.
// Throws kInvalidArgument with the reason.
OnnxTensorFacts CheckOnnxTensor(std::string_view tensor, const std::filesystem::path& folder);

// Multiplies dimensions; nothing when the product does not fit or a dimension is negative.
std::optional<size_t> OnnxElementCount(const std::vector<int64_t>& dimensions);

}  // namespace millwright::scan
