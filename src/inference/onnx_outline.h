#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ranged_protobuf.h"

namespace millwright::inference::outline {

// The outline of an ONNX model, which is what a person looks at: operators, what flows between
// them, and what the weights are like; never the weights. Read without ONNX Runtime, so that a
// model that would not load can be looked at as well. Text is as the file has it, which need not be
// UTF-8.

inline constexpr size_t kNodesMax = 20'000;    // of all graphs; more are counted
inline constexpr size_t kTensorsMax = 20'000;  // of all graphs; more are counted
inline constexpr size_t kGraphsMax = 1'000;

struct Value {
  std::string name;
  std::string type;  // "float32", "sequence(map(int64, float32))"; empty where nothing is said
  // A number, the name of a free dimension, or "?"; nothing where no shape is said.
  std::optional<std::vector<std::string>> shape = {};
};

struct Tensor {
  Value value;
  std::string elements;       // of a very small one, as text
  std::string external_file;  // of weights that lie in another file
};

struct Attribute {
  std::string name;
  std::string kind;            // "int", "floats", "tensor", "graph", …
  std::string text;            // the value; a long one is cut
  std::vector<size_t> graphs;  // indices into Model::graphs
};

struct Node {
  std::string name, op, domain;
  std::vector<std::string> inputs, outputs;  // an input that is left out is empty
  std::vector<Attribute> attributes;
};

struct Graph {
  enum class Kind { kMain, kInner, kFunction };
  Kind kind = Kind::kMain;
  std::string name;
  std::string domain;  // of a function
  std::vector<Value> inputs, outputs;
  std::vector<Value> values;    // what is said of values in between
  std::vector<Tensor> tensors;  // initializers
  std::vector<Node> nodes;
  size_t node_count = 0;  // with those that are too many to be kept
  size_t tensor_count = 0;
  std::vector<std::string> faults;  // for people, the first few
};

struct Model {
  int64_t ir_version = 0;
  std::string producer, producer_version, description;
  std::vector<std::pair<std::string, int64_t>> opsets;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<Graph> graphs;  // the main one first
};

// Throws kInvalidArgument with the bare reason when the bytes are no ONNX model or end early. What
// is strange about a graph that can be read (a cycle, a name that nothing makes) are its faults.
Model ReadOnnx(RangedBytes& bytes);

}  // namespace millwright::inference::outline
