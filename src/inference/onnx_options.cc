#include "inference/onnx_options.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "base/error.h"

namespace millwright::inference {
namespace {

// Entries that change how a session computes. Others name files to be written or libraries to be
// loaded, which a model from outside must not.
constexpr std::string_view kEntries[] = {
    "session.disable_prepacking",
    "session.set_denormal_as_zero",
    "session.enable_quant_qdq_cleanup",
    "session.disable_quant_qdq",
    "session.disable_double_qdq_remover",
    "session.qdq_matmulnbits_accuracy_level",
    "session.intra_op.allow_spinning",
    "session.inter_op.allow_spinning",
    "session.dynamic_block_base",
    "session.force_spinning_stop",
    "optimization.enable_gelu_approximation",
    "optimization.disable_specified_optimizers",
    "mlas.enable_gemm_fastmath_arm64_bfloat16",
};

int ThreadsOf(const std::string& name, const Json& value) {
  const int64_t threads = value.AsInt(name);
  if (threads < 0 || threads > kOnnxThreadsMax) {
    throw InvalidArgument("onnx_session_options: {} must be 0 to {}: {}", name, kOnnxThreadsMax,
                          threads)
        .WithField(name);
  }
  return static_cast<int>(threads);
}

bool IsParallel(const std::string& name, const Json& value) {
  const std::string& mode = value.AsString(name);
  if (mode == "parallel") return true;
  if (mode == "sequential") return false;
  throw InvalidArgument("onnx_session_options: {} is sequential or parallel: {}", name, mode)
      .WithField(name);
}

// By the numbers of ONNX Runtime's enumeration.
OnnxOptions::Optimization OptimizationOf(const std::string& name, const Json& value) {
  switch (const int64_t level = value.AsInt(name)) {
    case 0:
      return OnnxOptions::Optimization::kNone;
    case 1:
      return OnnxOptions::Optimization::kBasic;
    case 2:
      return OnnxOptions::Optimization::kExtended;
    case 99:
      return OnnxOptions::Optimization::kAll;
    default:
      throw InvalidArgument("onnx_session_options: {} is 0, 1, 2 or 99: {}", name, level)
          .WithField(name);
  }
}

void ReadEntries(const Json& extra, OnnxOptions* options) {
  for (const auto& [key, value] : extra.AsObject("extra_session_config")) {
    if (std::find(std::begin(kEntries), std::end(kEntries), key) == std::end(kEntries)) {
      throw InvalidArgument("onnx_session_options: the entry {} cannot be set", key).WithField(key);
    }
    options->entries.emplace_back(key, value.is_string() ? value.AsString() : value.Dump());
  }
}

}  // namespace

OnnxOptions OnnxOptionsOf(const Json& flavor) {
  OnnxOptions options;
  const Json* given = flavor.Find("onnx_session_options");
  if (given == nullptr || given->is_null()) return options;
  for (const auto& [name, value] : given->AsObject("onnx_session_options")) {
    if (name == "intra_op_num_threads") {
      options.intra_op_threads = ThreadsOf(name, value);
    } else if (name == "inter_op_num_threads") {
      options.inter_op_threads = ThreadsOf(name, value);
    } else if (name == "execution_mode") {
      options.is_parallel = IsParallel(name, value);
    } else if (name == "graph_optimization_level") {
      options.optimization = OptimizationOf(name, value);
    } else if (name == "extra_session_config") {
      ReadEntries(value, &options);
    } else {
      throw InvalidArgument("onnx_session_options: unknown option: {}", name).WithField(name);
    }
  }
  return options;
}

}  // namespace millwright::inference
