#pragma once

#include <string>

#include "inference/onnx_outline.h"

namespace millwright::inference::outline {

// Reads the messages of an ONNX file into an Model. For one model.
class Reader {
 public:
  explicit Reader(RangedBytes& bytes) : bytes_(bytes) {}

  Model Read();

 private:
  using Field = RangedProtobuf::Field;

  void ReadOpset(const Field& field);
  void ReadMetadata(const Field& field);
  // Both return where the graph is in the model: its own graphs follow it.
  size_t ReadGraph(const Field& field, Graph::Kind kind, int depth);
  size_t ReadFunction(const Field& field);
  void ReadGraphField(const Field& field, size_t at, int depth);
  size_t AddGraph(Graph::Kind kind);
  void AddNode(const Field& field, size_t graph, int depth);
  Attribute ReadAttribute(const Field& field, int depth);
  void AddTensor(const Field& field, size_t graph);
  Tensor ReadTensor(const Field& field);
  void ReadExternal(const Field& field, Tensor* tensor);
  Value ReadValue(const Field& field);
  void ReadType(const Field& field, int depth, Value* value);
  std::vector<std::string> ReadShape(const Field& field);
  std::string ReadDimension(const Field& field);
  // A name or other short text; throws when it is absurdly long.
  std::string Text(const Field& field);
  // The beginning of a text of any length.
  std::string Beginning(const Field& field);

  RangedBytes& bytes_;
  Model model_;
  size_t nodes_ = 0;    // kept
  size_t tensors_ = 0;  // kept
  uint64_t text_bytes_ = 0;
};

}  // namespace millwright::inference::outline
