#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace millwright::inference {

inline constexpr int kOnnxThreadsMax = 256;

// How ONNX Runtime runs a model, by what its MLmodel says (`onnx_session_options` of the flavor
// onnx). Callers are threads already, so a model gets one of its own unless it asks for more.
struct OnnxOptions {
  enum class Optimization { kNone, kBasic, kExtended, kAll };
  int intra_op_threads = 1;  // 0: as many as there are cores
  int inter_op_threads = 1;
  bool is_parallel = false;  // branches of the graph at the same time
  Optimization optimization = Optimization::kAll;
  std::vector<std::pair<std::string, std::string>> entries;  // session configuration

  bool operator==(const OnnxOptions&) const = default;
};

// Reads the flavor as MLflow writes it. Throws kInvalidArgument naming what it does not know:
// another option, a number out of bounds, a configuration entry that may reach out of the process.
OnnxOptions OnnxOptionsOf(const Json& flavor);

}  // namespace millwright::inference
