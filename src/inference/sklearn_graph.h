#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "inference/onnx_writer.h"

namespace millwright::inference {

// What an imputer puts in the place of a missing text. It is kept until an encoder looks texts up.
struct TextFill {
  std::string missing;  // "" unless the imputer was told of another text
  std::string fill;
};

// Columns side by side in one tensor of a graph: FP32 [N,width], or texts BYTES [N,1].
struct Block {
  std::string tensor;
  size_t width = 1;
  bool is_text = false;
  std::optional<TextFill> fill;
  // The model's own columns, by position, while nothing that depends on another value was done.
  std::vector<size_t> origins;
};
using Blocks = std::vector<Block>;

// The graph that a scikit-learn model becomes: operators are added in the order of computation.
// Where a column holds texts every column is an input of its own, [N,1], else all are X
// [N,features]. An unused column is no input then, as scikit-learn does not look at it either.
class SklearnGraph {
 public:
  // `texts` are the positions of the columns that hold texts. With `kAsDouble` scalers compute as
  // scikit-learn does, in double: a tree may split exactly between two numbers, and a third one
  // that lies there goes the way that the last bit says.
  enum class Scaling { kAsFloat, kAsDouble };
  SklearnGraph(std::vector<std::string> names, size_t features, const std::vector<size_t>& texts,
               Scaling scaling);
  Scaling scaling() const { return scaling_; }

  // All columns of the model.
  Blocks Columns() const;
  // Adds an operator with one output; returns that.
  std::string Add(OnnxNode node);
  // Adds an operator whose outputs are the model's.
  void AddLast(OnnxNode node) { model_.nodes.push_back(std::move(node)); }
  std::string Constant(OnnxConstant::Values values, std::vector<int64_t> shape);

  // The columns at these positions of `blocks`, in this order.
  Blocks Select(const Blocks& blocks, const std::vector<size_t>& positions);
  // Everything as one block of numbers. Throws kInvalidArgument naming a column of texts and
  // `taker`, which cannot take it.
  Block Join(const Blocks& blocks, const std::string& taker);
  // Says that these columns may be missing.
  void LetMiss(const Block& block);
  std::string NameOf(const Block& block) const;

  // Closes the model with its outputs.
  OnnxModel Finish(std::vector<TensorSpec> outputs);

 private:
  std::vector<std::string> names_;
  size_t features_;
  std::vector<bool> is_text_, may_miss_;
  bool by_column_;
  Scaling scaling_;
  OnnxModel model_{.name = "scikit-learn"};
  size_t tensors_ = 0;
};

// The number of columns of all blocks.
size_t WidthOf(const Blocks& blocks);

// Reads numbers; null is NaN, "Infinity" and "-Infinity" are those.
std::vector<double> ReadNumbers(const Json& json, std::string_view key);
std::vector<size_t> ReadPositions(const Json& json, std::string_view key, size_t width);
std::vector<float> ToFloats(const std::vector<double>& values);
// Throws kInvalidArgument when they differ.
void RequireCount(size_t count, size_t wanted, std::string_view what);
bool IsOneOf(const std::string& name, std::initializer_list<const char*> names);

}  // namespace millwright::inference
