#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "inference/tensor.h"

namespace millwright::inference {

// The parts of an ONNX model that our converters write.
struct OnnxAttribute {
  using Value = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                             std::vector<std::string>>;
  std::string name;
  Value value;
};

struct OnnxNode {
  std::string op_type;
  std::string domain;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<OnnxAttribute> attributes;
  std::string name = "";  // what ONNX Runtime calls it when it fails
};

// A constant of the graph, named as the nodes' inputs name it.
struct OnnxConstant {
  using Values = std::variant<std::vector<int64_t>, std::vector<float>, std::vector<double>>;
  std::string name;
  std::vector<int64_t> shape;
  Values values;
};

struct OnnxModel {
  std::string name;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxConstant> constants;
  std::vector<TensorSpec> inputs;  // a dimension of -1 is written as the free dimension "N"
  std::vector<TensorSpec> outputs;
  std::vector<std::pair<std::string, std::string>> metadata;
};

// How a node is named that fails on purpose where a category is unknown; the column's name follows.
inline constexpr char kUnknownCategoryNode[] = "unknown category in column ";

inline constexpr int64_t kWrittenIrVersion = 8;
inline constexpr int64_t kWrittenOpset = 17;
inline constexpr int64_t kWrittenMlOpset = 3;

// Writes the model as a file's bytes (protobuf): IR version 8, ai.onnx 17 and ai.onnx.ml 3, which
// every ONNX Runtime since 1.15 reads. The same model gives the same bytes.
std::string SerializeOnnxModel(const OnnxModel& model);

}  // namespace millwright::inference
